"""What retrievers hand on: arrays of items with their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ARRAY_HEADER = 20
"""Bytes before the first element of a one-dimensional array."""


class Statement(NamedTuple):
    """SQL and its parameters, as the search console explains them."""

    sql: str
    params: tuple[Any, ...]


def as_arrays(sql: str, columns: Sequence[str]) -> str:
    """A statement with one row of arrays instead of rows, for `read_array`.

    Reading thousands of rows one by one takes longer than finding them. Columns are int8 or
    float8, without NULL.
    """
    aggregates = ", ".join(f"array_send(array_agg({each}))" for each in columns)
    return f"SELECT {aggregates} FROM ({sql}) AS rows"


def read_array(sent: bytes | None, kind: str) -> NDArray[Any]:
    """An array as PostgreSQL sends it, (n,): kind "i8" or "f8"; None is an empty one."""
    element = np.dtype([("length", ">i4"), ("value", f">{kind}")])
    elements = np.frombuffer(sent or b"", dtype=element, offset=ARRAY_HEADER if sent else 0)
    return elements["value"].astype(kind)


@dataclass(frozen=True, slots=True)
class Hits:
    """Items that one retriever found, best first. All arrays (n,)."""

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    scores: NDArray[np.float32]

    @classmethod
    def from_rows(cls, rows: Sequence[tuple[int, int, float]]) -> Hits:
        ids, groups, scores = zip(*rows, strict=True) if rows else ((), (), ())
        return cls(
            np.array(ids, dtype=np.int64),
            np.array(groups, dtype=np.int64),
            np.array(scores, dtype=np.float32),
        )

    def rows(self) -> list[tuple[int, int, float]]:
        ids, groups, scores = self.item_ids, self.group_ids, self.scores
        return list(zip(ids.tolist(), groups.tolist(), scores.tolist(), strict=True))

    def take(self, positions: NDArray[Any]) -> Hits:
        return Hits(self.item_ids[positions], self.group_ids[positions], self.scores[positions])

    def __len__(self) -> int:
        return len(self.item_ids)


NO_HITS = Hits.from_rows(())
