"""The map from pictures to the text space, fitted on the shop's own pairs of picture and text."""

from __future__ import annotations

import logging
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from shopreco.fusion import MIN_PAIRS, fit
from shopreco.fusion.alignment import VERSION
from shopreco.indexing.outbox import outbox_database
from shopreco.indexing.tables import read_vectors
from shopreco.models import EmbeddingSpace, ModelKind, ModelVersion

logger = logging.getLogger(__name__)

MAX_PAIRS = 20_000
"""More pairs hardly change the map; their vectors are in memory while it is fitted."""


class Pairs(NamedTuple):
    features: NDArray[np.float32]
    """(n, f)"""
    texts: NDArray[np.float32]
    """(n, d)"""


def latest(catalogue: str, image_encoder: str, text_encoder: str) -> ModelVersion | None:
    """The newest alignment of a catalogue between two encoders, given by fingerprint."""
    inputs = _inputs(image_encoder, text_encoder)
    versions = ModelVersion.objects.using(outbox_database()).filter(
        catalogue=catalogue, kind=ModelKind.ALIGNMENT, inputs__contains=inputs
    )
    return versions.order_by("-id").first()


def _inputs(image_encoder: str, text_encoder: str) -> dict[str, str]:
    return {"image": image_encoder, "text": text_encoder, "version": VERSION}


def align(space: EmbeddingSpace) -> bool:
    """Fit what a space awaits, on the modality vectors that are stored by now.

    False if there are too few pairs: pictures are left out of the space, and its statistics say
    how many there were.
    """
    modalities = dict(space.modalities)
    image = modalities["image" if "image" in modalities else "video"]["fingerprint"]
    pairs = _pairs(space, image)
    if len(pairs.texts) < MIN_PAIRS:
        modalities = {m: spec for m, spec in modalities.items() if spec.get("alignment") != ""}
        space.statistics["left_out"] = {"pairs": len(pairs.texts), "needed": MIN_PAIRS}
        logger.warning("%s: %d pictures with a text are too few to align", space, len(pairs.texts))
    else:
        version = _fitted(space, image, pairs)
        modalities = {
            m: {**spec, "alignment": version.fingerprint} if spec.get("alignment") == "" else spec
            for m, spec in modalities.items()
        }
    space.modalities = modalities
    space.save(using=outbox_database(), update_fields=["modalities", "statistics"])
    return "left_out" not in space.statistics


def _fitted(space: EmbeddingSpace, image: str, pairs: Pairs) -> ModelVersion:
    alignment = fit(pairs.features, pairs.texts)
    version, _created = ModelVersion.objects.using(outbox_database()).get_or_create(
        catalogue=space.catalogue,
        kind=ModelKind.ALIGNMENT,
        fingerprint=alignment.fingerprint,
        defaults={
            "inputs": _inputs(image, space.encoder_fingerprint),
            "metrics": dict(alignment.metrics),
            "weights": alignment.to_bytes(),
        },
    )
    logger.info("%s: aligned on %d pairs, %s", space, len(pairs.texts), version.metrics)
    return version


def _pairs(space: EmbeddingSpace, image: str) -> Pairs:
    rows = read_vectors(
        """
        SELECT p.vector, t.vector
        FROM shopreco_modalityvector p
        JOIN shopreco_modalityvector t ON t.item_id = p.item_id
        JOIN shopreco_item i ON i.id = p.item_id
        WHERE i.catalogue = %s AND p.modality = 'image' AND p.encoder = %s
          AND t.modality = 'text' AND t.encoder = %s
          AND p.vector IS NOT NULL AND t.vector IS NOT NULL
        ORDER BY md5(i.object_id) LIMIT %s
        """,
        [space.catalogue, image, space.encoder_fingerprint, MAX_PAIRS],
    )
    if not rows:
        return Pairs(np.empty((0, 0), np.float32), np.empty((0, space.dimension), np.float32))
    features, texts = zip(*rows, strict=True)
    return Pairs(_matrix(features), _matrix(texts))


def _matrix(vectors: tuple[HalfVector, ...]) -> NDArray[np.float32]:
    return np.stack([each.to_numpy() for each in vectors]).astype(np.float32)
