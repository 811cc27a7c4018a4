"""Matrix factorisation by alternating least squares (Hu, Koren & Volinsky 2008): `implicit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from shopreco.evaluation.recommenders.item_knn import occurrences
from shopreco.learning.recommender import Recommender, Scores, TrainingData
from shopreco.learning.sequences import Sequences

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FACTORS = 256
REGULARISATION = 0.1
ITERATIONS = 15
ALPHA = 20.0
"""Weight of an event beside all that did not happen."""


class AlsRecommender(Recommender):
    """Product of the factors of visitor and item."""

    name = "als"
    is_seeded: ClassVar[bool] = True

    def fit(self, data: TrainingData) -> None:
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        self._items = data.items
        # It has threads of its own; those of BLAS would wait for each other.
        with threadpool_limits(1, "blas"):
            self._model: Any = AlternatingLeastSquares(
                factors=FACTORS,
                regularization=REGULARISATION,
                iterations=ITERATIONS,
                alpha=ALPHA,
                random_state=data.seed,
            )
            self._model.fit(self._matrix(data.train), show_progress=False)

    def scores(self, histories: Sequences) -> Scores:
        """The factors of a visitor are computed from the history, as for one that is new."""
        seen = self._matrix(histories)
        visitors = self._model.recalculate_user(np.arange(len(histories)), seen)
        scores: Scores = visitors @ self._model.item_factors.T
        return scores

    def _matrix(self, histories: Sequences) -> csr_matrix:
        return occurrences(histories, self._items)
