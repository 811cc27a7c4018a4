"""CSV: a line for each item of an event, columns named as the fields of events are."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, BinaryIO

from shopreco.behaviour.files.base import EventFileError, FileEvent, numbered_lines

OF_ITEMS = ("item_id", "quantity", "price", "position", "index")
NOT_UTF8 = "the line is not UTF-8."


def read_csv(file: BinaryIO) -> Iterator[FileEvent]:
    """Read events. Lines that follow each other with the same `uuid`, or the same name and
    `transaction_id`, are the items of one event.

    Columns: `name` or `event`, `item_id`, `quantity`, `price`, `visitor`, `user`, `time`, and the
    others that `POST events/` takes.
    """
    lines = (text if text is not None else "\n" for _number, text in numbered_lines(file))
    rows = csv.DictReader(lines)
    if not {"name", "event"} & set(rows.fieldnames or ()):
        raise EventFileError(
            "The first line has to name the columns, `name` and `item_id` among them; it is "
            f"{', '.join(rows.fieldnames or ()) or 'empty'!r:.200}."
        )
    waiting: FileEvent | None = None
    for row in rows:
        read = _event(rows.line_num, row)
        if waiting is not None and _is_same(waiting, read):
            waiting.event["items"].extend(read.event["items"])
            continue
        if waiting is not None:
            yield waiting
        waiting = read
    if waiting is not None:
        yield waiting


def _event(line: int, row: dict[str | None, Any]) -> FileEvent:
    if None in row:
        return FileEvent(line, {}, problem="the line has more cells than the first one.")
    filled = {str(name): text for name, text in row.items() if text}
    item = {name: filled.pop(name) for name in OF_ITEMS if name in filled}
    visitor, user = filled.pop("visitor", ""), filled.pop("user", "")
    return FileEvent(line, {**filled, "items": [item] if item else []}, visitor, user)


def _is_same(one: FileEvent, other: FileEvent) -> bool:
    if one.problem or other.problem:
        return False
    for names in (("uuid",), ("name", "transaction_id"), ("event", "transaction_id")):
        if all(one.event.get(n) and one.event[n] == other.event.get(n) for n in names):
            return True
    return False
