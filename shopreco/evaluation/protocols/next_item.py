"""Next-item recommendation: how sequences are split, and what is measured.

Leave-one-out, as published for these data (Kang & McAuley 2018): the last event of each visitor is
the test, the one before it the validation. Nothing of either is used in training; the history of
the test includes the validation.

Time split: the last fifth of the days is the test. Each customer's first basket of these days is
wanted. The validation is the same of the days before, and what it chose is learned again from all
days before the test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopreco.learning.ranks import PerVisitor, Ranks
from shopreco.learning.recommender import TrainingData, Vectors
from shopreco.learning.sequences import Sequences

CUTOFFS = (5, 10, 20)
TEST_SHARE = 0.2
DAY = 86_400.0
SAMPLES = 5_000
"""Of a bootstrap."""


@dataclass(frozen=True, slots=True)
class Split:
    """What may be learned from, and what is to be found.

    histories: what is known of each visitor at the test. wanted: what the visitor did next; at
    least one item each.
    """

    data: TrainingData
    histories: Sequences
    wanted: Sequences


def leave_one_out(sequences: Sequences, contents: Vectors) -> Split:
    """Visitors with fewer than three events are not tested; all that they did is learned from."""
    back = sequences.back
    tested = (sequences.lengths >= 3)[sequences.visitors]
    data = TrainingData(
        train=sequences.keep((back >= 2) | ~tested),
        validation=sequences.keep((back == 1) & tested),
        contents=contents,
    )
    return _split(data, sequences.keep(back >= 1), sequences.keep((back == 0) & tested))


def time_split(sequences: Sequences, contents: Vectors) -> Split:
    """What a customer had may be recommended again."""
    days = np.floor(sequences.times / DAY)
    first, end = days.min(), days.max() + 1
    test = end - round((end - first) * TEST_SHARE)
    validation = test - round((test - first) * TEST_SHARE)
    data = TrainingData(
        train=sequences.keep(days < validation),
        validation=_first_step(sequences.keep((days >= validation) & (days < test))),
        contents=contents,
        complete=sequences.keep(days < test),
        repeats=True,
    )
    return _split(data, sequences.keep(days < test), _first_step(sequences.keep(days >= test)))


PROTOCOLS: Mapping[str, Callable[[Sequences, Vectors], Split]] = {
    "leave-one-out": leave_one_out,
    "time-split": time_split,
}


def _split(data: TrainingData, histories: Sequences, wanted: Sequences) -> Split:
    wanting = np.flatnonzero(wanted.lengths)
    return Split(data, histories.take(wanting), wanted.take(wanting))


def _first_step(sequences: Sequences) -> Sequences:
    begins = sequences.times[np.minimum(sequences.offsets[:-1], len(sequences.times) - 1)]
    return sequences.keep(sequences.times == begins[sequences.visitors])


@dataclass(frozen=True, slots=True)
class Popularity:
    """How often items occur in training.

    counts: (items,). part: 0, 1, 2 for the items of the most, less and least popular third of
    events, 3 for items without any, (items,).
    """

    counts: NDArray[np.int64]
    part: NDArray[np.int64]

    @classmethod
    def of(cls, train: Sequences, items: int) -> Popularity:
        counts = np.bincount(train.items, minlength=items)
        order = np.argsort(-counts, kind="stable")
        before = np.cumsum(counts[order]) - counts[order]
        part = np.empty(items, dtype=np.int64)
        part[order] = np.minimum(3 * before // max(1, counts.sum()), 2)
        part[counts == 0] = 3
        return cls(counts, part)


PARTS = ("popular", "middle", "tail", "cold")


def per_visitor(found: Ranks) -> dict[str, PerVisitor]:
    """The metrics that are means over visitors, (visitors,) by name."""
    figures: dict[str, PerVisitor] = {}
    for cutoff in CUTOFFS:
        figures[f"hr@{cutoff}"] = found.hit_rate(cutoff)
        figures[f"ndcg@{cutoff}"] = found.ndcg(cutoff)
        figures[f"precision@{cutoff}"] = found.precision(cutoff)
        figures[f"recall@{cutoff}"] = found.recall(cutoff)
        figures[f"f1@{cutoff}"] = found.f1(cutoff)
    figures["mrr"] = found.reciprocal_rank()
    figures["auc"] = found.auc()
    return figures


def metrics(found: Ranks, wanted: Sequences, popularity: Popularity) -> dict[str, float]:
    """All metrics of one system.

    Beside the means over visitors: coverage, the share of items that are among anybody's first ten;
    Gini of exposure; novelty, −log2 of the share of events that a recommended item has (Vargas &
    Castells 2011); and how often a wanted item is among the first ten, by its popularity.
    """
    figures = {name: float(values.mean()) for name, values in per_visitor(found).items()}
    items = len(popularity.counts)
    shown = found.recommended[:, :10]
    exposure = np.bincount(shown.ravel(), minlength=items)
    figures["coverage@10"] = float((exposure > 0).mean())
    figures["gini@10"] = gini(exposure)
    chance = (popularity.counts + 1) / (popularity.counts.sum() + items)
    figures["novelty@10"] = float(-np.log2(chance[shown]).mean())
    for part, name in enumerate(PARTS):
        of_it = popularity.part[wanted.items] == part
        if of_it.any():
            figures[f"found@10 {name}"] = float((found.ranks[of_it] < 10).mean())
    return figures


def gini(counts: NDArray[np.int64]) -> float:
    """How unequally items are shown: 0 if all alike, near 1 if always the same."""
    ordered = np.sort(counts.astype(float))
    if not ordered.sum():
        return 0.0
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))


@dataclass(frozen=True, slots=True)
class Difference:
    """How one system differs from another, visitor by visitor. p: two-sided."""

    mean: float
    p: float


def paired_bootstrap(one: PerVisitor, other: PerVisitor) -> Difference:
    """Compare a metric of the same visitors under two systems (Efron & Tibshirani 1993)."""
    difference = (one - other).astype(np.float32)
    random = np.random.default_rng(0)
    n = len(difference)
    means = np.array([difference[random.integers(0, n, n)].mean() for _ in range(SAMPLES)])
    # One more on either side: that nothing was drawn beyond 0 proves no p of 0.
    tail = (min((means <= 0).sum(), (means >= 0).sum()) + 1) / (SAMPLES + 1)
    return Difference(float(difference.mean()), float(min(1.0, 2 * tail)))
