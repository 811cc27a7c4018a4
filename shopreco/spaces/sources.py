"""The sources of modality vectors: which encoder makes the vectors of a modality."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from shopreco.catalogues import ItemDocument
from shopreco.db.process_cache import BoundedCache
from shopreco.encoders import ImageEncoder, TextEncoder, create_encoder, create_image_encoder
from shopreco.fusion import GRAPH, TEXT
from shopreco.models import EmbeddingSpace

TEXT_OF: Mapping[str, Callable[[ItemDocument], str]] = {
    TEXT: attrgetter("passage"),
    GRAPH: attrgetter("neighbourhood"),
}
"""Modalities that the language model encodes, and what it reads of a document."""


class Source(NamedTuple):
    """Where the vectors of a modality come from."""

    modality: str
    encoder: str
    """Fingerprint."""


_encoders: BoundedCache[str, TextEncoder | ImageEncoder] = BoundedCache(4)
"""By fingerprint, the same in every shop: those of two spaces, in use and in the making."""


def sources_of(space: EmbeddingSpace) -> list[Source]:
    return [Source(modality, encoder) for modality, encoder in space.encoders.items()]


def propagated_source(space: EmbeddingSpace) -> Source | None:
    """Where E(K) is kept that has spread along links; None in a space where it does not.

    By space: so embeddings, and what they were made of, always change together.
    """
    return Source(GRAPH, f"space-{space.pk}") if space.steps else None


def encoder_of(space: EmbeddingSpace, modality: str = TEXT) -> Any:
    """The encoder of a modality that a space was built with, one instance per process."""
    fingerprint = space.encoders[modality]
    encoder = _encoders.get(fingerprint)
    if encoder is None:
        if modality in TEXT_OF:
            encoder = create_encoder(space.encoder)
        else:
            encoder = create_image_encoder(space.modalities[modality]["encoder"])
        _encoders.put(fingerprint, encoder)
    return encoder
