"""The sources of modality vectors: the encoder of each modality of a space."""

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
"""Modalities that the text encoder encodes, and what it reads of a document."""


class Source(NamedTuple):
    """A modality and the encoder that makes its vectors."""

    modality: str
    encoder: str
    """Fingerprint."""


_encoders: BoundedCache[str, TextEncoder | ImageEncoder] = BoundedCache(4)
"""Encoders by fingerprint, which is the same in every shop: those of the active space, and of one
that is being built."""


def sources_of(space: EmbeddingSpace) -> list[Source]:
    """The sources of all modalities of a space, the text first."""
    return [Source(modality, encoder) for modality, encoder in space.encoders.items()]


def encoder_of(space: EmbeddingSpace, modality: str = TEXT) -> Any:
    """The encoder of a modality of a space, one instance per process.

    Raises:
        KeyError: the space lacks the modality.
    """
    specification = space.specification[modality].encoder
    encoder = _encoders.get(specification.fingerprint)
    if encoder is None:
        create = create_encoder if modality in TEXT_OF else create_image_encoder
        encoder = create(dict(specification.config))
        _encoders.put(specification.fingerprint, encoder)
    return encoder
