"""Nearest pictures, by the vectors of the image encoder as they are: an index over one modality."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shopreco.models import EmbeddingSpace, ModalityVector
from shopreco.retrieval.dense import literal, scan
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.matches import Hits, Statement


def vector_of(space: EmbeddingSpace, item_id: int) -> NDArray[np.float32] | None:
    """The picture of an item, (f,) float32, L2-normalised; None if it has none in this space."""
    encoder = space.encoders.get("image")
    found = ModalityVector.objects.filter(
        item_id=item_id, modality="image", encoder=encoder, vector__isnull=False
    ).first()
    return None if found is None else np.asarray(found.vector, dtype=np.float32)


def nearest(space: EmbeddingSpace, vector: NDArray[np.float32], filters: Filters, k: int) -> Hits:
    """The k items of the space's catalogue whose pictures are nearest, the best first."""
    near, params = statement(space, vector, filters, k)
    sql = f"""
        SELECT n.item_id, i.group_id, -n.distance
        FROM ({near}) AS n JOIN shopreco_item i ON i.id = n.item_id ORDER BY n.distance, i.id
    """
    return Hits.from_rows(scan(Statement(sql, params), k))


def statement(
    space: EmbeddingSpace, vector: NDArray[np.float32], filters: Filters, k: int
) -> Statement:
    """The SQL that finds. Cast, modality and encoder stand in the text, as in the partial index."""
    where = filters.where()
    cast = f"halfvec({len(vector):d})"
    sql = f"""
        SELECT m.item_id, m.vector::{cast} <#> %s::{cast} AS distance
        FROM shopreco_modalityvector m JOIN shopreco_item i ON i.id = m.item_id
        WHERE m.modality = 'image' AND m.encoder = '{space.encoders["image"]}'
          AND m.vector IS NOT NULL AND i.catalogue = %s AND {where.sql}
        ORDER BY distance LIMIT {k:d}
    """
    return Statement(sql, (literal(vector), space.catalogue, *where.params))
