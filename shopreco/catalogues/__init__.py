"""How a shop's model becomes a document: the catalogue, its declarations and the registry."""

from shopreco.catalogues.base import Catalogue
from shopreco.catalogues.documents import ItemDocument, TextPart
from shopreco.catalogues.fields import (
    Added,
    Attributes,
    Availability,
    Category,
    Facet,
    Field,
    Filter,
    Identifier,
    Language,
    Parent,
    Price,
    Site,
    Text,
    Title,
)
from shopreco.catalogues.registry import (
    catalogue_of,
    get_catalogue,
    get_catalogues,
    register,
    unregister,
)

__all__ = [
    "Added",
    "Attributes",
    "Availability",
    "Catalogue",
    "Category",
    "Facet",
    "Field",
    "Filter",
    "Identifier",
    "ItemDocument",
    "Language",
    "Parent",
    "Price",
    "Site",
    "Text",
    "TextPart",
    "Title",
    "catalogue_of",
    "get_catalogue",
    "get_catalogues",
    "register",
    "unregister",
]
