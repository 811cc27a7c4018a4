"""Candidates: the one shape between retrieval and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Place = tuple[int, int]
"""An item and its group."""


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


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ranked candidates: item ids with their groups and scores, all (n,), best first."""

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    source: str
    parts: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(
        cls, source: str, hits: Hits, parts: Mapping[str, NDArray[np.float64]] | None = None
    ) -> Ranking:
        """Hits of one source; with `parts`, which sum to the scores, of several. Without any they
        keep theirs."""
        parts = {source: hits.scores.astype(float)} if parts is None else parts
        scores = np.sum(list(parts.values()), axis=0) if parts else hits.scores.astype(float)
        return cls(hits.item_ids, hits.group_ids, scores, source, parts)

    def as_plain(self) -> tuple[Any, ...]:
        """Of lists and texts alone, for caches; see `from_plain`."""
        parts = {name: part.tolist() for name, part in self.parts.items()}
        return self.source, self.item_ids.tolist(), self.group_ids.tolist(), parts

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Ranking:
        source, item_ids, group_ids, parts = plain
        hits = Hits.from_rows([(i, g, 0.0) for i, g in zip(item_ids, group_ids, strict=True)])
        return cls.of(source, hits, {name: np.array(part) for name, part in parts.items()})

    def besides(self, others: Ranking) -> Ranking:
        """Its candidates, then those that only the others have; both have the same parts."""
        more = others.take(~np.isin(others.item_ids, self.item_ids))
        return replace(
            self,
            item_ids=np.concatenate([self.item_ids, more.item_ids]),
            group_ids=np.concatenate([self.group_ids, more.group_ids]),
            scores=np.concatenate([self.scores, more.scores]),
            parts={n: np.concatenate([part, more.parts[n]]) for n, part in self.parts.items()},
        )

    @property
    def places(self) -> list[Place]:
        return list(zip(self.item_ids.tolist(), self.group_ids.tolist(), strict=True))

    def take(self, positions: NDArray[Any]) -> Ranking:
        return Ranking(
            self.item_ids[positions],
            self.group_ids[positions],
            self.scores[positions],
            self.source,
            {name: part[positions] for name, part in self.parts.items()},
        )
