"""Pictures and videos of the shop's objects: where they are, not what is in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.core.files.storage import Storage, default_storage
from django.db.models.fields.files import FieldFile


class Medium(NamedTuple):
    """A file that belongs to an object. `version` changes when its content does; empty where
    nothing tells, as of a storage elsewhere or one that is away."""

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


def media_of(values: Iterable[Any]) -> tuple[Medium, ...]:
    """The files of an object in their order, each once: two places are two files, whatever they
    are called."""
    places = {}
    for value in filter(None, values):
        storage, name = _place(value)
        places[id(storage), name] = value
    return tuple(medium for value in places.values() if (medium := medium_of(value)))


def medium_of(value: Any) -> Medium | None:
    """A file field's file, an absolute path, or a name in the default storage; None for nothing.

    A file that is replaced under its own name is noticed where the storage has local files: asking
    a remote one about every picture in every pass would take hours.
    """
    if not value:
        return None
    storage, name = _place(value)
    if storage is None:
        path = Path(name)
        return Medium(name, _local_version(path), lambda: path.open("rb"))
    try:
        version = _local_version(Path(storage.path(name)))
    except NotImplementedError:
        version = ""
    return Medium(name, version, lambda: storage.open(name, "rb"))


def address_of(values: Iterable[Any]) -> str:
    """The URL of the first file that has one; empty where none has."""
    for value in filter(None, values):
        storage, name = _place(value)
        if storage is not None:
            # A storage that is private, or has no files on the web, raises.
            with suppress(ValueError, NotImplementedError):
                return str(storage.url(name))
    return ""


def _place(value: Any) -> tuple[Storage | None, str]:
    """The storage that has a file and its name there; without a storage, its path."""
    if isinstance(value, FieldFile):
        return value.storage, str(value.name)
    path = os.fspath(value)
    return (None if Path(path).is_absolute() else default_storage), path


def _local_version(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size}-{status.st_mtime_ns}"
