"""JSON Lines: one product, a JSON object, a line. Objects under `metadata` are read as columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from demo_catalogue.feeds.base import FeedError, Shop
from demo_catalogue.feeds.columns import record_from
from demo_catalogue.records import ProductRecord, RecordError

_MAX_LINE = 5_000_000


class JsonLines:
    """A bad line costs that line only."""

    def __init__(self, shop: Shop | None = None) -> None:
        self._shop = shop or Shop()

    def read(self, stream: BinaryIO) -> Iterator[ProductRecord | RecordError]:
        number = 0
        while line := stream.readline(_MAX_LINE):
            number += 1
            if len(line) == _MAX_LINE:
                raise FeedError(f"line {number}: longer than {_MAX_LINE:,} bytes")
            if line.strip():
                yield self._row(number, line)

    def _row(self, number: int, line: bytes) -> ProductRecord | RecordError:
        record: object = None
        try:
            record = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse)
            if not isinstance(record, dict):
                return RecordError(number, "not a JSON object")
            metadata = record.pop("metadata", None)
            if isinstance(metadata, Mapping):
                record = {**metadata, **record}
            return record_from(number, record, self._shop)
        except json.JSONDecodeError as error:
            return RecordError(number, f"not JSON: {error.msg} at column {error.colno}")
        except UnicodeDecodeError as error:
            return RecordError(number, f"not UTF-8: {error.reason}")
        except RecursionError:
            return RecordError(number, "nested too deeply")
        except ValueError as error:
            sku = record.get("_id") or record.get("id") if isinstance(record, dict) else ""
            return RecordError(number, str(error), str(sku or "")[:100])


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not a number of JSON")
