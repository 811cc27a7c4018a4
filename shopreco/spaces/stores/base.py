"""The contract of vector stores: they store the embeddings of spaces, and find the nearest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopreco.db.statements import Statement
from shopreco.exceptions import ShopRecoError
from shopreco.models import EmbeddingSpace

Vector = NDArray[np.float32]

Where = tuple[str, tuple[Any, ...]]
"""A condition on items, as SQL on `shopreco_item AS i` and its parameters."""

EVERYTHING: Where = ("TRUE", ())


class EmbeddingRow(NamedTuple):
    """The embedding of an item, and the hash of the content that it was made of."""

    item_id: int
    content_hash: str
    vector: Vector


class Hits(NamedTuple):
    """The nearest items, the best first; arrays are (n,)."""

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    """Inner products with the query vector."""

    @classmethod
    def from_rows(cls, rows: Sequence[tuple[int, int, float]]) -> Hits:
        """Make hits of rows of item id, group id and score, in order."""
        ids, groups, scores = zip(*rows, strict=True) if rows else ((), (), ())
        return cls(np.array(ids, np.int64), np.array(groups, np.int64), np.array(scores, "f4"))

    def __len__(self) -> int:
        return len(self.item_ids)

    def best(self, k: int) -> Hits:
        """The k best in order; equal ones by id."""
        order = np.lexsort((self.item_ids, -self.scores))[:k]
        return Hits(self.item_ids[order], self.group_ids[order], self.scores[order])

    def join(self, others: Hits) -> Hits:
        """Append the others."""
        return Hits(
            np.concatenate([self.item_ids, others.item_ids]),
            np.concatenate([self.group_ids, others.group_ids]),
            np.concatenate([self.scores, others.scores]),
        )


class VectorStore(ABC):
    """Stores at most one embedding of an item in each space. Embeddings are unit vectors.

    One store serves all shops of a process. Keys of items and spaces are unique within one shop
    only. A store outside the shop's database adds the shop, see `shopreco.db.shops`, to its keys.

    Modality vectors, pictures among them, stay in the shop's database with every store: embeddings
    are fused from them.
    """

    supports_joint_scoring = False
    """Can the store score words and vectors in one statement of the shop's database?"""

    @abstractmethod
    def create(self, space: EmbeddingSpace) -> None:
        """Begin an empty space.

        Keys may begin again, as after a restore. So delete what another space left under this key.
        """

    @abstractmethod
    def write(
        self, space: EmbeddingSpace, rows: Sequence[EmbeddingRow], item_ids: Sequence[int]
    ) -> None:
        """Replace the embeddings of items by rows; an item without a row has none after it.

        It is called in the transaction that changes the items. If that fails, it is called again,
        with the rows of then.
        """

    @abstractmethod
    def delete(self, item_ids: Collection[int]) -> None:
        """Delete the embeddings of items in every space of the shop."""

    @abstractmethod
    def build(self, space: EmbeddingSpace) -> None:
        """Build the index of a space beside running traffic, outside a transaction.

        A finished one is kept. One that a killed build left is built again.
        """

    @abstractmethod
    def drop(self, space: EmbeddingSpace, chunk: int) -> Iterator[int]:
        """Delete the index of a space and its embeddings, outside a transaction.

        Yields the number of embeddings that each step deleted, at most `chunk`. A caller may stop
        after any step, and begin again later.
        """

    @abstractmethod
    def size(self, space: EmbeddingSpace) -> int:
        """Bytes of the embeddings of a space and of their index."""

    @abstractmethod
    def vectors(self, space: EmbeddingSpace, item_ids: Sequence[int]) -> dict[int, Vector]:
        """The embeddings of items, (d,) each, by item id; without the items that have none."""

    @abstractmethod
    def scores(
        self, space: EmbeddingSpace, item_ids: Sequence[int], vector: Vector
    ) -> NDArray[np.float64]:
        """Exact inner products of items with a vector, (n,); NaN where an item has no embedding."""

    @abstractmethod
    def nearest(
        self, space: EmbeddingSpace, vector: Vector, k: int, where: Where = EVERYTHING
    ) -> Hits:
        """The k items nearest to a vector, (d,) of length 1, among those that meet a condition.

        The condition applies before the limit: fewer than k hits mean that there are no more.
        Equally near items come in the order of their ids.
        """

    def statement(
        self, space: EmbeddingSpace, query: str, k: int, where: Where = EVERYTHING
    ) -> Statement:
        """The SQL of `nearest`, with the columns `item_id` and `distance`, for a join.

        Only stores that support joint scoring have one. query: the vector as `pgvector.literal`
        writes it.

        Raises:
            ShopRecoError: the store does not support joint scoring.
        """
        raise ShopRecoError(f"{type(self).__name__} finds without a statement.")
