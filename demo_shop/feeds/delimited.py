"""CSV and TSV with a header row, as shop exports and Google Merchant's text feeds have them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from demo_shop.feeds.columns import SYNONYMS, column_name, row_from
from demo_shop.feeds.row import FeedError, Row, RowError

_MAX_CELL = 1_000_000


class Delimited:
    """A table whose cells are separated by one character and quoted where they need to be."""

    delimiter = ","

    def read(self, stream: BinaryIO) -> Iterator[Row | RowError]:
        csv.field_size_limit(_MAX_CELL)
        lines = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        try:
            header = next(reader, [])
            names = {column_name(heading) for heading in header}
            if not names.intersection(SYNONYMS["sku"]) or not names.intersection(SYNONYMS["title"]):
                raise FeedError(
                    f"the first line must name the columns, among them id (or sku) and title, "
                    f"separated by {self.delimiter!r}"
                )
            begins = reader.line_num + 1
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield self._row(begins, header, cells)
                begins = reader.line_num + 1
        except UnicodeDecodeError as error:
            raise FeedError(f"after line {reader.line_num}: not UTF-8: {error.reason}") from error
        except csv.Error as error:
            raise FeedError(f"line {reader.line_num}: {error}") from error
        finally:
            lines.detach()

    def _row(self, line: int, header: list[str], cells: list[str]) -> Row | RowError:
        if len(cells) > len(header):
            return RowError(line, f"{len(cells)} cells under {len(header)} column names")
        named: dict[str, list[str]] = {}
        for heading, cell in zip(header, cells, strict=False):
            if cell.strip():
                named.setdefault(heading, []).append(cell)
        try:
            return row_from(line, named)
        except ValueError as error:
            return RowError(line, str(error), cells[0][:100])


class Csv(Delimited):
    """Comma-separated."""


class Tsv(Delimited):
    """Tab-separated."""

    delimiter = "\t"
