"""Nearest neighbours by inner product of unit vectors, formula (3), through the space's HNSW."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shopreco.db.statements import Statement, hnsw_settings, read_cursor
from shopreco.models import Embedding, EmbeddingSpace, VectorIndex
from shopreco.queries.conditions import Filters
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, Retriever, nothing

NEIGHBOURS = 64
"""Depth of the dense part of a match set."""
OVERSAMPLING, MINIMUM_CANDIDATES = 4, 600
"""Hash codes: items to re-rank for each that is wanted, and at least. 600 candidates hold 97 % of
the ten titles nearest to a shop query, 200 hold 94 % (MiniLM, 54,667 titles)."""


class DenseRetriever(Retriever):
    """Nearest by the whole vector: what the products are, in words, pictures and links."""

    name = "dense"
    columns = ("dense",)

    def retrieve(self, context: Context, k: int) -> Candidates:
        """Near the vector of the query, else beside the seed."""
        vector = context.vector
        if vector is None and context.seed is not None:
            vector = embeddings_of(context.space, [context.seed]).get(context.seed)
        if vector is None:
            return nothing("dense")
        return nearest(context.space, vector, context.filters, k)


RETRIEVERS.register("dense", DenseRetriever())


def nearest(
    space: EmbeddingSpace, vector: NDArray[np.float32], filters: Filters, k: int = NEIGHBOURS
) -> Candidates:
    """The k items nearest to `vector` ((d,) float32, L2-normalised), the best first."""
    near, params = statement(space, literal(vector), filters, k)
    sql = f"""
        SELECT n.item_id, i.group_id, -n.distance
        FROM ({near}) AS n JOIN shopreco_item i ON i.id = n.item_id ORDER BY n.distance, i.id
    """
    with read_cursor() as cursor:
        cursor.execute(sql, params)
        rows = cursor.fetchall()
    return Candidates.from_rows(rows, "dense", complete=len(rows) < k)


def statement(space: EmbeddingSpace, vector: str, filters: Filters, k: int) -> Statement:
    """The SQL that finds; cast and `space_id` stand in the text, as in the partial index.

    vector: its `literal`.
    """
    if space.vector_index == VectorIndex.BINARY:
        return _by_hash_codes(space, vector, filters, k)
    cast = f"halfvec({space.dimension:d})"
    where = filters.where()
    sql = f"""
        WITH query AS MATERIALIZED (SELECT %s::{cast} AS vector, {hnsw_settings(k)})
        SELECT e.item_id, e.vector::{cast} <#> (SELECT vector FROM query) AS distance
        FROM shopreco_embedding e {_join(filters)}
        WHERE e.space_id = {space.pk:d} AND {where.sql} ORDER BY distance LIMIT {k:d}
    """
    return Statement(sql, (vector, *where.params))


def _by_hash_codes(space: EmbeddingSpace, vector: str, filters: Filters, k: int) -> Statement:
    """Candidates by Hamming distance of one bit per dimension, its sign; then exactly."""
    cast = f"halfvec({space.dimension:d})"
    where = filters.where()
    wanted = max(MINIMUM_CANDIDATES, OVERSAMPLING * k)
    sql = f"""
        WITH query AS MATERIALIZED (SELECT %s::{cast} AS vector, {hnsw_settings(wanted)})
        SELECT item_id, vector::{cast} <#> (SELECT vector FROM query) AS distance FROM (
            SELECT e.item_id, e.vector FROM shopreco_embedding e {_join(filters)}
            WHERE e.space_id = {space.pk:d} AND {where.sql}
            ORDER BY binary_quantize(e.vector::{cast})::bit({space.dimension:d})
                <~> (SELECT binary_quantize(vector) FROM query)
            LIMIT {wanted:d}
        ) AS candidate ORDER BY distance LIMIT {k:d}
    """
    return Statement(sql, (vector, *where.params))


def _join(filters: Filters) -> str:
    return "JOIN shopreco_item i ON i.id = e.item_id" if filters else ""


def literal(vector: NDArray[np.float32]) -> str:
    """A unit vector, (d,), as text for a `halfvec`, which keeps no more than four digits: in
    millionths, since integers are written in half the time."""
    millionths = np.rint(vector * 1e6).astype(np.int64)
    return f"[{('%de-6,' * len(millionths) % tuple(millionths.tolist()))[:-1]}]"


def embeddings_of(space: EmbeddingSpace, item_ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
    """Stored vectors, (d,) float32 each, by item id."""
    rows = Embedding.objects.filter(space=space, item_id__in=item_ids).values_list(
        "item_id", "vector"
    )
    return {item_id: np.asarray(vector, dtype=np.float32) for item_id, vector in rows}
