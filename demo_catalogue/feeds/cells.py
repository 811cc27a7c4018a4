"""Split a table into rows and cells. Bad quoting is read literally, and costs one row at most.

Python's `csv` reads an unclosed quotation mark to the end of the file.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

_MAX_CELL_LENGTH = 1_000_000
_MAX_LINES = 2_000
_QUOTED = re.compile(r'[^"]*(?:""[^"]*)*')


@dataclass
class Lines:
    """Lines that can be looked at before they are taken."""

    source: Iterator[str]
    number: int = 0
    _ahead: deque[str] = field(default_factory=deque)

    def take(self) -> str | None:
        line = self._ahead.popleft() if self._ahead else next(self.source, None)
        self.number += line is not None
        return None if line is None else line.rstrip("\r\n")

    def put_back(self, line: str) -> None:
        self._ahead.appendleft(line)
        self.number -= 1

    def behind(self) -> Iterator[str]:
        """The lines that follow, without taking them."""
        for place in range(_MAX_LINES):
            if place == len(self._ahead):
                if (line := next(self.source, None)) is None:
                    return
                self._ahead.append(line)
            yield self._ahead[place].rstrip("\r\n")


def rows(lines: Lines, delimiter: str, width: int) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line that it begins on; blank lines are none.

    width: how many cells a row has. A quotation mark that is closed so far below that it would
    swallow whole rows is part of its text.
    """
    while (line := lines.take()) is not None:
        begins = lines.number
        cells = _cells(line, lines, delimiter, width) if '"' in line else line.split(delimiter)
        if any(cell.strip() for cell in cells):
            yield begins, cells


def _cells(line: str, lines: Lines, delimiter: str, width: int) -> list[str]:
    cells: list[str] = []
    place = 0
    while True:
        end = -1
        if line.startswith('"', place):
            end = _closing(line, place + 1, delimiter)
            if end == len(line) and (longer := _continued(line, place, lines, delimiter, width)):
                line = longer
                end = _closing(line, place + 1, delimiter)
        if 0 <= end < len(line):
            cells.append(line[place + 1 : end].replace('""', '"'))
            place = end + 1
        else:
            following = line.find(delimiter, place)
            cells.append(line[place:] if following < 0 else line[place:following])
            place += len(cells[-1])
        if place >= len(line):
            return cells
        place += len(delimiter)


def _closing(line: str, place: int, delimiter: str) -> int:
    """Where the quotation mark is that closes a cell; the length of the line where none does, -1
    where one stands within the text."""
    match = _QUOTED.match(line, place)
    end = match.end() if match else len(line)
    if end == len(line) or line.startswith(delimiter, end + 1) or end + 1 == len(line):
        return end
    return -1


def _continued(line: str, place: int, lines: Lines, delimiter: str, width: int) -> str:
    """The line with those that its last, open cell goes on in; empty if it is never closed."""
    parts, length = [line], len(line)
    for following in lines.behind():
        # A mark at the beginning may be the second of two.
        end = _closing(following, 0, delimiter)
        parts.append(following)
        length += len(following)
        if end < 0 or length > _MAX_CELL_LENGTH:
            return ""
        if end < len(following):
            break
    else:
        return ""
    if width > 1 and all(each.count(delimiter) == width - 1 for each in parts):
        return ""
    for _line in islice(parts, 1, None):
        lines.take()
    return "\n".join(parts)
