"""The contract of what reads a file of events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, ClassVar, NamedTuple, TypeAlias

from shopreco.exceptions import ShopRecoError

MAX_LINE_LENGTH = 2**20


class EventFileError(ShopRecoError):
    """A file is of no known form; the message says what is missing."""

    code: ClassVar[str] = "event_file"


class FileEvent(NamedTuple):
    """An event of a file, or why its line is none.

    visitor, user: who did it, as the file names them; empty where it does not.
    """

    line: int
    event: Mapping[str, Any]
    visitor: str = ""
    user: str = ""
    problem: str = ""


Reader: TypeAlias = Callable[[BinaryIO], Iterator[FileEvent]]
"""Reads a file opened in binary mode, line by line. A line that is wrong is a problem of its own;
an `EventFileError` says that the whole file is."""


def numbered_lines(file: BinaryIO) -> Iterator[tuple[int, str | None]]:
    """The lines of a UTF-8 file with their numbers; None for one that is no text."""
    number = 0
    while raw := file.readline(MAX_LINE_LENGTH):
        number += 1
        try:
            yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            yield number, None
