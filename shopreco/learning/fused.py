"""One score of several recommenders: what the shop's blocks of taste are ranked by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from shopreco.learning.recommender import Recommender, Scores, TrainingData
from shopreco.learning.sequences import Sequences
from shopreco.learning.weights import choose_weights


class FusedRecommender(Recommender):
    """Σ w · scores over any recommenders, with weights that are chosen on the validation.

    Those that the data have nothing for are left out. weights: by name, after `fit`.
    """

    name = "shopreco"
    is_seeded: ClassVar[bool] = True

    def __init__(self, recommenders: Sequence[Recommender]) -> None:
        self.recommenders = recommenders
        self.weights: Mapping[str, float] = {}

    def fit(self, data: TrainingData) -> None:
        self.recommenders = [each for each in self.recommenders if each.applies(data)]
        for each in self.recommenders:
            each.fit(data)
        self.weights = choose_weights(self.recommenders, data)

    def settle(self, data: TrainingData) -> None:
        for each in self.recommenders:
            each.settle(data)

    def scores(self, histories: Sequences) -> Scores:
        parts = (
            np.float32(weight) * each.scores(histories)
            for each in self.recommenders
            if (weight := self.weights[each.name])
        )
        total = next(parts).astype(np.float32)
        for part in parts:
            total += part
        return total
