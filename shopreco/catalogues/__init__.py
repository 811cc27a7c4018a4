"""How a shop's model becomes a document: the catalogue, its declarations and the registry."""

from shopreco.catalogues.base import Catalogue
from shopreco.catalogues.documents import ItemDocument, TextPart
from shopreco.catalogues.edges import DeclaredEdge
from shopreco.catalogues.fields import (
    Added,
    Attributes,
    Availability,
    Category,
    Facet,
    Field,
    Filter,
    Identifier,
    Image,
    Language,
    Parent,
    Price,
    Relation,
    Site,
    Text,
    Title,
    Video,
    Visibility,
    VisibleFrom,
    VisibleUntil,
)
from shopreco.catalogues.media import Medium
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
    "DeclaredEdge",
    "Facet",
    "Field",
    "Filter",
    "Identifier",
    "Image",
    "ItemDocument",
    "Language",
    "Medium",
    "Parent",
    "Price",
    "Relation",
    "Site",
    "Text",
    "TextPart",
    "Title",
    "Video",
    "Visibility",
    "VisibleFrom",
    "VisibleUntil",
    "catalogue_of",
    "get_catalogue",
    "get_catalogues",
    "register",
    "unregister",
]
