"""Feed readers: one format a module, all read into `ProductRecord`."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from demo_catalogue.feeds.base import Feed, FeedError, Shop
from demo_catalogue.feeds.delimited import Csv, Tsv
from demo_catalogue.feeds.json_lines import JsonLines
from demo_catalogue.feeds.merchant_xml import MerchantXml
from demo_catalogue.records import ProductRecord, RecordError

FORMATS: Mapping[str, type[Feed]] = {
    ".xml": MerchantXml,
    ".rss": MerchantXml,
    ".atom": MerchantXml,
    ".tsv": Tsv,
    ".txt": Tsv,
    ".csv": Csv,
    ".jsonl": JsonLines,
    ".ndjson": JsonLines,
}


def feed_for(path: Path, shop: Shop | None = None) -> Feed:
    """Choose the reader of a file by its name, apart from `.gz`.

    Raises:
        FeedError: no format has that ending.
    """
    ending = Path(path.stem).suffix if path.suffix.lower() == ".gz" else path.suffix
    try:
        return FORMATS[ending.lower()](shop or Shop())
    except KeyError:
        known = ", ".join(FORMATS)
        raise FeedError(
            f"{path.name}: no feed format ends in {ending!r}; known are {known}, each also with .gz"
        ) from None


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Open a file: its unpacked content, and the file itself, which tells the progress.

    Raises:
        FeedError: the gzip data is damaged.
    """
    with path.open("rb") as file:
        if path.suffix.lower() != ".gz":
            yield file, file
            return
        try:
            with gzip.GzipFile(fileobj=file) as content:
                yield cast("BinaryIO", content), file
        except (gzip.BadGzipFile, EOFError) as error:
            raise FeedError(f"{path.name}: damaged gzip file: {error}") from error


__all__ = [
    "FORMATS",
    "Feed",
    "FeedError",
    "ProductRecord",
    "RecordError",
    "Shop",
    "feed_for",
    "opened",
]
