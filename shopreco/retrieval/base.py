"""The contract of retrievers: a context in, candidates out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from django.utils.functional import Promise
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
"""Ids of an item and of its group."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Items with columns of scores: the one shape between retrieval and a page.

    All arrays are (n,). A score is NaN where a retriever has none for an item. Ranked candidates
    are in order, the best first, and their columns sum to their scores.
    """

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    """Groups of the items. Variants of a product share one; an item without variants is its own."""
    columns: Mapping[str, Scores]
    """Scores by the name of what gave them, (n,) each."""
    source: str = ""
    """What found or ranked them, as results name it."""
    complete: bool = True
    """Whether these are all; if not, a larger k may find more."""

    @classmethod
    def from_rows(
        cls, rows: Sequence[tuple[int, int, float]], column: str, *, complete: bool = True
    ) -> Candidates:
        """Make candidates of rows of item id, group id and score, the best first."""
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
        """The sum of the columns, (n,); NaN counts as 0."""
        if not self.columns:
            return np.zeros(len(self.item_ids))
        total: NDArray[np.float64] = np.nansum(np.array([*self.columns.values()], float), axis=0)
        return total

    @property
    def places(self) -> list[Place]:
        return list(zip(self.item_ids.tolist(), self.group_ids.tolist(), strict=True))

    def take(self, positions: NDArray[Any]) -> Candidates:
        """The candidates at some positions, or where a mask is true."""
        return Candidates(
            self.item_ids[positions],
            self.group_ids[positions],
            {name: scores[positions] for name, scores in self.columns.items()},
            self.source,
            self.complete,
        )

    def join(self, others: Candidates) -> Candidates:
        """Append the others that are not among these. Both have the same columns."""
        more = others.take(~np.isin(others.item_ids, self.item_ids))
        return Candidates(
            np.concatenate([self.item_ids, more.item_ids]),
            np.concatenate([self.group_ids, more.group_ids]),
            {n: np.concatenate([own, more.columns[n]]) for n, own in self.columns.items()},
            self.source,
            self.complete and others.complete,
        )

    def order(self, scores: NDArray[np.float64] | None = None) -> Candidates:
        """Sort the best first, by scores (n,) or the sum of the columns; equal ones by id."""
        by = self.scores if scores is None else scores
        return self.take(np.lexsort((self.item_ids, -by)))

    def as_plain(self) -> tuple[Any, ...]:
        """The candidates as lists and texts, for caches; see `from_plain`."""
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


class Why(StrEnum):
    """Why an item is an anchor."""

    GIVEN = "given"
    """The page gives it: a seed."""
    CART = "cart"
    VIEWED = "viewed"
    WISHED = "wished"
    CHOSEN = "chosen"
    """It was put into the cart once."""
    BOUGHT = "bought"


class Anchor(NamedTuple):
    """An item that a block is about, with its weight: those of a block add up to 1."""

    item_id: int
    group_id: int
    weight: float
    why: Why


@dataclass(frozen=True, slots=True)
class Context:
    """The input of a retriever: where to look, and what to look for.

    A query has text, words and a vector; a block has a seed; a photo has a picture and a vector.
    """

    space: EmbeddingSpace
    filters: Filters
    """Filters that candidates pass. They stand in the statement, before any limit."""
    log: StageLog
    """Names each part that fails or is late."""
    text: str = ""
    """The text of a query, without what it excludes."""
    language: str = ""
    words: LexicalQuery | None = None
    """The terms of the query; None where the lexicon has none of them."""
    vector: Vector | None = None
    """The query vector, compared with embeddings, (d,)."""
    picture: Vector | None = None
    """The vector of a photo, compared with the vectors of pictures, (f,)."""
    shares: Shares = NO_SHARES
    """The share of the nodes that the query names, by item."""
    seed: int | None = None
    """Id of the item beside which items are looked for: one anchor of a block."""
    anchors: tuple[Anchor, ...] = ()
    """All that a block is about, the latest first."""

    def within(self, filters: Filters) -> Context:
        """The same context with other filters."""
        return replace(self, filters=filters)


class Retriever(ABC):
    """Finds candidates in one way, and scores them."""

    name: str
    columns: tuple[str, ...]
    """The columns of scores that its candidates have."""
    label: str | Promise = ""
    """What it finds beside a product, in an owner's words, such as "goes with it"."""
    needs_query = False
    """Whether it finds nothing without a text or a photo: no source of a block."""
    needs_seed = True
    """Whether it looks beside one item. A block asks it for each anchor, else once."""
    is_personal = False
    """Whether what it finds is of one visitor, so that no cache keeps it."""

    @abstractmethod
    def retrieve(self, context: Context, k: int) -> Candidates:
        """Find up to k items that pass the filters of the context, the best first.

        `complete` is false if there may be more. If the context lacks what the retriever needs,
        such as a seed with a picture, it finds none.
        """


RETRIEVERS: Registry[Retriever] = Registry("retriever")
"""Retrievers by name, as placements name them."""
