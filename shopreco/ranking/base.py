"""The contract of rankers: from named columns of scores to one score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns", "Ranked", "Ranker", "Scores", "known", "summed"]

Scores = NDArray[np.floating[Any]]
"""(n,), NaN without a score."""

Columns = Mapping[str, Scores]
"""Scores of n candidates by the name of what gave them."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """`scores`, (n,) float64 without NaN, and `parts`, (n,) by name, which sum to them."""

    scores: NDArray[np.float64]
    parts: Mapping[str, NDArray[np.float64]]


@runtime_checkable
class Ranker(Protocol):
    """Makes one score of the columns of candidates. Their order does not matter.

    The columns of a search are `dense` (cosine of query and item), `lexical` (BM25F divided by
    the query's mass, 0 to 1; NaN of an item without words) and `mentions` (share of the brands,
    materials, … that the query names, 0 to 1). Further retrievers add columns; a ranker ignores
    columns that it does not know.
    """

    def rank(self, columns: Columns, features: Columns | None = None) -> Ranked:
        """Score n candidates.

        features: what is known of items whatever the query is, (n,) by name, for learned rankers.
        """
        ...


def known(scores: Scores) -> NDArray[np.float64]:
    """The scores with 0 in place of NaN, (n,)."""
    values = np.asarray(scores, dtype=np.float64)
    return np.where(np.isnan(values), 0.0, values)


def summed(parts: Mapping[str, NDArray[np.float64]]) -> Ranked:
    """The sum of parts, with the parts."""
    return Ranked(np.sum(list(parts.values()), axis=0), parts)
