"""The contract of retrievers: a context in, candidates out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopreco.models import EmbeddingSpace
from shopreco.queries.conditions import Filters
from shopreco.queries.entities import NO_SHARES, Shares
from shopreco.queries.terms import LexicalQuery
from shopreco.registries import Registry
from shopreco.stages import StageLog

Scores = NDArray[np.floating[Any]]
Vector = NDArray[np.float32]

Place = tuple[int, int]
"""An item and its group."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Items with the scores that they have: the one shape between retrieval and a page.

    All arrays are (n,). A score is NaN where a retriever has none for an item. Candidates that are
    ranked are in order, the best first, and their columns sum to their scores.
    """

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    """Of variants of one product; an item without variants is its own group."""
    columns: Mapping[str, Scores]
    """By the name of what gave the scores."""
    source: str = ""
    """The retriever that found them, or that ranked what several found."""
    complete: bool = True
    """Whether there are no more; otherwise asking for more may give more."""

    @classmethod
    def from_rows(
        cls, rows: Sequence[tuple[int, int, float]], column: str, *, complete: bool = True
    ) -> Candidates:
        """Item, group and score each, the best first."""
        ids, groups, scores = zip(*rows, strict=True) if rows else ((), (), ())
        columns = {column: np.array(scores, dtype=np.float32)}
        return cls(
            np.array(ids, dtype=np.int64),
            np.array(groups, dtype=np.int64),
            columns,
            column,
            complete,
        )

    def __len__(self) -> int:
        return len(self.item_ids)

    @property
    def scores(self) -> NDArray[np.float64]:
        """The sum of the columns, (n,); an unknown one counts 0."""
        if not self.columns:
            return np.zeros(len(self.item_ids))
        total: NDArray[np.float64] = np.nansum(np.array([*self.columns.values()], float), axis=0)
        return total

    @property
    def places(self) -> list[Place]:
        return list(zip(self.item_ids.tolist(), self.group_ids.tolist(), strict=True))

    def take(self, positions: NDArray[Any]) -> Candidates:
        """Those at some positions, or where a mask is true."""
        return Candidates(
            self.item_ids[positions],
            self.group_ids[positions],
            {name: scores[positions] for name, scores in self.columns.items()},
            self.source,
            self.complete,
        )

    def join(self, others: Candidates) -> Candidates:
        """These, then those that only the others have; both have the same columns."""
        more = others.take(~np.isin(others.item_ids, self.item_ids))
        return Candidates(
            np.concatenate([self.item_ids, more.item_ids]),
            np.concatenate([self.group_ids, more.group_ids]),
            {n: np.concatenate([own, more.columns[n]]) for n, own in self.columns.items()},
            self.source,
            self.complete and others.complete,
        )

    def order(self, scores: NDArray[np.float64] | None = None) -> Candidates:
        """The best first, by default by the sum of the columns; equal ones by their id."""
        by = self.scores if scores is None else scores
        return self.take(np.lexsort((self.item_ids, -by)))

    def as_plain(self) -> tuple[Any, ...]:
        """Of lists and texts alone, for caches; see `from_plain`."""
        columns = {name: scores.tolist() for name, scores in self.columns.items()}
        return (
            self.item_ids.tolist(),
            self.group_ids.tolist(),
            columns,
            self.source,
            self.complete,
        )

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Candidates:
        item_ids, group_ids, columns, source, complete = plain
        return cls(
            np.array(item_ids, dtype=np.int64),
            np.array(group_ids, dtype=np.int64),
            {name: np.array(scores, dtype=float) for name, scores in columns.items()},
            source,
            complete,
        )


def nothing(*columns: str) -> Candidates:
    """No candidates, with empty columns."""
    no_ids, no_scores = np.empty(0, dtype=np.int64), np.empty(0)
    return Candidates(no_ids, no_ids, dict.fromkeys(columns, no_scores), columns[0])


@dataclass(frozen=True, slots=True)
class Context:
    """What a retriever may use: where to look, and what is looked for.

    A query has text, words and a vector; a block has a seed; a photo has a picture and a vector.
    """

    space: EmbeddingSpace
    filters: Filters
    """What candidates must pass: in the statement, before any limit."""
    log: StageLog
    """Where a source that fails or is late is named."""
    text: str = ""
    """Of a query, without what it excludes."""
    language: str = ""
    words: LexicalQuery | None = None
    """The terms of the query; None where the lexicon has none of them."""
    vector: Vector | None = None
    """What the items' embeddings are compared with, (d,)."""
    picture: Vector | None = None
    """What the vectors of their pictures are compared with, (f,)."""
    shares: Shares = NO_SHARES
    """Which items have how much of what the query names."""
    seed: int | None = None
    """The item that something is looked for beside."""

    def within(self, filters: Filters) -> Context:
        """The same, asked of other items."""
        return replace(self, filters=filters)


class Retriever(ABC):
    """Finds candidates of one kind."""

    name: str
    columns: tuple[str, ...]
    """The columns of scores that its candidates have."""
    needs_query = False
    """Whether it finds nothing without a text or a photo: no source of a block."""

    @abstractmethod
    def retrieve(self, context: Context, k: int) -> Candidates:
        """Up to k items that pass the filters of the context, the best first.

        `complete` is false if there may be more. Without what it needs, such as a seed that has a
        picture, there are none.
        """


RETRIEVERS: Registry[Retriever] = Registry("retriever")
"""By name, as placements name their sources."""
