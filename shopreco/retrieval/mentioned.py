"""Items that have what a query mentions: the brand, the material, the category that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mentions = Mapping[int, float]
"""Confidence, 0 to 1, by node id."""


@dataclass(frozen=True, slots=True)
class Shares:
    """What share of what is mentioned items have, from 0 to 1. Sorted by item; all arrays (n,)."""

    item_ids: NDArray[np.int64]
    shares: NDArray[np.float64]

    def at_least(self, share: float) -> NDArray[np.int64]:
        return self.item_ids[self.shares >= share]

    def of(self, item_ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """(n,), NaN for those that have nothing of it."""
        if not len(self.item_ids):
            return np.full(len(item_ids), np.nan)
        places = np.searchsorted(self.item_ids, item_ids).clip(max=len(self.item_ids) - 1)
        return np.where(self.item_ids[places] == item_ids, self.shares[places], np.nan)


NO_SHARES = Shares(np.empty(0, dtype=np.int64), np.empty(0))


@dataclass(frozen=True, slots=True)
class Holders:
    """Which items have a node of the graph, and how surely. Sorted by node; all arrays (m,)."""

    node_ids: NDArray[np.int64]
    item_ids: NDArray[np.int64]
    weights: NDArray[np.float64]

    def shares(self, mentions: Mentions) -> Shares:
        """Of what is mentioned, by how sure mention and edge are."""
        if not mentions:
            return NO_SHARES
        nodes = list(mentions)
        starts = np.searchsorted(self.node_ids, nodes, side="left")
        ends = np.searchsorted(self.node_ids, nodes, side="right")
        slices = [slice(*each) for each in zip(starts, ends, strict=True)]
        held = np.concatenate([self.item_ids[each] for each in slices])
        sure = np.concatenate(
            [mentions[node] * self.weights[each] for node, each in zip(nodes, slices, strict=True)]
        )
        item_ids, places = np.unique(held, return_inverse=True)
        sums = np.bincount(places, weights=sure, minlength=len(item_ids))
        return Shares(item_ids, sums / sum(mentions.values()))
