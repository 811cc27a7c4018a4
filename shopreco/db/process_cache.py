"""Process caches: what one process keeps in memory for its answers, by shop.

All are bounded: the values that were not used for the longest are dropped first.
"""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from functools import lru_cache
from hashlib import blake2b
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from shopreco.db.shops import Shop, answering_shop, beside
from shopreco.exceptions import ShopRecoError

if TYPE_CHECKING:
    from shopreco.models import EmbeddingSpace

logger = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

FRESH_SECONDS = 300.0
READERS = 2
MAX_SHOPS = 10_000
"""Shops whose generation, one number, a process remembers."""


class NotYetRead(ShopRecoError):
    """A first reading takes longer than an answer waits; later answers will have it."""

    code = "not_yet_read"


_generations: OrderedDict[Shop, int | None] = OrderedDict()


def note_generation(shop: Shop, generation: int | None) -> None:
    """Note the generation of a shop's tables, and clear its caches if it changed.

    With another generation ids begin again, as after a restore."""
    known = _generations.pop(shop, None)
    if known != generation:
        clear(shop)
    _generations[shop] = generation
    while len(_generations) > MAX_SHOPS:
        _generations.popitem(last=False)


def shared_key(*parts: object) -> str:
    """A key for a value of one shop in the shared cache, which other shops use too."""
    shop = answering_shop()
    digest = blake2b(repr((*shop, _generations.get(shop))).encode(), digest_size=8).hexdigest()
    return ":".join(["shopreco", digest, *map(str, parts)])


class BoundedCache(Generic[K, V]):
    """Values by key, each with a size. max_size: the greatest sum of sizes.

    Beyond that, values that were not used for the longest are dropped, but never the newest."""

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V, size: int = 1) -> None:
        with self._lock:
            self._take(key)
            self._values[key] = value, size
            self._size += size
            while self._size > self._max_size and len(self._values) > 1:
                self._take(next(iter(self._values)))

    def forget(self, unwanted: Callable[[K], bool]) -> None:
        with self._lock:
            for key in [key for key in self._values if unwanted(key)]:
                self._take(key)

    def __len__(self) -> int:
        return len(self._values)

    def _take(self, key: K) -> None:
        self._size -= self._values.pop(key, (None, 0))[1]


_of_shops: list[BoundedCache[Any, Any]] = []
"""All caches by shop. Their keys are tuples that begin with the shop."""


class ShopCache(BoundedCache[tuple[Any, ...], V]):
    """A bounded cache whose keys begin with the shop; `clear` empties it."""

    def __init__(self, max_size: int) -> None:
        super().__init__(max_size)
        _of_shops.append(self)


def clear(shop: Shop | None = None) -> None:
    """Clear the caches of one shop, or of all."""
    for each in _of_shops:
        each.forget(lambda key: shop is None or key[0] == shop)


class KeyedCache(Generic[K, V]):
    """Values that never change, by key, at most `max_size` of them.

    A key without a value is read again each time.
    """

    def __init__(self, *, max_size: int) -> None:
        self._max_size = max_size
        self._shops: ShopCache[dict[K, V]] = ShopCache(max_size)

    def get(self, keys: Iterable[K], read: Callable[[list[K]], Mapping[K, V]]) -> dict[K, V]:
        """The values of those keys that have one. `read` gets the keys that are not cached."""
        shop = answering_shop()
        values = self._shops.get((shop,))
        if values is None:
            values = {}
        found: dict[K, V] = {}
        missing = []
        for key in keys:
            value = values.get(key)
            if value is None:
                missing.append(key)
            else:
                found[key] = value
        if missing:
            fresh = dict(read(missing))
            found |= fresh
            if len(values) + len(fresh) > self._max_size:
                values = {}
            values.update(fresh)
            self._shops.put((shop,), values, len(values))
        return found


class _Reading(NamedTuple):
    space: tuple[Any, ...]
    value: Any
    until: float


class SpaceCache(Generic[V]):
    """One value for the space that answers, read whole in a thread beside the answers.

    A value older than five minutes is read again, while answers go on with the old one.

    read: reads the value. size: the size of a value, in the unit of `max_size`.
    clock: seconds of now.
    """

    def __init__(
        self,
        read: Callable[[EmbeddingSpace], V],
        *,
        max_size: int,
        size: Callable[[V], int],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._read = read
        self._size = size
        self._clock = clock
        self._known: ShopCache[_Reading] = ShopCache(max_size)
        self._readings: dict[tuple[Any, ...], Future[V]] = {}
        self._lock = Lock()

    def of(self, space: EmbeddingSpace, *, patience: float) -> V:
        """The value for a space.

        patience: seconds to wait for a first reading.

        Raises:
            NotYetRead: the first reading takes longer.
        """
        key = answering_shop(), space.catalogue
        known = self._known.get(key)
        if known is None or known.space != _identity(space):
            try:
                return self._reading(key, space).result(timeout=patience)
            except FutureTimeout as error:
                raise NotYetRead(f"{self._read.__name__} goes on beside the answers") from error
        if self._clock() > known.until:
            self._reading(key, space)
        value: V = known.value
        return value

    def load(self, space: EmbeddingSpace) -> V:
        """Read the value now, in this thread, so that no answer has to wait."""
        return self._remember((answering_shop(), space.catalogue), space)

    def _reading(self, key: tuple[Shop, str], space: EmbeddingSpace) -> Future[V]:
        pid = os.getpid()
        with self._lock:
            place = (pid, key, space.pk)
            if place not in self._readings:
                work = beside(key[0].database, lambda: self._remember(key, space))
                self._readings[place] = _readers(pid).submit(self._finish, place, work)
            return self._readings[place]

    def _remember(self, key: tuple[Shop, str], space: EmbeddingSpace) -> V:
        found = self._read(space)
        reading = _Reading(_identity(space), found, self._clock() + FRESH_SECONDS)
        self._known.put(key, reading, self._size(found))
        return found

    def _finish(self, place: tuple[Any, ...], work: Callable[[], V]) -> V:
        try:
            return work()
        except Exception:
            logger.exception("%s failed", self._read.__name__)
            raise
        finally:
            with self._lock:
                self._readings.pop(place, None)


def _identity(space: EmbeddingSpace) -> tuple[Any, ...]:
    return space.pk, space.created_at


@lru_cache(maxsize=1)
def _readers(pid: int) -> ThreadPoolExecutor:
    """Threads of this process; a forked child, with another pid, gets its own."""
    return ThreadPoolExecutor(READERS, thread_name_prefix="shopreco-reader")
