"""Next-item recommendation: splits, and metrics over all items that are not in the history.

Leave-one-out as published for these data (Kang & McAuley 2018): the last event of each user is the
test, the one before it the validation. Nothing of either is used in training; the history of the
test includes the validation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shopreco.learning.sequences import Items, Sequences

CUTOFFS = (5, 10, 20)
CHUNK = 1_000
"""Users that are scored at once."""

Score = Callable[[Sequences], NDArray[np.floating]]
"""Scores of all items for each history, (users, items)."""


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """Sequences of users who have three events or more.

    train: without the last two. validation, test: the item to be found, (users,).
    """

    train: Sequences
    validation: Items
    test: Items
    items: int

    @classmethod
    def of(cls, sequences: Sequences, items: int) -> LeaveOneOut:
        lasting = sequences.take(np.flatnonzero(sequences.lengths >= 3))
        ends = lasting.offsets[1:]
        return cls(lasting.without_last(2), lasting.items[ends - 2], lasting.items[ends - 1], items)

    @property
    def test_histories(self) -> Sequences:
        """What is known before the test: training and validation."""
        return Sequences.of(
            [[*each.tolist(), int(v)] for each, v in zip(self.train, self.validation, strict=True)]
        )


@dataclass(frozen=True, slots=True)
class Ranks:
    """Where the wanted item stood among all that are not in the history, from 0, (users,).

    recommended: the first 20 of each user, (users, 20).
    """

    ranks: Items
    recommended: Items

    def per_user(self, name: str, cutoff: int) -> NDArray[np.float64]:
        """A metric of each user, (users,): "hr" or "ndcg"."""
        hit = self.ranks < cutoff
        if name == "hr":
            return hit.astype(float)
        return np.where(hit, 1 / np.log2(self.ranks + 2.0), 0.0)


def ranks_of(score: Score, histories: Sequences, wanted: Items) -> Ranks:
    """Rank all items but those of the history; equal scores count against the wanted item."""
    ranks = np.empty(len(wanted), dtype=np.int64)
    recommended = np.empty((len(wanted), max(CUTOFFS)), dtype=np.int64)
    for start in range(0, len(wanted), CHUNK):
        chunk = np.arange(start, min(start + CHUNK, len(wanted)))
        part = histories.take(chunk)
        scores = np.array(score(part), dtype=np.float32)
        rows = np.repeat(np.arange(len(chunk)), part.lengths)
        scores[rows, part.items] = -np.inf
        own = scores[np.arange(len(chunk)), wanted[chunk]]
        # Who wants again what is in the history is never right: as published.
        above = (scores > own[:, None]).sum(1)
        ties = (scores == own[:, None]).sum(1) - 1
        ranks[chunk] = np.where(np.isfinite(own), above + ties, scores.shape[1])
        best = np.argpartition(-scores, max(CUTOFFS), axis=1)[:, : max(CUTOFFS)]
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
        recommended[chunk] = np.take_along_axis(best, order, 1)
    return Ranks(ranks, recommended)


@dataclass(frozen=True, slots=True)
class Popularity:
    """How often items occur in training: thirds of events, and items without any.

    counts: (items,). third: 0 for items of the most popular third of events, 2 for the least
    popular, 3 for cold items, (items,)."""

    counts: Items
    third: Items

    @classmethod
    def of(cls, train: Sequences, items: int) -> Popularity:
        counts = np.bincount(train.items, minlength=items)
        order = np.argsort(-counts, kind="stable")
        share = np.cumsum(counts[order]) / max(1, counts.sum())
        third = np.empty(items, dtype=np.int64)
        third[order] = np.minimum((share * 3 - 1e-9).astype(np.int64), 2)
        third[counts == 0] = 3
        return cls(counts, third)


def metrics(found: Ranks, wanted: Items, popularity: Popularity) -> dict[str, float]:
    """All metrics of one system, as means over the users.

    With one wanted item, recall is the hit rate and precision is a share of it. AUC is the share
    of items that stand below the wanted one.
    """
    figures: dict[str, float] = {}
    for cutoff in CUTOFFS:
        hits = found.per_user("hr", cutoff)
        precision, recall = float(hits.mean()) / cutoff, float(hits.mean())
        figures[f"hr@{cutoff}"] = figures[f"recall@{cutoff}"] = recall
        figures[f"ndcg@{cutoff}"] = float(found.per_user("ndcg", cutoff).mean())
        figures[f"precision@{cutoff}"] = precision
        both = precision + recall
        figures[f"f1@{cutoff}"] = 2 * precision * recall / both if both else 0.0
    figures["mrr"] = float((1 / (found.ranks + 1.0)).mean())
    items = len(popularity.counts)
    figures["auc"] = float((1 - found.ranks / max(1, items - 1)).mean())
    shown = np.bincount(found.recommended[:, :10].ravel(), minlength=items)
    figures["coverage@10"] = float((shown > 0).mean())
    figures["gini@10"] = gini(shown)
    chance = (popularity.counts + 1) / (popularity.counts.sum() + items)
    figures["novelty@10"] = float(-np.log2(chance[found.recommended[:, :10]]).mean())
    for third, name in enumerate(("popular", "middle", "tail", "cold")):
        of_it = popularity.third[wanted] == third
        if of_it.any():
            figures[f"hr@10 {name}"] = float(found.per_user("hr", 10)[of_it].mean())
    return figures


def gini(counts: NDArray[np.integer]) -> float:
    """How unequally items are shown: 0 if all alike, 1 if always the same."""
    ordered = np.sort(counts.astype(float))
    if not ordered.sum():
        return 0.0
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))


@dataclass(frozen=True, slots=True)
class Difference:
    """How one system differs from another, user by user. p: two-sided, by paired bootstrap."""

    mean: float
    p: float


def paired_bootstrap(
    one: NDArray[np.float64], other: NDArray[np.float64], *, samples: int = 10_000, seed: int = 0
) -> Difference:
    """Compare a metric of the same users under two systems (Efron & Tibshirani 1993)."""
    difference = one - other
    random = np.random.default_rng(seed)
    # The values of a metric are few: draw how often each occurs, instead of users one by one.
    values, numbers = np.unique(difference, return_counts=True)
    drawn = random.multinomial(len(difference), numbers / len(difference), size=samples)
    means = drawn @ values / len(difference)
    tail = min((means <= 0).mean(), (means >= 0).mean())
    return Difference(float(difference.mean()), float(min(1.0, 2 * max(tail, 1 / samples))))


@dataclass(slots=True)
class SeedReport:
    """The figures of one seed, by system; the users' metrics for comparisons."""

    seed: int
    systems: dict[str, Mapping[str, float]] = field(default_factory=dict)
    per_user: dict[str, NDArray[np.float64]] = field(default_factory=dict)
