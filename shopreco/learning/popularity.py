"""What most visitors had, what they had lately, and what a visitor had before."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from shopreco.learning.recommender import Recommender, Scores, TrainingData
from shopreco.learning.sequences import Sequences, recency_matrix

HALF_LIFE = 30 * 86_400.0
"""Seconds after which an event counts half."""


class PopularityRecommender(Recommender):
    """log(1 + events of the item)."""

    name = "popularity"

    def fit(self, data: TrainingData) -> None:
        counts = np.bincount(data.train.items, minlength=data.items)
        self._scores = np.log1p(counts).astype(np.float32)

    def scores(self, histories: Sequences) -> Scores:
        return np.broadcast_to(self._scores, (len(histories), len(self._scores)))


class RecentPopularityRecommender(PopularityRecommender):
    """The same with events that count half after a month."""

    name = "recent-popularity"
    needs_times: ClassVar[bool] = True

    def fit(self, data: TrainingData) -> None:
        times = data.train.times
        weights = 0.5 ** ((times.max(initial=0.0) - times) / HALF_LIFE)
        counts = np.bincount(data.train.items, weights=weights, minlength=data.items)
        self._scores = np.log1p(counts).astype(np.float32)


class PersonalFrequencyRecommender(PopularityRecommender):
    """What the visitor had most often; of equals, and where there is nothing, the more popular.

    Hu et al. 2020, "Modeling personalized item frequency information for next-basket
    recommendation".
    """

    name = "personal-frequency"
    needs_repeats: ClassVar[bool] = True

    def fit(self, data: TrainingData) -> None:
        super().fit(data)
        # Less than another event makes, log(n + 1) − log(n), of an item that was had 100 times.
        self._scores = self._scores / max(1e-9, self._scores.max(initial=0.0)) / 128

    def scores(self, histories: Sequences) -> Scores:
        had = recency_matrix(histories, len(self._scores), 1.0)
        scores: Scores = np.log1p(had.toarray()) + self._scores
        return scores
