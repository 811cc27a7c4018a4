"""Ranks: where the wanted items stand among all that may be recommended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopreco.learning.recommender import Scores
from shopreco.learning.sequences import Items, Sequences

SHOWN = 20
"""Recommended items that are kept of each visitor."""
CELLS = 3_000_000
"""Scores that are in memory at once."""

PerVisitor = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranks:
    """The ranks of the wanted items of each visitor, from 0.

    ranks: (m,), visitor by visitor. visitors: (m,). wanted: how many each wants, (v,), none 0.
    candidates: how many items were ranked for each, (v,). recommended: the first items, (v, 20).
    """

    ranks: Items
    visitors: Items
    wanted: Items
    candidates: Items
    recommended: Items

    def hit_rate(self, cutoff: int) -> PerVisitor:
        """Whether anything wanted is among the first."""
        return (self._found(cutoff) > 0).astype(float)

    def recall(self, cutoff: int) -> PerVisitor:
        return self._found(cutoff) / self.wanted

    def precision(self, cutoff: int) -> PerVisitor:
        return self._found(cutoff) / cutoff

    def f1(self, cutoff: int) -> PerVisitor:
        """The harmonic mean of precision and recall: 2 found / (cutoff + wanted)."""
        return 2 * self._found(cutoff) / (cutoff + self.wanted)

    def ndcg(self, cutoff: int) -> PerVisitor:
        """Against the ranking that has all wanted items first."""
        gains = np.where(self.ranks < cutoff, 1 / np.log2(self.ranks + 2.0), 0.0)
        best = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(cutoff) + 2.0))])
        ndcg: PerVisitor = self._sum(gains) / best[np.minimum(self.wanted, cutoff)]
        return ndcg

    def reciprocal_rank(self) -> PerVisitor:
        """Of the first wanted item."""
        first = np.full(len(self.wanted), np.iinfo(np.int64).max)
        np.minimum.at(first, self.visitors, self.ranks)
        return 1 / (first + 1.0)

    def auc(self) -> PerVisitor:
        """Share of pairs of a wanted item and another in which the wanted one stands first."""
        others = np.maximum(1, self.candidates - self.wanted)
        above = self._sum(self.ranks) - self.wanted * (self.wanted - 1) / 2
        auc: PerVisitor = np.clip(1 - above / self.wanted / others, 0, 1)
        return auc

    def _found(self, cutoff: int) -> PerVisitor:
        return self._sum(self.ranks < cutoff)

    def _sum(self, values: NDArray[np.generic]) -> PerVisitor:
        return np.bincount(self.visitors, values, minlength=len(self.wanted)).astype(float)


def chunks(visitors: int, items: int) -> Iterator[NDArray[np.int64]]:
    """Numbers of visitors, as many at once as their scores fit into memory."""
    size = max(1, CELLS // max(1, items))
    for start in range(0, visitors, size):
        yield np.arange(start, min(start + size, visitors))


def ranks_of(
    score: Callable[[Sequences], Scores],
    histories: Sequences,
    wanted: Sequences,
    items: int,
    *,
    repeats: bool = False,
) -> Ranks:
    """Rank all items for each visitor, without those of the history unless `repeats`.

    Each visitor wants at least one item. Equal scores count against the wanted item. One that is in
    the history and may not be recommended has the last rank.
    """
    ranks = np.empty(len(wanted.items), dtype=np.int64)
    candidates = np.empty(len(wanted), dtype=np.int64)
    shown = min(SHOWN, items)
    recommended = np.empty((len(wanted), shown), dtype=np.int64)
    for chunk in chunks(len(wanted), items):
        part, sought = histories.take(chunk), wanted.take(chunk)
        scores = open_scores(score(part), part, repeats=repeats)
        candidates[chunk] = np.isfinite(scores).sum(1)
        rows = sought.visitors
        own = scores[rows, sought.items]
        # A wanted item at a time: a row of scores for each would be a basket's times as much.
        start = wanted.offsets[chunk[0]]
        for k, (row, value) in enumerate(zip(rows, own, strict=True)):
            above = np.count_nonzero(scores[row] >= value) - 1
            ranks[start + k] = above if np.isfinite(value) else items
        recommended[chunk] = best_of(scores, shown)
    return Ranks(ranks, wanted.visitors, wanted.lengths, candidates, recommended)


def open_scores(scores: Scores, histories: Sequences, *, repeats: bool) -> NDArray[np.float32]:
    """Scores with −∞ for items of the history, unless these may be recommended."""
    opened = np.array(scores, dtype=np.float32)
    if not repeats:
        opened[histories.visitors, histories.items] = -np.inf
    return opened


def best_of(scores: Scores, k: int) -> Items:
    """The k best items of each row, best first, (rows, k)."""
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
    found: Items = np.take_along_axis(best, order, 1)
    return found
