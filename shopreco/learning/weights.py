"""Weights of a sum of recommenders, chosen by what visitors did next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopreco.learning.ranks import best_of, chunks, open_scores
from shopreco.learning.recommender import Recommender, TrainingData
from shopreco.learning.sequences import Items, Sequences

ASKED = 10_000
"""Visitors whose validation decides."""
DEPTH = 100
"""Items that each recommender puts into a visitor's pool."""
CUTOFF = 10
GRID = (0.0, *(0.03 * 1.4**power for power in range(16)))
"""Weights that are tried, in units of the best recommender's spread: up to about 4."""
ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Pool:
    """What may be among a visitor's first ten: the best items of each recommender.

    scores: (recommenders, visitors, k), −∞ of an item that is there already. wanted: whether each
    is what the visitor did next, (visitors, k). sizes: how many items that were, (visitors,).
    """

    scores: NDArray[np.float32]
    wanted: NDArray[np.bool_]
    sizes: Items

    @classmethod
    def of(cls, recommenders: Sequence[Recommender], data: TrainingData) -> Pool:
        asked = np.flatnonzero(data.validation.lengths > 0)
        if len(asked) > ASKED:
            asked = np.sort(np.random.default_rng(0).choice(asked, ASKED, replace=False))
        histories, validation = data.train.take(asked), data.validation.take(asked)
        parts = [
            _part(recommenders, histories.take(chunk), validation.take(chunk), data)
            for chunk in chunks(len(asked), data.items)
        ]
        return cls(
            np.concatenate([scores for scores, _wanted in parts], axis=1),
            np.concatenate([wanted for _scores, wanted in parts]),
            validation.lengths,
        )

    @property
    def spreads(self) -> NDArray[np.float64]:
        """How much the scores of each recommender differ within a pool, (recommenders,)."""
        known = np.where(np.isfinite(self.scores), self.scores, np.nan)
        spreads: NDArray[np.float64] = np.nanmean(np.nanstd(known, axis=2), axis=1)
        return spreads

    def ndcg(self, weights: NDArray[np.float64]) -> float:
        """NDCG@10 of the weighted sum."""
        total = np.zeros(self.wanted.shape, dtype=np.float32)
        for weight, scores in zip(weights, self.scores, strict=True):
            if weight:
                total += np.float32(weight) * scores
        # Of what is there already no weight decides.
        total[~np.isfinite(self.scores[0])] = -np.inf
        gains = 1 / np.log2(np.arange(CUTOFF) + 2.0)
        found = np.take_along_axis(self.wanted, best_of(total, CUTOFF), 1) @ gains
        best = np.concatenate([[0.0], np.cumsum(gains)])[np.minimum(self.sizes, CUTOFF)]
        return float((found / best).mean())


def choose_weights(recommenders: Sequence[Recommender], data: TrainingData) -> Mapping[str, float]:
    """The weights of a sum that ranks the validation best, by coordinate search on NDCG@10.

    One recommender is enough where no other adds anything; its weight is 1. Where nobody did
    anything next, all have the weight 1.
    """
    if not len(data.validation.items):
        return dict.fromkeys((each.name for each in recommenders), 1.0)
    pool = Pool.of(recommenders, data)
    units = 1 / np.maximum(pool.spreads, 1e-9)
    alone = np.diag(units)
    first = int(np.argmax([pool.ndcg(each) for each in alone]))
    chosen = np.zeros(len(recommenders))
    chosen[first] = 1.0
    best = pool.ndcg(chosen * units)
    for _round in range(ROUNDS):
        before = best
        for column in range(len(recommenders)):
            for weight in GRID if column != first else ():
                tried = chosen.copy()
                tried[column] = weight
                if (ndcg := pool.ndcg(tried * units)) > best:
                    best, chosen = ndcg, tried
        if best == before:
            break
    weights = chosen * units / units[first]
    names = [each.name for each in recommenders]
    return dict(zip(names, weights.tolist(), strict=True))


def _part(
    recommenders: Sequence[Recommender],
    histories: Sequences,
    validation: Sequences,
    data: TrainingData,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    every = [
        open_scores(each.scores(histories), histories, repeats=data.repeats)
        for each in recommenders
    ]
    depth = min(DEPTH, data.items)
    items = np.sort(np.hstack([best_of(scores, depth) for scores in every]), axis=1)
    again = np.hstack([np.zeros((len(items), 1), bool), np.diff(items, axis=1) == 0])
    scores = np.stack([np.take_along_axis(each, items, 1) for each in every])
    scores[:, again] = -np.inf
    sought = np.zeros((len(histories), data.items), dtype=bool)
    sought[validation.visitors, validation.items] = True
    return scores, np.take_along_axis(sought, items, 1)
