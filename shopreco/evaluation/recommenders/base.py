"""The contract of recommenders that are measured: sequences in, scores of all items out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shopreco.learning.sequences import Items, Sequences

Scores = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a recommender may learn from.

    times: of the events of `train`, in the same order; None where there is no clock.
    texts: unit vectors of the items' texts, (items, d).
    validation: the item that followed each sequence, for choosing among settings, (users,).
    """

    train: Sequences
    items: int
    texts: NDArray[np.float32]
    validation: Items
    times: NDArray[np.float64] | None = None
    seed: int = 0


class Recommender(ABC):
    """One way of recommending the next item.

    Capability flags:
        needs_times: Does it need to know when events were?
        is_seeded: Does another seed give other scores?
    """

    name: ClassVar[str]
    needs_times: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = False

    @abstractmethod
    def fit(self, data: TrainingData) -> None:
        """Learn from the training part alone."""

    @abstractmethod
    def scores(self, histories: Sequences) -> Scores:
        """Scores of all items for each history, (users, items); more is likelier."""


def recency_matrix(histories: Sequences, items: int, share: float, last: int = 50) -> Any:
    """The last items of each history as a sparse matrix (users, items): 1 for the last one, `share`
    for the one before it, and so on."""
    from scipy.sparse import csr_matrix

    lengths = np.minimum(histories.lengths, last)
    rows = np.repeat(np.arange(len(histories)), lengths)
    ends = np.repeat(histories.offsets[1:], lengths)
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    back = np.arange(lengths.sum()) - starts
    weights = share**back
    return csr_matrix(
        (weights, (rows, histories.items[ends - 1 - back])), shape=(len(histories), items)
    )
