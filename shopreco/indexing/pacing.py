"""How much of their time workers give to what is saved again and again.

What was saved while the shop was quiet is indexed at once. Where saves never cease, each pass over
them is followed by a pause of some times its own length: it costs the shop's machine little, and
what is saved in the pause is one batch. Django's cache tells all workers of it; without a shared
one each process keeps to its own.
"""

from __future__ import annotations

from hashlib import blake2b
from math import ceil
from typing import Final

from shopreco.db.routing import write_alias
from shopreco.db.shared_cache import shared_cache
from shopreco.db.shops import current_shop

PAUSE_FACTOR: Final = 4
"""A pause is so many times as long as what was done before it."""
MAX_PAUSE_SECONDS: Final = 10


def gather(catalogue: str, *, worked: float) -> int:
    """Begin a pause after so many seconds of work; returns the seconds after which it is over."""
    seconds = min(ceil(PAUSE_FACTOR * worked), MAX_PAUSE_SECONDS)
    shared_cache().set(_key(catalogue), True, seconds)
    return seconds


def is_gathering(catalogue: str) -> bool:
    """Whether somebody looks for what was saved when a pause is over."""
    return bool(shared_cache().get(_key(catalogue)))


def _key(catalogue: str) -> str:
    shop = blake2b(repr(current_shop(write_alias())).encode(), digest_size=8)
    return f"shopreco:{shop.hexdigest()}:gathering:{catalogue}"
