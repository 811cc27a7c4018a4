"""Diversity: maximal marginal relevance and caps, against lists of near-copies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["cap_per_key", "maximal_marginal_relevance"]


def maximal_marginal_relevance(
    relevance: NDArray[np.floating[Any]],
    vectors: NDArray[np.floating[Any]],
    k: int,
    diversity: float,
) -> NDArray[np.intp]:
    """Positions of k items, each relevant and unlike those before it, in the order of choice.

    Each step takes the item with the greatest
    (1 - diversity) * relevance - diversity * (greatest cosine to those chosen).
    diversity 0 is the order of relevance, 1 looks at unlikeness only (after the most relevant).

    relevance: (n,), on the scale of a cosine. vectors: (n, d), L2-normalised. Ties go to the item
    that comes first. Time O(k n d). Carbonell and Goldstein (SIGIR 1998).
    """
    if not 0 <= diversity <= 1:
        raise ValueError(f"diversity is {diversity}; it must be from 0 to 1.")
    scores = np.asarray(relevance, dtype=np.float64)
    count = min(max(k, 0), len(scores))
    chosen = np.empty(count, dtype=np.intp)
    if not count:
        return chosen
    likeness = np.full(len(scores), -np.inf)
    available = np.ones(len(scores), dtype=bool)
    chosen[0] = np.argmax(scores)
    for step in range(1, count):
        newest = chosen[step - 1]
        available[newest] = False
        np.maximum(likeness, vectors @ vectors[newest], out=likeness)
        marginal = (1 - diversity) * scores - diversity * likeness
        chosen[step] = np.argmax(np.where(available, marginal, -np.inf))
    return chosen


def cap_per_key(keys: Sequence[Hashable], cap: int) -> NDArray[np.intp]:
    """Positions that remain, in order, if at most `cap` items may share a key (a brand, say)."""
    seen: Counter[Hashable] = Counter()
    kept = []
    for position, key in enumerate(keys):
        seen[key] += 1
        if seen[key] <= cap:
            kept.append(position)
    return np.array(kept, dtype=np.intp)
