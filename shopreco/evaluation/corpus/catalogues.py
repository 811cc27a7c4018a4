from __future__ import annotations

from shopreco.catalogues import (
    Attributes,
    Catalogue,
    Filter,
    Identifier,
    Price,
    Text,
    Title,
    register,
)
from shopreco.evaluation.corpus.models import CorpusProduct


@register
class CorpusCatalogue(Catalogue):
    """Written as a shop would: nothing in it is tuned to a data set."""

    model = CorpusProduct
    title = Title()
    text = Text()
    brand = Filter(weight=1)
    attributes = Attributes()
    identifiers = Identifier()
    price = Price(currency="USD")
