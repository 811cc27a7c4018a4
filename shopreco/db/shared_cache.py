"""The shared cache: Django's, guarded, so that its failures never fail an answer.

A cache that fails is left alone for some seconds, so that its time limit does not delay each
request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from time import monotonic
from typing import Any, Final, TypeVar

from django.core.cache import BaseCache, caches

from shopreco.conf import get_settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

SILENT_SECONDS: Final = 5.0

_silent_until: dict[str, float] = {}


class GuardedCache:
    """A cache of the host's, by alias. If it fails, nothing is stored and nothing is found.

    silent_seconds: how long a cache that failed is left alone.
    """

    def __init__(self, alias: str, silent_seconds: float = SILENT_SECONDS) -> None:
        self._alias = alias
        self._silent_seconds = silent_seconds

    def get(self, key: str, default: Any = None) -> Any:
        return self._try(lambda cache: cache.get(key, default), default)

    def get_many(self, keys: Collection[str]) -> dict[str, Any]:
        """The values that are found, by key, in one request."""
        return self._try(lambda cache: cache.get_many(keys), {})

    def set(self, key: str, value: Any, timeout: float | None = None) -> None:
        self._try(lambda cache: cache.set(key, value, timeout), None)

    def _try(self, work: Callable[[BaseCache], T], otherwise: T) -> T:
        if monotonic() < _silent_until.get(self._alias, 0.0):
            return otherwise
        try:
            return work(caches[self._alias])
        except Exception as error:  # noqa: BLE001 (whatever the cache's client raises)
            seconds = self._silent_seconds
            _silent_until[self._alias] = monotonic() + seconds
            logger.warning(
                "cache %r fails, and is not asked for %g s: %s", self._alias, seconds, error
            )
            return otherwise


def shared_cache() -> GuardedCache:
    """The cache that the setting `CACHE` names."""
    return GuardedCache(get_settings().CACHE)
