"""What the decoder process gives up, where the system lets it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from shopreco.media.limits import Limits

UNCONFINED = (
    "Pictures and videos are decoded in a process that this system cannot confine: a hostile file "
    "may use all memory, and what it makes of a fault in a library may reach files."
)
FIX = "Let workers run on Linux or macOS, or index pictures of people you trust only."


def can_confine() -> bool:
    """Whether the system lets a process bound itself: Windows does not."""
    try:
        import_module("resource")
    except ImportError:
        return False
    return True


def confine(limits: Limits) -> None:
    """Bound this process's memory; take away files and connections. Where `can_confine`."""
    import resource

    if sys.platform == "linux":  # elsewhere the kernel does not bound what a process maps
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    for right in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(right, (0, 0))


@contextmanager
def end_after(seconds: float) -> Iterator[None]:
    """End this process if the block takes longer, where the system has a timer for that."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, seconds)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
