"""The specification of a space: what the settings and the declarations make of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.encoders import (
    TextEncoder,
    create_encoder,
    create_image_encoder,
)
from shopreco.fusion import GRAPH, IMAGE, TEXT, VIDEO
from shopreco.models import (
    EmbeddingSpace,
    VectorIndex,
)
from shopreco.spaces import alignments
from shopreco.text import get_analyser


def current_modalities(
    catalogue: Catalogue, encoder: TextEncoder, *, refit: bool = False
) -> dict[str, Any]:
    """What the settings and the declarations make a product of, as `EmbeddingSpace.modalities`.

    Empty for text alone. An alignment is "" where it has yet to be fitted, which it has in any
    case with `refit`, and None where the pictures lie in the text space already.
    """
    weights = catalogue.get_modality_weights()
    chosen = _current_media(catalogue, encoder, refit=refit)
    if weights[GRAPH] > 0:
        chosen[GRAPH] = {"fingerprint": encoder.fingerprint, "alignment": None}
        if steps := get_settings().GRAPH_STEPS:
            chosen[GRAPH]["steps"] = steps
    found = {m: {"weight": weights[m], **spec} for m, spec in chosen.items()}
    return {TEXT: {"weight": weights[TEXT]}} | found if found else {}


def _current_media(catalogue: Catalogue, encoder: TextEncoder, *, refit: bool) -> dict[str, Any]:
    """Encoder and alignment of the pictures and videos that a catalogue declares."""
    declared = {field.modality for field in catalogue.fields.values() if field.modality}
    weights = catalogue.get_modality_weights()
    chosen = [m for m in (IMAGE, VIDEO) if m in declared and weights[m] > 0]
    if not chosen:
        return {}
    config = dict(get_settings().IMAGE_ENCODER)
    images = create_image_encoder(config)
    alignment = None
    if images.text_fingerprint != encoder.fingerprint:
        pair = images.fingerprint, encoder.fingerprint
        alignment = "" if refit else alignments.current(catalogue.name, *pair)
    spec = {
        "encoder": config,
        "fingerprint": images.fingerprint,
        "dimension": images.dimension,
        "alignment": alignment,
    }
    return dict.fromkeys(chosen, spec)


def current_fingerprint(catalogue: Catalogue) -> str:
    """The fingerprint of a space that is built now.

    Raises:
        ConfigurationError, EncoderError: an encoder cannot be had.
    """
    encoder = create_encoder(get_settings().TEXT_ENCODER)
    modalities = current_modalities(catalogue, encoder)
    return fingerprint_of(catalogue, encoder, modalities, get_settings().VECTOR_INDEX)


def fingerprint_of(
    catalogue: Catalogue, encoder: TextEncoder, modalities: Mapping[str, Any], vector_index: str
) -> str:
    """What the settings, the declarations and the analysers make of a space, as one hash."""
    weights = {name: field.weight for name, field in catalogue.fields.items() if field.weight}
    embedded = [name for name, field in catalogue.fields.items() if field.embedded]
    analysers = [get_analyser(language).version for language in ("", "en", "zh")]
    parts = [encoder.fingerprint, sorted(weights.items()), embedded, analysers]
    parts += [json.dumps(modalities, sort_keys=True)] if modalities else []
    parts += [vector_index] if vector_index != VectorIndex.HNSW else []
    return blake2b(repr(tuple(parts)).encode(), digest_size=16).hexdigest()


def is_current(space: EmbeddingSpace, catalogue: Catalogue) -> bool:
    """Whether a rebuild would make the same space again."""
    return space.fingerprint == current_fingerprint(catalogue)
