"""Sums of named columns with fixed weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from shopreco.ranking.base import Columns, Ranked, known, summed

__all__ = ["WeightedMean", "WeightedSum"]


class WeightedSum:
    """The weighted columns added up; a missing score counts 0."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.weights = weights

    def rank(self, columns: Columns, features: Columns | None = None) -> Ranked:
        return summed({name: w * known(columns[name]) for name, w in self.weights.items()})


class WeightedMean:
    """The weighted mean of the scores that a candidate has; missing ones do not count.

    Each candidate has a score in one of the columns whose weight is not 0.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.weights = {name: weight for name, weight in weights.items() if weight}

    def rank(self, columns: Columns, features: Columns | None = None) -> Ranked:
        had = {name: w * ~np.isnan(columns[name]) for name, w in self.weights.items()}
        whole = np.sum(list(had.values()), axis=0)
        parts = {n: share / whole * np.nan_to_num(columns[n]) for n, share in had.items()}
        return summed(parts)
