"""Picture vectors in the shop's own PostgreSQL with pgvector, and their index.

The pipeline stores them as modality vectors. All spaces of an image encoder share them and their
index. Cast, modality and encoder stand in the text of statements, as in that partial index.
"""

from __future__ import annotations

import numpy as np

from shopreco.db.indexes import create_index, drop_index
from shopreco.db.statements import Statement, read_cursor
from shopreco.fusion import IMAGE
from shopreco.models import EmbeddingSpace, ModalityVector
from shopreco.spaces.stores.base import Vector, Where
from shopreco.spaces.stores.pgvector import HNSW, hnsw_settings, literal

Picture = tuple[int, int, Vector]
"""Item id, group id, and the vector of the picture, (f,)."""


def index_name(encoder: str) -> str:
    """Name of the HNSW index over the pictures of an encoder."""
    return f"shopreco_looks_{encoder[:16]}"


def build_index(encoder: str, dimension: int) -> None:
    create_index(
        index_name(encoder),
        "ON shopreco_modalityvector "
        f"USING hnsw ((vector::halfvec({dimension})) halfvec_ip_ops) {HNSW} "
        f"WHERE modality = 'image' AND encoder = '{encoder}'",
    )


def drop_pictures_index(encoder: str) -> None:
    drop_index(index_name(encoder), "CONCURRENTLY")


def picture_of(space: EmbeddingSpace, item_id: int) -> Vector | None:
    """The picture vector of an item, (f,) of length 1; None if it has none in this space."""
    found = ModalityVector.objects.filter(
        item_id=item_id,
        modality="image",
        encoder=space.encoders.get(IMAGE),
        vector__isnull=False,
    ).first()
    return None if found is None else np.asarray(found.vector, dtype=np.float32)


def nearest(space: EmbeddingSpace, vector: Vector, k: int, where: Where) -> list[Picture]:
    """The k items of the space's catalogue with the nearest pictures, in the order of their ids."""
    near, params = statement(space, vector, k, where)
    sql = f"""
        SELECT n.item_id, i.group_id, m.vector::real[]
        FROM ({near}) AS n JOIN shopreco_item i ON i.id = n.item_id
        JOIN shopreco_modalityvector m ON m.item_id = n.item_id
            AND m.modality = 'image' AND m.encoder = '{space.encoders[IMAGE]}'
        ORDER BY n.item_id
    """
    with read_cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[Picture] = cursor.fetchall()
    return rows


def statement(space: EmbeddingSpace, vector: Vector, k: int, where: Where) -> Statement:
    """The SQL of `nearest`, with the columns `item_id` and `distance`, for a join."""
    cast = f"halfvec({len(vector):d})"
    condition, params = where
    sql = f"""
        WITH query AS MATERIALIZED (SELECT %s::{cast} AS vector, {hnsw_settings(k)})
        SELECT m.item_id, m.vector::{cast} <#> (SELECT vector FROM query) AS distance
        FROM shopreco_modalityvector m JOIN shopreco_item i ON i.id = m.item_id
        WHERE m.modality = 'image' AND m.encoder = '{space.encoders[IMAGE]}'
          AND m.vector IS NOT NULL AND i.catalogue = %s AND {condition}
        ORDER BY distance LIMIT {k:d}
    """
    return Statement(sql, (literal(vector), space.catalogue, *params))
