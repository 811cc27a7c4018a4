"""A second vector store: the embeddings of one shop in this process, searched exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from shopreco.models import EmbeddingSpace
from shopreco.spaces.stores import STORES
from shopreco.spaces.stores.base import EmbeddingRow, Vector, VectorStore
from shopreco.spaces.stores.external import ExternalStore


class MemoryStore(ExternalStore):
    """Vectors in half precision, as pgvector has them."""

    def __init__(self, most_at_once: int = 16_384) -> None:
        self.most_at_once = most_at_once
        self._spaces: defaultdict[int, dict[int, NDArray[np.float16]]] = defaultdict(dict)

    def create(self, space: EmbeddingSpace) -> None:
        self._spaces[space.pk] = {}

    def write(
        self, space: EmbeddingSpace, rows: Sequence[EmbeddingRow], item_ids: Sequence[int]
    ) -> None:
        embeddings = self._spaces[space.pk]
        for item_id in item_ids:
            embeddings.pop(item_id, None)
        embeddings.update({row.item_id: row.vector.astype(np.float16) for row in rows})

    def delete(self, item_ids: Collection[int]) -> None:
        for embeddings in self._spaces.values():
            for item_id in item_ids:
                embeddings.pop(item_id, None)

    def build(self, space: EmbeddingSpace) -> None:
        """An exact search needs no index."""

    def drop(self, space: EmbeddingSpace, chunk: int) -> Iterator[int]:
        embeddings = self._spaces[space.pk]
        while embeddings:
            gone = list(embeddings)[:chunk]
            for item_id in gone:
                del embeddings[item_id]
            yield len(gone)
        del self._spaces[space.pk]

    def size(self, space: EmbeddingSpace) -> int:
        return sum(vector.nbytes for vector in self._spaces[space.pk].values())

    def vectors(self, space: EmbeddingSpace, item_ids: Sequence[int]) -> dict[int, Vector]:
        embeddings = self._spaces[space.pk]
        return {i: embeddings[i].astype(np.float32) for i in item_ids if i in embeddings}

    def scores(
        self, space: EmbeddingSpace, item_ids: Sequence[int], vector: Vector
    ) -> NDArray[np.float64]:
        embeddings = self._spaces[space.pk]
        query = vector.astype(np.float16).astype(float)
        unknown = np.full(space.dimension, np.nan)
        found = [embeddings.get(item_id, unknown).astype(float) @ query for item_id in item_ids]
        return np.array(found, dtype=float)

    def nearest_of_all(
        self, space: EmbeddingSpace, vector: Vector, k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        item_ids = np.array(list(self._spaces[space.pk]), dtype=np.int64)
        scores = self.scores(space, item_ids.tolist(), vector).astype(np.float32)
        best = np.lexsort((item_ids, -scores))[:k]
        return item_ids[best], scores[best]


@contextmanager
def in_place_of_pgvector(store: VectorStore) -> Iterator[None]:
    """Spaces of every kind are in another store."""
    before = STORES.items()
    try:
        for kind, _store in before:
            STORES.unregister(kind)
            STORES.register(kind, store)
        yield
    finally:
        for kind, pgvector in before:
            STORES.unregister(kind)
            STORES.register(kind, pgvector)
