"""What a process keeps of the index, so that answers need not ask for it again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from time import monotonic
from typing import ClassVar, Generic, TypeVar

from django.db import router

from shopreco.models import Item

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Values by key, each for `seconds`, at most `most` of them.

    Only what is there is kept: what was not found is asked for again.
    """

    every: ClassVar[list[Kept[Hashable, object]]] = []

    def __init__(self, *, most: int, seconds: float = float("inf")) -> None:
        self._most = most
        self._seconds = seconds
        self._values: dict[tuple[str, K], tuple[V, float]] = {}
        self.every.append(self)  # type: ignore[arg-type]  # they are only cleared by it

    def get(self, keys: Iterable[K], read: Callable[[list[K]], Mapping[K, V]]) -> dict[K, V]:
        """The values that there are; `read` gets the keys whose values are not kept."""
        database, now = router.db_for_read(Item), monotonic()
        found: dict[K, V] = {}
        missing = []
        for key in keys:
            value = self._values.get((database, key))
            if value is None or value[1] < now:
                missing.append(key)
            else:
                found[key] = value[0]
        if missing:
            until = now + self._seconds
            fresh = read(missing)
            if len(self._values) + len(fresh) > self._most:
                self._values.clear()
            self._values.update({(database, k): (v, until) for k, v in fresh.items()})
            found |= fresh
        return found


def forget_kept() -> None:
    for each in Kept.every:
        each._values.clear()
