"""Vector stores outside the shop's database, which then checks the conditions on their hits."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from shopreco.db.statements import read_cursor
from shopreco.models import EmbeddingSpace
from shopreco.spaces.stores.base import EVERYTHING, Hits, Vector, VectorStore, Where

OVERSAMPLING = 4
"""Factor of k for the first request if there is a condition, and of each request after too few hits
met it."""


class ExternalStore(VectorStore):
    """A store that cannot read the columns of items, and so cannot check conditions on them.

    It finds more than k items. The database then says which of these meet the condition, and their
    groups. If too few of the nearest do, all items that meet it are scored instead.
    """

    most_at_once = 16_384
    """Items that the store finds or scores in one request, at most."""

    @abstractmethod
    def nearest_of_all(
        self, space: EmbeddingSpace, vector: Vector, k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids and inner products of the k nearest items, (n,) each; n < k if there are no more."""

    def nearest(
        self, space: EmbeddingSpace, vector: Vector, k: int, where: Where = EVERYTHING
    ) -> Hits:
        wanted = k if where == EVERYTHING else OVERSAMPLING * k
        while True:
            wanted = min(wanted, self.most_at_once)
            item_ids, scores = self.nearest_of_all(space, vector, wanted)
            hits = _passing(item_ids, scores, where).best(k)
            if len(hits) == k or len(item_ids) < wanted:
                return hits
            if wanted == self.most_at_once:
                return self._nearest_of_passing(space, vector, k, where)
            wanted *= OVERSAMPLING

    def _nearest_of_passing(
        self, space: EmbeddingSpace, vector: Vector, k: int, where: Where
    ) -> Hits:
        best, last = Hits.from_rows([]), 0
        while rows := _page(space.catalogue, where, last, self.most_at_once):
            item_ids, group_ids = np.array(rows, dtype=np.int64).T
            scores = self.scores(space, item_ids.tolist(), vector).astype(np.float32)
            known = ~np.isnan(scores)
            page = Hits(item_ids[known], group_ids[known], scores[known])
            best, last = best.join(page).best(k), int(item_ids[-1])
        return best


def _passing(item_ids: NDArray[np.int64], scores: NDArray[np.float32], where: Where) -> Hits:
    """The hits that still exist and meet a condition."""
    sql, params = where
    with read_cursor() as cursor:
        cursor.execute(
            f"SELECT i.id, i.group_id FROM shopreco_item i WHERE i.id = ANY(%s) AND {sql}",
            [item_ids.tolist(), *params],
        )
        groups = dict(cursor.fetchall())
    passes = [item_id in groups for item_id in item_ids.tolist()]
    kept = item_ids[passes]
    group_ids = np.array([groups[item_id] for item_id in kept.tolist()], dtype=np.int64)
    return Hits(kept, group_ids, scores[passes])


def _page(catalogue: str, where: Where, after: int, rows: int) -> list[tuple[int, int]]:
    """The next items of a catalogue that meet a condition, and their groups, by id."""
    sql, params = where
    with read_cursor() as cursor:
        cursor.execute(
            f"""
            SELECT i.id, i.group_id FROM shopreco_item i
            WHERE i.catalogue = %s AND i.id > %s AND {sql} ORDER BY i.id LIMIT {rows:d}
            """,
            [catalogue, after, *params],
        )
        found: list[tuple[int, int]] = cursor.fetchall()
    return found
