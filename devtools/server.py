"""What the embedded servers have in common: their sockets, locks, patience and logs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60.0
MAX_SOCKET_PATH_BYTES = 100  # bytes; Linux allows 107, macOS 103


class EmbeddedServerError(RuntimeError):
    """A server does not start or stop; the message names its log."""


def socket_directory(directory: Path, name: str) -> Path:
    """Choose the directory of a socket: `directory`, or one with a short and simple name.

    A path may be too long for a socket, or have characters with a meaning in an address."""
    path = os.fsencode(directory / name)
    if len(path) <= MAX_SOCKET_PATH_BYTES and re.fullmatch(rb"[\w/.-]+", path):
        return directory
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    return Path(tempfile.gettempdir()).resolve() / f"shopreco-{digest}"


@contextmanager
def lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def becomes_true(condition: Callable[[], bool], seconds: float = START_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def tail(log: Path) -> str:
    if not log.exists():
        return f"There is no {log}."
    lines = log.read_text(errors="replace").splitlines()[-15:]
    return "\n".join([f"The end of {log}:", *lines])
