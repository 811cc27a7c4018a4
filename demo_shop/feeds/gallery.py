"""The pictures of a feed, stored by threads while its rows are read and written."""

from __future__ import annotations

import os
import re
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

from demo_shop.feeds.pictures import Picture, PictureError, read_below, store
from demo_shop.feeds.row import Row

_WEB = re.compile(r"(?i)https?://")
_THREADS = min(4, os.cpu_count() or 1)


def link(row: Row) -> str:
    """The first picture of a row that lies elsewhere."""
    return next(filter(_WEB.match, row.pictures), "")


class Gallery:
    """Each source is read once. A picture that is of no use is noted with its rows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Pillow encodes without Python's lock, so threads are enough.
        self._pool = ThreadPoolExecutor(_THREADS)
        self._pictures: dict[str, Future[Picture]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, row: Row) -> None:
        """Have the pictures of a row stored."""
        for source in row.pictures:
            if not _WEB.match(source) and source not in self._pictures:
                self._pictures[source] = self._pool.submit(self._store, source)

    def pictures(self, row: Row) -> tuple[list[Picture], list[str]]:
        """Those of a row that are stored, and what is wrong with the others."""
        self.begin(row)
        found, flaws = [], []
        for source in row.pictures:
            if not _WEB.match(source):
                try:
                    found.append(self._pictures[source].result())
                except PictureError as error:
                    flaws.append(str(error))
        return found, flaws

    def _store(self, source: str) -> Picture:
        return store(read_below(self._folder, source), "catalogue")
