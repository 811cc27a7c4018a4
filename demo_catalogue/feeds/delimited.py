"""CSV and TSV with a header row: Google Merchant's text feeds, spreadsheets, and the exports of
Shopify and WooCommerce, which are recognised by their headings."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from demo_catalogue.feeds import cells, shopify, woocommerce
from demo_catalogue.feeds.base import FeedError, Shop
from demo_catalogue.feeds.columns import record_from
from demo_catalogue.feeds.headings import check_headings, column_name, field_of
from demo_catalogue.feeds.tables import TableRow
from demo_catalogue.records import ProductRecord, RecordError

DELIMITERS = (",", "\t", ";", "|")
Dialect = Callable[[Iterator[TableRow | RecordError], Shop], Iterator[ProductRecord | RecordError]]
DIALECTS: Mapping[Callable[[list[str]], bool], Dialect] = {
    shopify.is_dialect: shopify.rows,
    woocommerce.is_dialect: woocommerce.rows,
}

_MAX_LINE_LENGTH = 5_000_000
_NOT_UTF8 = re.compile(r"[\ud800-\udfff]")
_FORMULA = re.compile(r'="(.*)"')
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class Delimited:
    """A table whose cells are separated by one character and quoted where they need to be."""

    delimiter = ","
    """Expected; another that more headings are separated by is taken."""

    def __init__(self, shop: Shop | None = None) -> None:
        self._shop = shop or Shop()

    def read(self, stream: BinaryIO) -> Iterator[ProductRecord | RecordError]:
        with _decoded(stream) as text:
            lines = cells.Lines(_limited(text))
            header, delimiter = self._header(lines)
            if _NOT_UTF8.search("".join(header)):
                raise FeedError("line 1: not UTF-8: save the file as UTF-8")
            dialect = _dialect(header, delimiter)
            table = Table(header, lines, delimiter)
            yield from dialect(table.records(), self._shop)
            table.check_encoding()

    def _header(self, lines: cells.Lines) -> tuple[list[str], str]:
        """The headings and what separates them; Excel may say it in a line before."""
        first = lines.take()
        while first is not None and not first.strip(" ,;\t\ufeff"):
            first = lines.take()
        first = first or ""
        if named := re.fullmatch(r'(?i)"?sep=(.)"?', first):
            (_line, header) = next(cells.rows(lines, named[1], 0), (0, []))
            return header, named[1]

        def understood(delimiter: str) -> tuple[int, bool]:
            names = (column_name(each.strip('" ')) for each in first.split(delimiter))
            return sum(bool(field_of(name)) for name in names), delimiter == self.delimiter

        delimiter = max(DELIMITERS, key=understood)
        lines.put_back(first)
        (_line, header) = next(cells.rows(lines, delimiter, 0), (0, []))
        return header, delimiter


class Csv(Delimited):
    """Comma-separated."""


class Tsv(Delimited):
    """Tab-separated."""

    delimiter = "\t"


class Table:
    """The rows below a header, each as a `TableRow`."""

    def __init__(self, header: list[str], lines: cells.Lines, delimiter: str) -> None:
        self._header = header
        self._rows = cells.rows(lines, delimiter, len(header))
        self._any_utf8 = False
        self._not_utf8: list[int] = []

    def records(self) -> Iterator[TableRow | RecordError]:
        for line, row in self._rows:
            record = TableRow(line, self._named(row))
            written = "".join(row)
            if _NOT_UTF8.search(written):
                self._not_utf8.append(line)
                yield RecordError(line, "not UTF-8", record.sku)
                continue
            self._any_utf8 = self._any_utf8 or not written.isascii()
            if any(cell.strip() for cell in row[len(self._header) :]):
                message = f"{len(row)} cells under {len(self._header)} column names"
                yield RecordError(line, message)
            else:
                yield record

    def check_encoding(self) -> None:
        """Raises FeedError if no row beyond ASCII was UTF-8, so that the file is not."""
        if self._not_utf8 and not self._any_utf8:
            raise FeedError(f"line {self._not_utf8[0]}: not UTF-8: save the file as UTF-8")

    def _named(self, row: list[str]) -> dict[str, list[str]]:
        named: dict[str, list[str]] = {}
        for heading, cell in zip(self._header, row, strict=False):
            if cell.strip() and heading.strip():
                named.setdefault(heading.strip(), []).append(_FORMULA.sub(r"\1", cell))
        return named


def generic(
    records: Iterator[TableRow | RecordError], shop: Shop
) -> Iterator[ProductRecord | RecordError]:
    """One product a row."""
    for record in records:
        if isinstance(record, RecordError):
            yield record
            continue
        try:
            yield record_from(record.line, record.named, shop, in_table=True)
        except ValueError as error:
            yield RecordError(record.line, str(error), record.sku)


def _dialect(header: list[str], delimiter: str) -> Dialect:
    """Raises FeedError for one that is not known."""
    for is_dialect, rows in DIALECTS.items():
        if is_dialect(header):
            return rows
    check_headings(header, delimiter)
    return generic


@contextmanager
def _decoded(stream: BinaryIO) -> Iterator[io.TextIOWrapper]:
    """Text of a file that is not closed with it. Bytes that are not UTF-8 become surrogates, so
    that they cost their row only."""
    buffer = io.BufferedReader(stream)  # type: ignore[type-var]  # any binary file will do
    encoding = _MARKS.get(buffer.peek(2)[:2], "utf-8-sig")
    text = io.TextIOWrapper(buffer, encoding, errors="surrogateescape")
    try:
        yield text
    except UnicodeError as error:
        raise FeedError(f"not {encoding.upper()}: {error}") from error
    finally:
        text.detach()
        buffer.detach()


def _limited(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_MAX_LINE_LENGTH):
        if len(line) == _MAX_LINE_LENGTH:
            raise FeedError(f"a line has more than {_MAX_LINE_LENGTH:,} characters")
        yield line
