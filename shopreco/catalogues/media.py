"""Pictures and videos of the shop's objects: where they are, not what is in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.core.files.storage import Storage, default_storage
from django.db.models.fields.files import FieldFile


class Medium(NamedTuple):
    """A file that belongs to an object. `version` changes when its content does."""

    name: str
    version: str
    open: Callable[[], IO[bytes]]

    def read(self, limit: int) -> bytes:
        """At most `limit` + 1 bytes, so that a caller sees that there are more.

        Raises:
            OSError, and whatever else the storage raises.
        """
        with self.open() as file:
            return file.read(limit + 1)


def medium_of(value: Any) -> Medium | None:
    """A file field's file, an absolute path, or a name in the default storage; None for nothing.

    A file that is replaced under its own name is noticed where the storage has local files: asking
    a remote one about every picture in every pass would take hours.
    """
    if not value:
        return None
    if isinstance(value, FieldFile):
        return _stored(value.storage, str(value.name))
    path = Path(os.fspath(value))
    if path.is_absolute():
        return Medium(path.name, _local_version(path), lambda: path.open("rb"))
    return _stored(default_storage, str(value))


def _stored(storage: Storage, name: str) -> Medium:
    try:
        version = _local_version(Path(storage.path(name)))
    except NotImplementedError:
        version = ""
    return Medium(name, version, lambda: storage.open(name, "rb"))


def _local_version(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "missing"
    return f"{status.st_size}-{status.st_mtime_ns}"
