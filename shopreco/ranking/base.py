"""The contract of rankers: from named columns of scores to one score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns", "Ranked", "Ranker", "Scores", "known", "summed"]

Scores = NDArray[np.floating[Any]]
"""(n,), NaN where there is no score."""

Columns = Mapping[str, Scores]
"""Scores of n candidates by the name of what gave them."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """`scores` (n,) float64, none of them NaN, and what each part adds: `parts` sum to them."""

    scores: NDArray[np.float64]
    parts: Mapping[str, NDArray[np.float64]]


@runtime_checkable
class Ranker(Protocol):
    """Makes one score of many. The order of the candidates does not matter.

    The columns of a search are `dense` (cosine of query and item), `lexical` (BM25F divided by
    the query's mass, 0 to 1; NaN of an item without words) and `mentions` (share of the brands,
    materials, … that the query names, 0 to 1). Further retrievers add further columns; a ranker
    leaves out what it does not know.
    """

    def rank(self, columns: Columns, features: Columns | None = None) -> Ranked:
        """Score n candidates.

        features: what is known of the items whatever was asked, for rankers that are learned.
        """
        ...


def known(scores: Scores) -> NDArray[np.float64]:
    """The scores with 0 where there is none."""
    values = np.asarray(scores, dtype=np.float64)
    return np.where(np.isnan(values), 0.0, values)


def summed(parts: Mapping[str, NDArray[np.float64]]) -> Ranked:
    """Parts with their sum."""
    return Ranked(np.sum(list(parts.values()), axis=0), parts)
