"""RecBole's `.inter`: tab separated, columns with their types, such as `user_id:token`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from shopreco.behaviour.files.base import EventFileError, FileEvent, numbered_lines
from shopreco.models import EventName


def read_inter(file: BinaryIO) -> Iterator[FileEvent]:
    """Read interactions as views of products."""
    lines = numbered_lines(file)
    _number, header = next(lines, (0, ""))
    names = [cell.partition(":")[0].strip() for cell in (header or "").split("\t")]
    if not {"user_id", "item_id"} <= set(names):
        raise EventFileError(
            "The first line has to name the columns, `user_id:token` and `item_id:token` among "
            "them."
        )
    for number, text in lines:
        cells = (text or "").rstrip("\r\n").split("\t")
        if text is None or len(cells) != len(names):
            yield FileEvent(
                number, {}, problem=f"the line has {len(cells)} cells, not {len(names)}."
            )
            continue
        row = dict(zip(names, cells, strict=True))
        event = {
            "name": EventName.VIEW_ITEM.value,
            "time": row.get("timestamp"),
            "items": [{"item_id": row["item_id"]}],
        }
        yield FileEvent(number, event, row["user_id"])
