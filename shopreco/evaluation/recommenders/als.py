"""Matrix factorisation by alternating least squares (Hu, Koren & Volinsky 2008): `implicit`."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from shopreco.evaluation.recommenders.base import (
    Recommender,
    Scores,
    TrainingData,
    recency_matrix,
)
from shopreco.learning.sequences import Sequences

FACTORS = 256
REGULARISATION = 0.1
ITERATIONS = 15
ALPHA = 20.0
"""Weight of an event beside all that did not happen."""


class AlsRecommender(Recommender):
    name = "als"
    is_seeded: ClassVar[bool] = True

    def fit(self, data: TrainingData) -> None:
        from implicit.als import AlternatingLeastSquares

        self._items = data.items
        self._model: Any = AlternatingLeastSquares(
            factors=FACTORS,
            regularization=REGULARISATION,
            iterations=ITERATIONS,
            alpha=ALPHA,
            random_state=data.seed,
            use_gpu=False,
        )
        self._model.fit(self._matrix(data.train), show_progress=False)

    def _matrix(self, histories: Sequences) -> Any:
        seen = recency_matrix(histories, self._items, 1.0, last=10_000).astype(np.float32)
        seen.data[:] = 1.0
        return seen

    def scores(self, histories: Sequences) -> Scores:
        """The factors of a visitor are computed from the history, as for one that is new."""
        seen = self._matrix(histories)
        visitors = self._model.recalculate_user(np.arange(len(histories)), seen)
        return np.asarray(visitors @ self._model.item_factors.T, dtype=np.float32)
