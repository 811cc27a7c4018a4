"""The contract of recommenders that are learned: sequences in, scores of all items out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shopreco.learning.sequences import Sequences

Scores: TypeAlias = NDArray[np.floating[Any]]
Vectors: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a recommender may learn from.

    train: what visitors did. validation: what the same visitors did next, for choosing among
    settings; of some of them nothing. contents: unit vectors of the items' content, (items, d); 0
    of an item without content. complete: what may be learned from once the settings are chosen, if
    that is more than `train`. repeats: whether what a visitor had may be recommended again.
    """

    train: Sequences
    validation: Sequences
    contents: Vectors
    complete: Sequences | None = None
    repeats: bool = False
    seed: int = 0

    @property
    def items(self) -> int:
        return len(self.contents)

    @property
    def settled(self) -> TrainingData:
        """The data of a recommender whose settings are chosen: everything, and no validation."""
        if self.complete is None:
            return self
        nothing = self.validation.keep(np.zeros(len(self.validation.items), dtype=bool))
        return replace(self, train=self.complete, validation=nothing, complete=None)


class Recommender(ABC):
    """One way of recommending the next item.

    Capability flags:
        needs_times: Does it need to know when events were?
        needs_repeats: Does it recommend what the visitor had before?
        is_seeded: Does another seed give other scores?
    """

    name: ClassVar[str]
    needs_times: ClassVar[bool] = False
    needs_repeats: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = False

    def applies(self, data: TrainingData) -> bool:
        """Whether these data have what it needs."""
        has_times = not data.train.places_only
        return (has_times or not self.needs_times) and (data.repeats or not self.needs_repeats)

    @abstractmethod
    def fit(self, data: TrainingData) -> None:
        """Learn from `train`; settings may be chosen by `validation`."""

    def settle(self, data: TrainingData) -> None:
        """Learn again from everything, with the settings that `fit` has chosen."""
        self.fit(data.settled)

    @abstractmethod
    def scores(self, histories: Sequences) -> Scores:
        """Scores of all items for each history, (visitors, items); more is likelier.

        They are on a scale on which they may be added to those of others, such as a logarithm.
        """
