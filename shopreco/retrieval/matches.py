"""What retrievers hand on: arrays of items with their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Hits:
    """Items that one retriever found, best first. All arrays (n,)."""

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    scores: NDArray[np.floating[Any]]

    @classmethod
    def from_rows(cls, rows: Sequence[tuple[int, int, float]]) -> Hits:
        ids, groups, scores = zip(*rows, strict=True) if rows else ((), (), ())
        return cls(
            np.array(ids, dtype=np.int64),
            np.array(groups, dtype=np.int64),
            np.array(scores, dtype=np.float32),
        )

    def take(self, positions: NDArray[Any]) -> Hits:
        return Hits(self.item_ids[positions], self.group_ids[positions], self.scores[positions])

    def __len__(self) -> int:
        return len(self.item_ids)


NO_HITS = Hits.from_rows(())
