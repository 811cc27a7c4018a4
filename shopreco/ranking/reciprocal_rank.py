"""Reciprocal rank fusion, for scores that cannot be compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shopreco.ranking.base import Columns, Ranked, Scores, summed

__all__ = ["ReciprocalRank"]


class ReciprocalRank:
    """Sum of 1 / (k + rank) over the columns; ties share the better rank.

    Needs no scale of the scores, and loses what the scores tell: it measured worse than
    `ConvexSum`, so take it where a retriever's scores mean nothing. Cormack, Clarke and Büttcher
    (SIGIR 2009).
    """

    def __init__(self, k: float = 60.0) -> None:
        if k < 0:
            raise ValueError(f"k is {k}; it must not be negative.")
        self.k = k

    def rank(self, columns: Columns, features: Columns | None = None) -> Ranked:
        return summed({name: self._reciprocal(scores) for name, scores in columns.items()})

    def _reciprocal(self, scores: Scores) -> NDArray[np.float64]:
        values = np.asarray(scores, dtype=np.float64)
        found = ~np.isnan(values)
        better = np.sort(-values[found])
        ranks = 1 + np.searchsorted(better, -values[found], side="left")
        reciprocal = np.zeros(len(values))
        reciprocal[found] = 1.0 / (self.k + ranks)
        return reciprocal
