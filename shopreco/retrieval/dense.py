"""Nearest neighbours by inner product of unit vectors, formula (3), through the space's HNSW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connections, router, transaction
from numpy.typing import NDArray
from pgvector import HalfVector

from shopreco.models import Embedding, EmbeddingSpace
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.matches import Hits, Statement

NEIGHBOURS = 200
"""Depth of the dense part of a match set."""


def nearest(
    space: EmbeddingSpace, vector: NDArray[np.float32], filters: Filters, k: int = NEIGHBOURS
) -> Hits:
    """The k items nearest to `vector` ((d,) float32, L2-normalised), the best first."""
    alias = router.db_for_read(Embedding)
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        prepare_scan(cursor, k)
        sql, params = statement(space, vector, filters, k)
        cursor.execute(sql, params)
        return Hits.from_rows(cursor.fetchall())


def statement(
    space: EmbeddingSpace, vector: NDArray[np.float32], filters: Filters, k: int
) -> Statement:
    """The SQL that finds. Cast and `space_id` stand in the text, as in the partial index."""
    where = filters.where()
    cast = f"halfvec({space.dimension:d})"
    sql = f"""
        SELECT e.item_id, i.group_id, -(e.vector::{cast} <#> %s::{cast}) AS score
        FROM shopreco_embedding e JOIN shopreco_item i ON i.id = e.item_id
        WHERE e.space_id = {space.pk:d} AND {where.sql}
        ORDER BY e.vector::{cast} <#> %s::{cast} LIMIT {k:d}
    """
    literal = HalfVector(vector).to_text()
    return Statement(sql, (literal, *where.params, literal))


def scores(
    space: EmbeddingSpace, vector: NDArray[np.float32], item_ids: Sequence[int]
) -> dict[int, float]:
    """Exact cosine of given items, by item id."""
    with connections[router.db_for_read(Embedding)].cursor() as cursor:
        cursor.execute(
            f"SELECT item_id, -(vector::halfvec({space.dimension:d}) <#> %s::halfvec) "
            f"FROM shopreco_embedding WHERE space_id = {space.pk:d} AND item_id = ANY(%s)",
            [HalfVector(vector).to_text(), list(item_ids)],
        )
        return dict(cursor.fetchall())


def vectors_of(space: EmbeddingSpace, item_ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
    """Stored vectors, (d,) float32 each, by item id."""
    rows = Embedding.objects.filter(space=space, item_id__in=item_ids).values_list(
        "item_id", "vector"
    )
    return {item_id: np.asarray(vector, dtype=np.float32) for item_id, vector in rows}


def prepare_scan(cursor: Any, k: int) -> None:
    """In this transaction HNSW scans reach k rows, and go on past rows that a filter drops."""
    cursor.execute(
        "SELECT set_config('hnsw.ef_search', %s, true), "
        "set_config('hnsw.iterative_scan', 'relaxed_order', true)",
        [str(max(40, min(1000, k)))],
    )
