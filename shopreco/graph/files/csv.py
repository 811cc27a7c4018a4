"""Edges as CSV, with all their columns; items are named by object id."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from difflib import get_close_matches
from typing import BinaryIO, NamedTuple, Protocol

from django.db.models import Case, When

from shopreco.catalogues import Catalogue
from shopreco.db.routing import write_alias
from shopreco.graph.files.base import (
    FileEdge,
    GraphFileError,
    Imported,
    decoded_lines,
    file_edge,
    load_edges,
    node_named,
    parsed,
)
from shopreco.models import Edge, EdgeState, Node, Provenance

ROWS_AT_ONCE = 5_000
REQUIRED = ("source", "relation", "target")


class TextOut(Protocol):
    def write(self, text: str, /) -> object: ...


class StoredEdge(NamedTuple):
    """An edge as a row of the file; the fields are the columns."""

    source_kind: str
    source: str
    relation: str
    target_kind: str
    target: str
    weight: float
    provenance: str
    state: str


COLUMNS = StoredEdge._fields


def import_csv(
    catalogue: Catalogue, file: BinaryIO, provenance: str = Provenance.IMPORTED
) -> Imported:
    """Import edges from CSV with a header, which needs `source`, `relation` and `target`.

    Other missing columns or cells mean: kind "item", weight 1, the given provenance, state
    "active".

    Raises:
        GraphFileError: lines are malformed; nothing was changed.
    """
    return load_edges(catalogue, _read(file, provenance))


def _read(file: BinaryIO, provenance: str) -> Iterator[FileEdge]:
    rows = _rows(file)
    _, first = next(rows, (1, []))
    header = [name.strip().casefold() for name in first]
    _check_header(header)

    def parse(line: int, row: list[str]) -> FileEdge:
        if len(row) != len(header):
            raise ValueError(f"has {len(row)} cells, the header {len(header)}.")
        cells = {name: cell for name, cell in zip(header, row, strict=True) if cell}
        return file_edge(
            line,
            node_named(cells.get("source_kind", Node.ITEM), cells.get("source", "")),
            cells.get("relation", ""),
            node_named(cells.get("target_kind", Node.ITEM), cells.get("target", "")),
            _weight(cells.get("weight", "1")),
            _one_of(Provenance.values, cells.get("provenance", provenance), "provenance"),
            _one_of(EdgeState.values, cells.get("state", EdgeState.ACTIVE), "state"),
        )

    yield from parsed(rows, parse)


def _check_header(header: list[str]) -> None:
    if missing := [name for name in REQUIRED if name not in header]:
        raise GraphFileError(
            f"line 1: no column {', '.join(missing)}. The first line names the columns: "
            f"{', '.join(COLUMNS)}."
        )
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            close = get_close_matches(name, COLUMNS, n=1)
            hint = f" Did you mean {close[0]}?" if close and close[0] not in header else ""
            raise GraphFileError(f"line 1: column {name!r} is unknown or repeated.{hint}")


def _rows(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(decoded_lines(file), strict=True)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise GraphFileError(f"line {reader.line_num}: {error}.") from None
        if row is None:
            return
        if row:
            yield reader.line_num, row


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"the weight is a number from 0 to 1, not {text[:50]!r}.") from None


def _one_of(values: list[str], text: str, what: str) -> str:
    if text not in values:
        raise ValueError(f"the {what} is one of {', '.join(values)}, not {text[:50]!r}.")
    return text


def export_csv(catalogue: Catalogue, out: TextOut) -> int:
    """Write all edges of a catalogue, also rejected ones; returns their number."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    written = 0
    for edge in stored_edges(catalogue):
        writer.writerow(edge)
        written += 1
    return written


def stored_edges(catalogue: Catalogue) -> Iterator[StoredEdge]:
    """All edges of a catalogue, a page in memory at a time."""
    rows = (
        Edge.objects.using(write_alias())
        .filter(source__catalogue=catalogue.name)
        .order_by("id")
        .values_list(
            "source__kind",
            _name("source"),
            "relation__code",
            "target__kind",
            _name("target"),
            "weight",
            "provenance",
            "state",
        )
    )
    return (StoredEdge(*row) for row in rows.iterator(ROWS_AT_ONCE))


def _name(end: str) -> Case:
    """The object id of an item, else the label."""
    item = When(**{f"{end}__kind": Node.ITEM}, then=f"{end}__key")
    return Case(item, default=f"{end}__label")
