"""The items that most visitors had, and those that most had lately."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from shopreco.evaluation.recommenders.base import Recommender, Scores, TrainingData
from shopreco.learning.sequences import Sequences

HALF_LIFE = 30 * 86_400.0
"""Seconds after which an event counts half."""


class PopularityRecommender(Recommender):
    name = "popularity"

    def fit(self, data: TrainingData) -> None:
        self._counts = np.bincount(data.train.items, minlength=data.items).astype(np.float32)

    def scores(self, histories: Sequences) -> Scores:
        return np.tile(self._counts, (len(histories), 1))


class RecentPopularityRecommender(PopularityRecommender):
    """Popularity that halves with every month."""

    name = "recent-popularity"
    needs_times: ClassVar[bool] = True

    def fit(self, data: TrainingData) -> None:
        if data.times is None:
            raise ValueError("recent-popularity needs times")
        weights = 0.5 ** ((data.times.max() - data.times) / HALF_LIFE)
        counts = np.bincount(data.train.items, weights=weights, minlength=data.items)
        self._counts = counts.astype(np.float32)
