"""The specification of a space: what the settings and the declarations make of it."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.encoders import create_encoder, create_image_encoder
from shopreco.fusion import GRAPH, IMAGE, TEXT, VIDEO
from shopreco.models import (
    AWAITED,
    NOT_NEEDED,
    AlignmentState,
    EmbeddingSpace,
    EncoderSpecification,
    ModalityAlignment,
    ModalitySpecification,
    SpaceSpecification,
    VectorIndex,
)
from shopreco.spaces import alignments
from shopreco.text import get_analyser

ALONE = 1.0
"""Weight of the text where it is the only modality."""


def current_specification(catalogue: Catalogue, *, refit: bool = False) -> SpaceSpecification:
    """The specification of a space that is built now.

    refit: whether alignments are fitted anew, also where there is one.

    Raises:
        ConfigurationError, EncoderError: an encoder cannot be had.
    """
    config = dict(get_settings().TEXT_ENCODER)
    encoder = create_encoder(config)
    text = EncoderSpecification(config, encoder.fingerprint, encoder.dimension)
    weights = catalogue.get_modality_weights()
    others = []
    steps = 0
    if weights[GRAPH] > 0:
        others.append(ModalitySpecification(GRAPH, text, weights[GRAPH]))
        steps = get_settings().GRAPH_STEPS
    others += _current_media(catalogue, text, refit=refit)
    weight = weights[TEXT] if others else ALONE
    return SpaceSpecification(
        (ModalitySpecification(TEXT, text, weight), *others),
        VectorIndex(get_settings().VECTOR_INDEX),
        steps,
    )


def _current_media(
    catalogue: Catalogue, text: EncoderSpecification, *, refit: bool
) -> list[ModalitySpecification]:
    """The image and video modalities that a catalogue declares and gives a weight."""
    declared = {field.modality for field in catalogue.fields.values() if field.modality}
    weights = catalogue.get_modality_weights()
    chosen = [m for m in (IMAGE, VIDEO) if m in declared and weights[m] > 0]
    if not chosen:
        return []
    config = dict(get_settings().IMAGE_ENCODER)
    images = create_image_encoder(config)
    encoder = EncoderSpecification(config, images.fingerprint, images.dimension)
    alignment = NOT_NEEDED
    if images.text_fingerprint != text.fingerprint:
        alignment = AWAITED
        fitted = alignments.current(catalogue.name, encoder.fingerprint, text.fingerprint)
        if fitted is not None and not refit:
            alignment = ModalityAlignment.fitted(fitted)
    return [ModalitySpecification(m, encoder, weights[m], alignment) for m in chosen]


def current_fingerprint(catalogue: Catalogue) -> str:
    """The fingerprint of a space that is built now.

    Raises:
        ConfigurationError, EncoderError: an encoder cannot be had.
    """
    return fingerprint_of(catalogue, current_specification(catalogue))


def fingerprint_of(catalogue: Catalogue, specification: SpaceSpecification) -> str:
    """One hash of a specification, the analysers, and the weights of a catalogue's fields."""
    weights = {name: field.weight for name, field in catalogue.fields.items() if field.weight}
    embedded = [name for name, field in catalogue.fields.items() if field.embedded]
    analysers = [get_analyser(language).version for language in ("", "en", "zh")]
    parts: list[Any] = [specification.text.encoder.fingerprint]
    parts += [sorted(weights.items()), embedded, analysers]
    if len(specification.modalities) > 1:
        parts.append(json.dumps(_hashed_modalities(specification), sort_keys=True))
    if specification.vector_index != VectorIndex.HNSW:
        parts.append(str(specification.vector_index))
    return blake2b(repr(tuple(parts)).encode(), digest_size=16).hexdigest()


def _hashed_modalities(specification: SpaceSpecification) -> dict[str, dict[str, Any]]:
    """What the fingerprint covers of the modalities.

    This form must not change: an index is rebuilt if its fingerprint changes."""
    hashed: dict[str, dict[str, Any]] = {}
    for each in specification.modalities:
        keys: dict[str, Any] = {"weight": each.weight}
        if each.modality != TEXT:
            state = each.alignment.state
            awaited = "" if state is AlignmentState.AWAITED else None
            keys["fingerprint"] = each.encoder.fingerprint
            keys["alignment"] = each.alignment.fingerprint or awaited
        if each.modality == GRAPH and specification.graph_steps:
            keys["steps"] = specification.graph_steps
        if each.modality in {IMAGE, VIDEO}:
            keys |= {"encoder": dict(each.encoder.config), "dimension": each.encoder.dimension}
        hashed[each.modality] = keys
    return hashed


def is_current(space: EmbeddingSpace, catalogue: Catalogue) -> bool:
    """Whether a rebuild would make the same space again."""
    return space.fingerprint == current_fingerprint(catalogue)
