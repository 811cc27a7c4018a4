"""Exact dense retrieval, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shopreco.evaluation.baselines.base import hydrate
from shopreco.models import Embedding, EmbeddingSpace
from shopreco.queries.query_vectors import query_encoder


class ExactCosine:
    """Exact cosine, over the embeddings of a space.

    The query is encoded as the web process encodes it.
    """

    name = "dense"
    in_memory = True

    def __init__(self, space: EmbeddingSpace) -> None:
        rows = Embedding.objects.filter(space=space).values_list("item__object_id", "vector")
        self._ids: list[str] = []
        self._vectors = np.empty((rows.count(), space.dimension), dtype=np.float32)
        for at, (object_id, vector) in enumerate(rows.iterator(5_000)):
            self._ids.append(object_id)
            self._vectors[at] = vector
        # Half precision left their lengths a little off 1.
        self._vectors /= np.linalg.norm(self._vectors, axis=1, keepdims=True)
        self._encoder = query_encoder(space)

    def rank(self, query: str, limit: int) -> list[str]:
        scores = self._vectors @ self._encoder.encode_query(query)
        depth = min(limit, len(scores))
        best = np.argpartition(-scores, depth - 1)[:depth]
        return [self._ids[at] for at in best[np.argsort(-scores[best], kind="stable")]]

    def page(self, query: str, limit: int) -> Sequence[Any]:
        return hydrate(self.rank(query, limit))
