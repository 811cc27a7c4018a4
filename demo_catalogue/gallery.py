"""Where the loader gets the pictures of its records from."""

from __future__ import annotations

import os
import re
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, Self

from demo_catalogue.pictures import Picture, PictureError, read_below, store
from demo_catalogue.records import ProductRecord

_WEB = re.compile(r"(?i)https?://")
_THREADS = min(4, os.cpu_count() or 1)


def link(record: ProductRecord) -> str:
    """The first picture of a record that is a web address."""
    return next(filter(_WEB.match, record.pictures), "")


class Gallery(Protocol):
    """Stores pictures and says under which names."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_error: object) -> None: ...

    def begin(self, record: ProductRecord) -> None:
        """Start to store the pictures of a record, which will be asked for later."""

    def pictures(self, record: ProductRecord) -> tuple[list[Picture], list[str]]:
        """The stored pictures of a record, and what is wrong with the others."""


class FolderGallery:
    """Pictures beside a feed, stored by threads while its records are read and written.

    Each file is read once, however many records name it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Pillow encodes without Python's lock, so threads are enough.
        self._pool = ThreadPoolExecutor(_THREADS)
        self._pictures: dict[str, Future[Picture]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, record: ProductRecord) -> None:
        for source in record.pictures:
            if not _WEB.match(source) and source not in self._pictures:
                self._pictures[source] = self._pool.submit(self._store, source)

    def pictures(self, record: ProductRecord) -> tuple[list[Picture], list[str]]:
        self.begin(record)
        found, flaws = [], []
        for source in record.pictures:
            if not _WEB.match(source):
                try:
                    found.append(self._pictures[source].result())
                except PictureError as error:
                    flaws.append(str(error))
        return found, flaws

    def _store(self, source: str) -> Picture:
        return store(read_below(self._folder, source), "catalogue")
