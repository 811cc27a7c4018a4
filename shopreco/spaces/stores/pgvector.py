"""Embeddings in the shop's own PostgreSQL with pgvector.

Casts and `space_id` stand in the text of statements, as in the partial index of the space.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from shopreco.db.copy import delete_in_chunks, delete_rows, replace_rows
from shopreco.db.indexes import create_index, drop_index, index_bytes, share_of_table
from shopreco.db.statements import Statement, read_cursor
from shopreco.models import Embedding, EmbeddingSpace, VectorIndex
from shopreco.spaces.stores.base import (
    EVERYTHING,
    EmbeddingRow,
    Hits,
    Vector,
    VectorStore,
    Where,
)

TABLE = "shopreco_embedding"
COLUMNS = {"space_id": "int8", "item_id": "int8", "content_hash": "varchar", "vector": "halfvec"}
HNSW = "WITH (m = 16, ef_construction = 64)"
OVERSAMPLING, MIN_CANDIDATES = 4, 600
"""Hash codes: items to re-rank, as a factor of k, and at least. 600 candidates hold 97 % of the ten
titles nearest to a shop query, 200 hold 94 % (MiniLM, 54,667 titles)."""


def index_name(space_id: int) -> str:
    """Name of the HNSW index over the embeddings of a space."""
    return f"shopreco_hnsw_{space_id}"


def literal(vector: Vector) -> str:
    """Write a unit vector, (d,), as text for a `halfvec`, which keeps four digits at most.

    It is written in millionths: integers take half the time."""
    millionths = np.rint(vector * 1e6).astype(np.int64)
    return f"[{('%de-6,' * len(millionths) % tuple(millionths.tolist()))[:-1]}]"


def hnsw_settings(k: int) -> str:
    """Columns that set up an HNSW scan, for the CTE that has the query vector.

    With them the scan reaches k rows, and goes on past rows that a filter drops. They set the
    transaction, that is this statement alone, also behind a pool of connections, and cost no round
    trip. `read_cursor` keeps them out of a transaction of the host's.
    """
    depth = max(40, min(1000, k))
    return (
        f"set_config('hnsw.ef_search', '{depth:d}', true) AS depth, "
        "set_config('hnsw.iterative_scan', 'relaxed_order', true) AS onward"
    )


class PgvectorStore(VectorStore):
    """Stores the embeddings of all spaces in one table, with a partial HNSW index for each space.

    The index holds vectors in half precision or hash codes, as the space says.
    """

    supports_joint_scoring = True

    def create(self, space: EmbeddingSpace) -> None:
        drop_index(index_name(space.pk), "")

    def write(
        self, space: EmbeddingSpace, rows: Sequence[EmbeddingRow], item_ids: Sequence[int]
    ) -> None:
        replace_rows(
            TABLE,
            COLUMNS,
            [
                (space.pk, item_id, content_hash, HalfVector(vector))
                for item_id, content_hash, vector in rows
            ],
            item_ids=item_ids,
            space_id=space.pk,
        )

    def delete(self, item_ids: Collection[int]) -> None:
        delete_rows(TABLE, item_ids)

    def build(self, space: EmbeddingSpace) -> None:
        vector = f"vector::halfvec({space.dimension})"
        kinds = {
            VectorIndex.HNSW: f"({vector}) halfvec_ip_ops",
            VectorIndex.BINARY: (
                f"(binary_quantize({vector})::bit({space.dimension})) bit_hamming_ops"
            ),
        }
        create_index(
            index_name(space.pk),
            f"ON {TABLE} USING hnsw ({kinds[VectorIndex(space.vector_index)]}) "
            f"{HNSW} WHERE space_id = {space.pk}",
        )

    def drop(self, space: EmbeddingSpace, chunk: int) -> Iterator[int]:
        drop_index(index_name(space.pk), "CONCURRENTLY")
        yield from delete_in_chunks(TABLE, chunk, space_id=space.pk)

    def size(self, space: EmbeddingSpace) -> int:
        return index_bytes(index_name(space.pk)) + share_of_table(TABLE, space.pk)

    def vectors(self, space: EmbeddingSpace, item_ids: Sequence[int]) -> dict[int, Vector]:
        rows = Embedding.objects.filter(space=space, item_id__in=item_ids).values_list(
            "item_id", "vector"
        )
        return {item_id: np.asarray(vector, dtype=np.float32) for item_id, vector in rows}

    def scores(
        self, space: EmbeddingSpace, item_ids: Sequence[int], vector: Vector
    ) -> NDArray[np.float64]:
        cast = f"halfvec({space.dimension:d})"
        with read_cursor() as cursor:
            cursor.execute(
                f"""
                SELECT e.item_id, -(e.vector::{cast} <#> %s::{cast}) FROM {TABLE} e
                WHERE e.space_id = {space.pk:d} AND e.item_id = ANY(%s)
                """,
                [literal(vector), list(item_ids)],
            )
            known = dict(cursor.fetchall())
        return np.array([known.get(item_id, np.nan) for item_id in item_ids], dtype=float)

    def nearest(
        self, space: EmbeddingSpace, vector: Vector, k: int, where: Where = EVERYTHING
    ) -> Hits:
        near, params = self.statement(space, literal(vector), k, where)
        sql = f"""
            SELECT n.item_id, i.group_id, -n.distance
            FROM ({near}) AS n JOIN shopreco_item i ON i.id = n.item_id ORDER BY n.distance, i.id
        """
        with read_cursor() as cursor:
            cursor.execute(sql, params)
            return Hits.from_rows(cursor.fetchall())

    def statement(
        self, space: EmbeddingSpace, query: str, k: int, where: Where = EVERYTHING
    ) -> Statement:
        if space.vector_index == VectorIndex.BINARY:
            return _by_hash_codes(space, query, k, where)
        return _by_halves(space, query, k, where)


def _by_halves(space: EmbeddingSpace, query: str, k: int, where: Where) -> Statement:
    """SQL of the nearest by inner product in half precision."""
    cast = f"halfvec({space.dimension:d})"
    condition, params = where
    sql = f"""
        WITH query AS MATERIALIZED (SELECT %s::{cast} AS vector, {hnsw_settings(k)})
        SELECT e.item_id, e.vector::{cast} <#> (SELECT vector FROM query) AS distance
        FROM shopreco_embedding e {_join(where)}
        WHERE e.space_id = {space.pk:d} AND {condition} ORDER BY distance LIMIT {k:d}
    """
    return Statement(sql, (query, *params))


def _by_hash_codes(space: EmbeddingSpace, query: str, k: int, where: Where) -> Statement:
    """SQL of candidates by Hamming distance of their signs, ranked by exact inner product."""
    cast = f"halfvec({space.dimension:d})"
    condition, params = where
    wanted = max(MIN_CANDIDATES, OVERSAMPLING * k)
    sql = f"""
        WITH query AS MATERIALIZED (SELECT %s::{cast} AS vector, {hnsw_settings(wanted)})
        SELECT item_id, vector::{cast} <#> (SELECT vector FROM query) AS distance FROM (
            SELECT e.item_id, e.vector FROM shopreco_embedding e {_join(where)}
            WHERE e.space_id = {space.pk:d} AND {condition}
            ORDER BY binary_quantize(e.vector::{cast})::bit({space.dimension:d})
                <~> (SELECT binary_quantize(vector) FROM query)
            LIMIT {wanted:d}
        ) AS candidate ORDER BY distance LIMIT {k:d}
    """
    return Statement(sql, (query, *params))


def _join(where: Where) -> str:
    return "" if where == EVERYTHING else "JOIN shopreco_item i ON i.id = e.item_id"
