"""Interactions of a data set: who did something with which item, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from shopreco.learning.sequences import Sequences

Interaction = tuple[str, str, float]
"""User, item, time."""


@dataclass(frozen=True, slots=True)
class Interactions:
    """Sequences of users, and the ids of the items by their numbers."""

    sequences: Sequences
    items: Sequence[str]

    @classmethod
    def of(cls, interactions: Iterable[Interaction], items: Iterable[str]) -> Interactions:
        """Sort each user's interactions by time. The same ones at the same time are one.

        items: ids of items that may be recommended also where nobody did anything with them.
        """
        numbers = {item: n for n, item in enumerate(dict.fromkeys(items))}
        by_user: dict[str, dict[tuple[float, int], None]] = {}
        for user, item, time in interactions:
            number = numbers.setdefault(item, len(numbers))
            by_user.setdefault(user, {})[time, number] = None
        # Sorting is stable: interactions at the same time stay in the order of the file.
        ordered = [sorted(each, key=lambda event: event[0]) for each in by_user.values()]
        events = np.array([event for each in ordered for event in each], dtype=float).reshape(-1, 2)
        offsets = np.cumsum([0, *map(len, ordered)])
        sequences = Sequences(events[:, 1].astype(np.int64), events[:, 0].copy(), offsets)
        return cls(sequences, list(numbers))
