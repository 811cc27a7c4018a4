"""The map from pictures to the text space, fitted on the shop's own pairs of picture and text."""

from __future__ import annotations

import logging
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from shopreco.db.copy import read_vectors
from shopreco.db.routing import write_alias
from shopreco.fusion import MIN_PAIRS, fit
from shopreco.models import EmbeddingSpace, ModelKind, ModelVersion
from shopreco.spaces.alignments import inputs_of, versions

logger = logging.getLogger(__name__)

MAX_PAIRS = 20_000
"""More pairs hardly change the map; their vectors are in memory while it is fitted."""


class Pairs(NamedTuple):
    features: NDArray[np.float32]
    """(n, f)"""
    texts: NDArray[np.float32]
    """(n, d)"""
    products: NDArray[np.int64]
    """(n,) a parent and its variants are one"""

    @property
    def distinct(self) -> int:
        """Of products that have a pair."""
        return len(np.unique(self.products))

    @property
    def digest(self) -> str:
        parts = (np.ascontiguousarray(each).tobytes() for each in self)
        return blake2b(b"".join(parts), digest_size=16).hexdigest()


def align(space: EmbeddingSpace) -> None:
    """Fit what a space awaits, on the modality vectors that are stored by now.

    If there are too few pairs, pictures are left out of the space, and its statistics say how many
    there were. Its items are to be fused then: until they are, `statistics` say so too.
    """
    modalities = dict(space.modalities)
    image = modalities["image" if "image" in modalities else "video"]["fingerprint"]
    pairs = _pairs(space, image)
    if pairs.distinct < MIN_PAIRS:
        modalities = {m: spec for m, spec in modalities.items() if spec.get("alignment") != ""}
        space.statistics["left_out"] = {"pairs": pairs.distinct, "needed": MIN_PAIRS}
        logger.warning("%s: %d products with a picture are too few to align", space, pairs.distinct)
    else:
        version = _fitted(space, image, pairs)
        modalities = {
            m: {**spec, "alignment": version.fingerprint} if spec.get("alignment") == "" else spec
            for m, spec in modalities.items()
        }
    space.modalities = modalities
    space.statistics["fused"] = False
    space.save(using=write_alias(), update_fields=["modalities", "statistics"])


def _fitted(space: EmbeddingSpace, image: str, pairs: Pairs) -> ModelVersion:
    """The version that was fitted on these very pairs, if there is one; else a new one."""
    inputs = {**inputs_of(image, space.encoder_fingerprint), "pairs": pairs.digest}
    known = versions(space.catalogue).filter(inputs=inputs).first()
    if known is not None:
        return known
    alignment = fit(*pairs)
    version, _created = ModelVersion.objects.using(write_alias()).get_or_create(
        catalogue=space.catalogue,
        kind=ModelKind.ALIGNMENT,
        fingerprint=alignment.fingerprint,
        defaults={
            "inputs": inputs,
            "metrics": dict(alignment.metrics),
            "weights": alignment.to_bytes(),
        },
    )
    logger.info("%s: aligned on %d pairs, %s", space, len(pairs.texts), version.metrics)
    return version


def _pairs(space: EmbeddingSpace, image: str) -> Pairs:
    rows = read_vectors(
        """
        SELECT p.vector, t.vector, i.group_id
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
        nothing = np.empty(0, np.int64)
        return Pairs(
            np.empty((0, 0), np.float32), np.empty((0, space.dimension), np.float32), nothing
        )
    features, texts, products = zip(*rows, strict=True)
    return Pairs(_matrix(features), _matrix(texts), np.array(products, np.int64))


def _matrix(vectors: tuple[HalfVector, ...]) -> NDArray[np.float32]:
    return np.stack([each.to_numpy() for each in vectors]).astype(np.float32)
