"""The embedded servers of test runs, taken away."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import psutil

from devtools.embedded import EmbeddedServers


def remove_servers(directory: Path) -> None:
    servers = EmbeddedServers(directory, durable=False)
    servers.postgresql.stop()
    servers.valkey.stop()
    shutil.rmtree(directory, ignore_errors=True)


def remove_abandoned_servers() -> None:
    """What test runs left that were killed before they could clean up."""
    for owner in Path(tempfile.gettempdir()).glob("shopreco-tests-*/owner"):
        try:
            abandoned = not psutil.pid_exists(int(owner.read_text()))
        except (OSError, ValueError):  # just being written or removed, or another user's
            continue
        if abandoned:
            remove_servers(owner.parent)
