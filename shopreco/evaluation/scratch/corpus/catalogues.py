from __future__ import annotations

from shopreco.catalogues import (
    Attributes,
    Catalogue,
    Filter,
    Identifier,
    Image,
    Price,
    Text,
    Title,
    register,
)
from shopreco.evaluation.scratch.corpus.models import CorpusProduct


@register
class CorpusCatalogue(Catalogue):
    """As a shop would write it: nothing is tuned to a data set.

    Its weights are those of the settings, and so of the `ScratchConfiguration`.
    """

    model = CorpusProduct
    title = Title()
    text = Text()
    brand = Filter(weight=1)
    attributes = Attributes()
    identifiers = Identifier()
    price = Price(currency="USD")
    image = Image()

    @classmethod
    def get_modality_weights(cls) -> dict[str, float]:
        """Leave pictures out where the data set has none."""
        weights = super().get_modality_weights()
        pictured = CorpusProduct.objects.exclude(image="").exists()
        return weights if pictured else {**weights, "image": 0.0}
