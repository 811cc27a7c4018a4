"""Neighbours of what a visitor had: by the visitors that items share, and by what followed what."""

from __future__ import annotations

from typing import Any

import numpy as np

from shopreco.evaluation.recommenders.base import (
    Recommender,
    Scores,
    TrainingData,
    recency_matrix,
)
from shopreco.learning.sequences import Sequences

RECENCY = 0.7
"""What an item of the history counts, as a share of the one after it."""
WINDOW = 10
"""Places that an item may come after another to count as its successor."""
DECAY = 0.8
"""What a successor counts, as a share of one that came a place earlier."""


class ItemKnnRecommender(Recommender):
    """Cosine of the visitors that two items have (Sarwar et al. 2001)."""

    name = "item-knn"

    def fit(self, data: TrainingData) -> None:
        seen = recency_matrix(data.train, data.items, 1.0, last=10_000)
        seen.data[:] = 1.0
        lengths = np.sqrt(np.asarray(seen.power(2).sum(0)).ravel())
        similar = (seen.T @ seen).tocsr()
        similar.setdiag(0)
        scale = 1 / np.maximum(lengths, 1e-9)
        self._similar: Any = similar.multiply(scale[:, None]).multiply(scale[None, :]).tocsr()

    def scores(self, histories: Sequences) -> Scores:
        recent = recency_matrix(histories, self._similar.shape[0], RECENCY)
        return np.asarray((recent @ self._similar).toarray(), dtype=np.float32)


class CovisitationRecommender(Recommender):
    """What followed within a few places, the nearer the more; directed, by the square root of how
    often the item before it occurs."""

    name = "covisitation"

    def fit(self, data: TrainingData) -> None:
        self._followed: Any = followed(data.train, data.items)

    def scores(self, histories: Sequences) -> Scores:
        recent = recency_matrix(histories, self._followed.shape[0], RECENCY)
        return np.asarray((recent @ self._followed).toarray(), dtype=np.float32)


def followed(train: Sequences, items: int) -> Any:
    """Sparse (items, items): how much the second item follows the first."""
    from scipy.sparse import csr_matrix, diags

    total = csr_matrix((items, items))
    visitors = np.repeat(np.arange(len(train)), train.lengths)
    for distance in range(1, WINDOW + 1):
        same = visitors[:-distance] == visitors[distance:]
        before, after = train.items[:-distance][same], train.items[distance:][same]
        weights = np.full(len(before), DECAY ** (distance - 1))
        total = total + csr_matrix((weights, (before, after)), shape=(items, items))
    counts = np.maximum(np.bincount(train.items, minlength=items), 1)
    return (diags(1 / np.sqrt(counts)) @ total).tocsr()
