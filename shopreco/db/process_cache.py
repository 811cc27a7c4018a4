"""Caches of one process, by shop: what answers need not read again.

All of it is bounded; of too much the shop goes that was not asked for the longest.
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
PATIENCE = 0.25
"""Seconds that an answer waits for what is read for the first time; then it goes without."""
READERS = 2
MAX_SHOPS = 10_000
"""Whose generation, a number each, is known."""


class NotYetRead(ShopRecoError):
    """What is read whole takes longer than an answer waits; the next ones will have it."""

    code = "not_yet_read"


_generations: OrderedDict[Shop, int | None] = OrderedDict()


def note_generation(shop: Shop, generation: int | None) -> None:
    """Note which generation of its tables a shop has: with another one ids have begun again, as
    after a restore, and what is kept is void."""
    known = _generations.pop(shop, None)
    if known != generation:
        clear(shop)
    _generations[shop] = generation
    while len(_generations) > MAX_SHOPS:
        _generations.popitem(last=False)


def shared_key(*parts: object) -> str:
    """A key of Django's cache, which many shops and processes share, for what is one shop's."""
    shop = answering_shop()
    digest = blake2b(repr((*shop, _generations.get(shop))).encode(), digest_size=8).hexdigest()
    return ":".join(["shopreco", digest, *map(str, parts)])


class BoundedCache(Generic[K, V]):
    """Values by key, each of a size. When they are too large together, those go that were not used
    for the longest, but never the newest."""

    def __init__(self, most: int) -> None:
        self._most = most
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
            while self._size > self._most and len(self._values) > 1:
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
"""All that is kept by shop; a key is a tuple whose first element is the shop."""


class ShopCache(BoundedCache[tuple[Any, ...], V]):
    """Values by shop and whatever else distinguishes them."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        _of_shops.append(self)


def clear(shop: Shop | None = None) -> None:
    """All that is kept of a shop, or of every one."""
    for each in _of_shops:
        each.forget(lambda key: shop is None or key[0] == shop)


class KeyedCache(Generic[K, V]):
    """What never changes: values by key, at most `most` of them.

    Only what is there is kept: what was not found is asked for again.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._shops: ShopCache[dict[K, V]] = ShopCache(most)

    def get(self, keys: Iterable[K], read: Callable[[list[K]], Mapping[K, V]]) -> dict[K, V]:
        """The values that there are; `read` gets the keys whose values are not kept."""
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
            if len(values) + len(fresh) > self._most:
                values = {}
            values.update(fresh)
            self._shops.put((shop,), values, len(values))
        return found


class _Reading(NamedTuple):
    space: tuple[Any, ...]
    value: Any
    until: float


class SpaceCache(Generic[V]):
    """What is read whole, of the space that answers: by one reader, beside the answers.

    What is older than five minutes is read again beside the answers that go on with it.

    size: of a value, in the unit of `most`.
    """

    def __init__(
        self, read: Callable[[EmbeddingSpace], V], *, most: int, size: Callable[[V], int]
    ) -> None:
        self._read = read
        self._size = size
        self._known: ShopCache[_Reading] = ShopCache(most)
        self._readings: dict[tuple[Any, ...], Future[V]] = {}
        self._lock = Lock()

    def of(self, space: EmbeddingSpace, patience: float | None = None) -> V:
        """Raises `NotYetRead` where it is read for the first time and takes longer than `patience`
        (seconds), by default `PATIENCE`."""
        key = answering_shop(), space.catalogue
        known = self._known.get(key)
        if known is None or known.space != _identity(space):
            try:
                return self._reading(key, space).result(
                    timeout=PATIENCE if patience is None else patience
                )
            except FutureTimeout as error:
                raise NotYetRead(f"{self._read.__name__} goes on beside the answers") from error
        if monotonic() > known.until:
            self._reading(key, space)
        value: V = known.value
        return value

    def load(self, space: EmbeddingSpace) -> V:
        """Read it now, in this thread, so that no answer has to."""
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
        reading = _Reading(_identity(space), found, monotonic() + FRESH_SECONDS)
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
