"""Pacing: how much of their time workers give to a shop whose saves never cease.

What is saved while a shop is quiet is indexed at once. Where saves never cease, workers pause after
each pass, for `PAUSE_FACTOR` times as long as it took. That costs the shop's machine little, and
all that is saved in a pause is one batch. Workers share the pause in Django's cache. Without a
shared cache each process keeps its own.
"""

from __future__ import annotations

from hashlib import blake2b
from math import ceil
from typing import Final

from shopreco.db.routing import write_alias
from shopreco.db.shared_cache import shared_cache
from shopreco.db.shops import current_shop

PAUSE_FACTOR: Final = 4
"""Length of a pause, in times of the work before it."""
MAX_PAUSE_SECONDS: Final = 10


def gather(catalogue: str, *, worked: float) -> int:
    """Begin a pause after `worked` seconds of work; returns its length in seconds."""
    seconds = min(ceil(PAUSE_FACTOR * worked), MAX_PAUSE_SECONDS)
    shared_cache().set(_key(catalogue), True, seconds)
    return seconds


def is_gathering(catalogue: str) -> bool:
    """Whether a pause is on. Whoever began it looks for changes when it is over."""
    return bool(shared_cache().get(_key(catalogue)))


def _key(catalogue: str) -> str:
    shop = blake2b(repr(current_shop(write_alias())).encode(), digest_size=8)
    return f"shopreco:{shop.hexdigest()}:gathering:{catalogue}"
