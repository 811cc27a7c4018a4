"""What a process keeps of the index, so that answers need not ask for it again."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from time import monotonic
from typing import Any, Generic, TypeVar

from django.db import connections, router

from shopreco.models import EmbeddingSpace, Item

logger = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

FRESH_SECONDS = 300.0

_all: list[dict[Any, Any]] = []


class Kept(Generic[K, V]):
    """What never changes: values by key, at most `most` of them.

    Only what is there is kept: what was not found is asked for again.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._values: dict[tuple[str, K], V] = {}
        _all.append(self._values)

    def get(self, keys: Iterable[K], read: Callable[[list[K]], Mapping[K, V]]) -> dict[K, V]:
        """The values that there are; `read` gets the keys whose values are not kept."""
        database = router.db_for_read(Item)
        found: dict[K, V] = {}
        missing = []
        for key in keys:
            value = self._values.get((database, key))
            if value is None:
                missing.append(key)
            else:
                found[key] = value
        if missing:
            fresh = read(missing)
            if len(self._values) + len(fresh) > self._most:
                self._values.clear()
            self._values.update({(database, key): value for key, value in fresh.items()})
            found |= fresh
        return found


class Refreshed(Generic[V]):
    """What is read whole, of the space that answers. What is older than five minutes is read again
    beside the searches that go on with it."""

    def __init__(self, read: Callable[[EmbeddingSpace], V]) -> None:
        self._read = read
        self._values: dict[tuple[str, str], tuple[int, V, float]] = {}
        """By database and catalogue: of which space, and until when it is fresh."""
        self._reading: set[tuple[str, str]] = set()
        _all.append(self._values)

    def of(self, space: EmbeddingSpace) -> V:
        key = (router.db_for_read(Item), space.catalogue)
        known = self._values.get(key)
        if known is None or known[0] != space.pk:
            return self._remember(key, space)
        if monotonic() > known[2] and key not in self._reading:
            self._reading.add(key)
            _executor(os.getpid()).submit(self._read_beside, key, space)
        return known[1]

    def _remember(self, key: tuple[str, str], space: EmbeddingSpace) -> V:
        found = self._read(space)
        self._values[key] = space.pk, found, monotonic() + FRESH_SECONDS
        return found

    def _read_beside(self, key: tuple[str, str], space: EmbeddingSpace) -> None:
        try:
            self._remember(key, space)
        except Exception:
            logger.exception("%s was not read again for %s", self._read.__name__, space)
        finally:
            self._reading.discard(key)
            connections.close_all()


def forget_kept() -> None:
    for each in _all:
        each.clear()


@lru_cache(maxsize=1)
def _executor(pid: int) -> ThreadPoolExecutor:
    """A thread of this process; a forked child, with another pid, gets its own."""
    return ThreadPoolExecutor(1, thread_name_prefix="shopreco-kept")
