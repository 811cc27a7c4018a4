"""Neighbours by the visitors that items share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopreco.learning.covisitation import LAST, RECENCY
from shopreco.learning.recommender import Recommender, Scores, TrainingData
from shopreco.learning.sequences import Sequences, recency_matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class ItemKnnRecommender(Recommender):
    """Cosine of the visitors that two items have (Sarwar et al. 2001), the last items counting
    most."""

    name = "item-knn"

    def fit(self, data: TrainingData) -> None:
        from scipy.sparse import diags

        seen = occurrences(data.train, data.items)
        counts = np.asarray(seen.sum(axis=0)).ravel()
        scale = diags(1 / np.sqrt(np.maximum(counts, 1)))
        similar = (scale @ (seen.T @ seen) @ scale).tolil()
        similar.setdiag(0)
        self._similar = similar.tocsr()

    def scores(self, histories: Sequences) -> Scores:
        recent = recency_matrix(histories, self._similar.shape[0], RECENCY, LAST)
        scores: Scores = (recent @ self._similar).toarray()
        return scores


def occurrences(sequences: Sequences, items: int) -> csr_matrix:
    """Which items each visitor had, sparse (visitors, items) of ones."""
    seen = recency_matrix(sequences, items, 1.0)
    seen.data[:] = 1.0
    return seen
