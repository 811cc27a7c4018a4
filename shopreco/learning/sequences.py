"""Sequences: what each visitor did, in order, as arrays of item numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Items: TypeAlias = NDArray[np.int64]
"""Numbers of items, from 0 to n - 1, (k,)."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """The items of each visitor in order of time, one visitor after another.

    items: (n,). offsets: (v + 1,); those of visitor k are `items[offsets[k]:offsets[k + 1]]`.
    """

    items: Items
    offsets: Items

    @classmethod
    def of(cls, sequences: Iterable[Sequence[int]]) -> Sequences:
        lists = list(sequences)
        lengths = np.array([0, *(len(each) for each in lists)], dtype=np.int64)
        items = np.array([item for each in lists for item in each], dtype=np.int64)
        return cls(items, np.cumsum(lengths))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, visitor: int) -> Items:
        return self.items[self.offsets[visitor] : self.offsets[visitor + 1]]

    def __iter__(self) -> Iterator[Items]:
        return (self[visitor] for visitor in range(len(self)))

    @property
    def lengths(self) -> Items:
        return np.diff(self.offsets)

    def take(self, visitors: NDArray[np.integer]) -> Sequences:
        """The sequences of some visitors, by number."""
        return Sequences.of([self[int(visitor)].tolist() for visitor in visitors])

    def without_last(self, number: int) -> Sequences:
        """All but the last items of each visitor."""
        return Sequences.of([each[: max(0, len(each) - number)].tolist() for each in self])


def by_length(sequences: Sequences, longest: int) -> dict[int, tuple[Items, Items]]:
    """The last `longest` items of each visitor, by how many these are: no batch needs padding.

    Returns, by length, the numbers of the visitors (v,) and their items (v, length). Visitors
    without an item are left out.
    """
    lengths = np.minimum(sequences.lengths, longest)
    found = {}
    for length in np.unique(lengths[lengths > 0]).tolist():
        visitors = np.flatnonzero(lengths == length)
        last = sequences.offsets[visitors + 1][:, None] + np.arange(-length, 0)[None, :]
        found[length] = (visitors, sequences.items[last])
    return found


def prefixes(sequences: Sequences, longest: int) -> dict[int, Items]:
    """Every prefix of every sequence with the item that followed it, by the prefix's length.

    Returns, by length, arrays (n, length + 1) whose last column is what followed. Of longer
    prefixes the last `longest` items are kept. Source: the sub-sequences of BSARec (Shin et al.
    2024) and ICSRec, which carry most of what these models gain.
    """
    found: dict[int, list[Items]] = {}
    for each in sequences:
        for end in range(1, len(each)):
            start = max(0, end - longest)
            found.setdefault(end - start, []).append(each[start : end + 1])
    return {length: np.stack(rows) for length, rows in sorted(found.items())}
