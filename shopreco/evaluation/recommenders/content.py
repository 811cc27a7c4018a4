"""What is like the last items in words."""

from __future__ import annotations

import numpy as np

from shopreco.evaluation.recommenders.base import (
    Recommender,
    Scores,
    TrainingData,
    recency_matrix,
)
from shopreco.evaluation.recommenders.neighbours import RECENCY
from shopreco.learning.sequences import Sequences


class ContentRecommender(Recommender):
    """Cosine of an item's text with the texts of the history, the last counting most."""

    name = "content"

    def fit(self, data: TrainingData) -> None:
        self._texts = data.texts

    def scores(self, histories: Sequences) -> Scores:
        taste = recency_matrix(histories, len(self._texts), RECENCY) @ self._texts
        taste /= np.maximum(np.linalg.norm(taste, axis=1, keepdims=True), 1e-9)
        return np.asarray(taste @ self._texts.T, dtype=np.float32)
