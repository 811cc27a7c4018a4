"""Fitting of alignments, on the shop's own pairs of picture and text."""

from __future__ import annotations

import logging
from dataclasses import replace
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from shopreco.db.copy import read_vectors
from shopreco.db.routing import write_alias
from shopreco.fusion import MIN_PAIRS, fit
from shopreco.models import EmbeddingSpace, LeftOut, ModelKind, ModelVersion
from shopreco.spaces.alignments import inputs_of, versions

logger = logging.getLogger(__name__)

MAX_PAIRS = 20_000
"""More pairs hardly change the map; their vectors are in memory while it is fitted."""


class Pairs(NamedTuple):
    """Vectors of items that have a picture and a text."""

    features: NDArray[np.float32]
    """(n, f)"""
    texts: NDArray[np.float32]
    """(n, d)"""
    products: NDArray[np.int64]
    """(n,), the group of each item"""

    @property
    def distinct(self) -> int:
        """Number of products that have a pair."""
        return len(np.unique(self.products))

    @property
    def digest(self) -> str:
        """A hash of all pairs, in their order."""
        parts = (np.ascontiguousarray(each).tobytes() for each in self)
        return blake2b(b"".join(parts), digest_size=16).hexdigest()


def align(space: EmbeddingSpace) -> None:
    """Fit the alignment that a space awaits, on the modality vectors that are stored by now.

    With too few pairs the pictures are left out of the space, and its statistics say how many
    there were. Its items have to be fused then; until they are, its statistics say that too.
    """
    image = space.specification.awaiting[0].encoder.fingerprint
    pairs = _pairs(space, image)
    space.statistics = replace(space.statistics, is_fused=False)
    if pairs.distinct < MIN_PAIRS:
        space.specification = space.specification.without_awaiting()
        left_out = LeftOut(pairs=pairs.distinct, needed=MIN_PAIRS)
        space.statistics = replace(space.statistics, left_out=left_out)
        logger.warning("%s: %d products with a picture are too few to align", space, pairs.distinct)
    else:
        version = _fitted(space, image, pairs)
        space.specification = space.specification.aligned(version.fingerprint)
    space.save(using=write_alias(), update_fields=["specification", "statistics"])


def _fitted(space: EmbeddingSpace, image: str, pairs: Pairs) -> ModelVersion:
    """The version that was fitted on these very pairs, else a new one."""
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
