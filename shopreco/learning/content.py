"""What is like the last items in content."""

from __future__ import annotations

import numpy as np

from shopreco.learning.covisitation import LAST, RECENCY
from shopreco.learning.recommender import Recommender, Scores, TrainingData
from shopreco.learning.sequences import Sequences, recency_matrix


class ContentRecommender(Recommender):
    """Cosine of an item's content with that of the last items, the last counting most."""

    name = "content"

    def fit(self, data: TrainingData) -> None:
        self._contents = data.contents

    def scores(self, histories: Sequences) -> Scores:
        taste = recency_matrix(histories, len(self._contents), RECENCY, LAST) @ self._contents
        taste /= np.maximum(np.linalg.norm(taste, axis=1, keepdims=True), 1e-9)
        scores: Scores = taste @ self._contents.T
        return scores
