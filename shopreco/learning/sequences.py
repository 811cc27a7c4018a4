"""Sequences: what each visitor did, in order, as arrays of item numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Items: TypeAlias = NDArray[np.int64]
"""Numbers of items, from 0 to n - 1, (k,)."""
Times: TypeAlias = NDArray[np.float64]
"""Seconds, or places in the sequence where nobody knows the time, (k,)."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """The items of each visitor in order of time, one visitor after another.

    items, times: (n,). offsets: (v + 1,), where each visitor begins, and the end. Events of one
    visitor at the same time are one **step**, such as a basket.
    """

    items: Items
    times: Times
    offsets: Items

    @classmethod
    def of(
        cls, sequences: Iterable[Sequence[int]], times: Iterable[Sequence[float]] | None = None
    ) -> Sequences:
        """Of lists of items. Without times, these are the places from 1 on."""
        lists = list(sequences)
        clocks = [range(1, len(each) + 1) for each in lists] if times is None else list(times)
        lengths = [0, *(len(each) for each in lists)]
        return cls(
            np.array([item for each in lists for item in each], dtype=np.int64),
            np.array([time for each in clocks for time in each], dtype=np.float64),
            np.cumsum(lengths, dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, visitor: int) -> Items:
        return self.items[self.offsets[visitor] : self.offsets[visitor + 1]]

    def __iter__(self) -> Iterator[Items]:
        return (self[visitor] for visitor in range(len(self)))

    @property
    def lengths(self) -> Items:
        return np.diff(self.offsets)

    @property
    def visitors(self) -> Items:
        """The visitor of each event, (n,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def back(self) -> Items:
        """How many events of the same visitor come after each, (n,): 0 for the last."""
        return np.repeat(self.offsets[1:], self.lengths) - np.arange(len(self.items)) - 1

    @property
    def step_starts(self) -> Items:
        """The first event of each step, (s,)."""
        if not len(self.items):
            return np.empty(0, dtype=np.int64)
        other = (np.diff(self.times) != 0) | (np.diff(self.visitors) != 0)
        return np.flatnonzero(np.concatenate([[True], other]))

    @property
    def places_only(self) -> bool:
        """Whether the times of all visitors are 1, 2, 3, …: no clock made them."""
        places = np.repeat(self.lengths, self.lengths) - self.back
        return bool((self.times == places).all())

    def take(self, visitors: NDArray[np.integer[Any]]) -> Sequences:
        """The sequences of some visitors, by number."""
        lengths = self.lengths[visitors]
        events = ranges(self.offsets[:-1][visitors], lengths)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return Sequences(self.items[events], self.times[events], offsets)

    def keep(self, events: NDArray[np.bool_]) -> Sequences:
        """The same visitors with some of their events, (n,)."""
        before = np.concatenate([[0], np.cumsum(events)])
        return Sequences(self.items[events], self.times[events], before[self.offsets])


def ranges(starts: Items, lengths: Items) -> Items:
    """start, start + 1, … of each length, one after another."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)


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


@dataclass(frozen=True, slots=True)
class Samples:
    """Histories of one length, each with the items of the step that followed.

    histories: (n, length). targets: (m,); those of history k are
    `targets[offsets[k]:offsets[k + 1]]`.
    """

    histories: Items
    targets: Items
    offsets: Items

    def __len__(self) -> int:
        return len(self.histories)

    def batch(self, rows: Items) -> tuple[Items, Items, Items]:
        """Some histories, (b, length), their targets, (t,), and the row of each target, (t,)."""
        lengths = np.diff(self.offsets)[rows]
        targets = self.targets[ranges(self.offsets[rows], lengths)]
        return self.histories[rows], targets, np.repeat(np.arange(len(rows)), lengths)


def samples(sequences: Sequences, longest: int) -> list[Samples]:
    """Every prefix of every sequence that ends before a step, by length of the history.

    Of longer prefixes the last `longest` items are kept. Source: the sub-sequences of BSARec (Shin
    et al. 2024) and ICSRec, which carry most of what these models gain.
    """
    starts = sequences.step_starts
    ends = np.append(starts[1:], len(sequences.items))
    before = starts - sequences.offsets[:-1][sequences.visitors[starts]]
    lengths = np.minimum(before, longest)
    found = []
    for length in np.unique(lengths[lengths > 0]).tolist():
        chosen = lengths == length
        first, sizes = starts[chosen], (ends - starts)[chosen]
        histories = sequences.items[first[:, None] + np.arange(-length, 0)[None, :]]
        targets = sequences.items[ranges(first, sizes)]
        found.append(Samples(histories, targets, np.concatenate([[0], np.cumsum(sizes)])))
    return found


def recency_matrix(
    sequences: Sequences, items: int, share: float, last: int | None = None
) -> csr_matrix:
    """The events of each visitor as a sparse matrix (visitors, items): the last one counts 1, each
    one before it `share` of the next.

    last: how many events count; None for all.
    """
    from scipy.sparse import csr_matrix

    back = sequences.back
    counted = back < (len(back) if last is None else last)
    cells = sequences.visitors[counted], sequences.items[counted]
    return csr_matrix(
        ((share ** back[counted]).astype(np.float32), cells), shape=(len(sequences), items)
    )
