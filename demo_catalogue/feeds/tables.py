"""One row of a table, by its headings as they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from demo_catalogue.feeds.headings import column_name, field_of


@dataclass(frozen=True, slots=True)
class TableRow:
    line: int
    named: Mapping[str, list[str]]
    """Cells by heading; without blank ones."""

    @property
    def sku(self) -> str:
        """The SKU, for a message."""
        named = (
            cells for name, cells in self.named.items() if field_of(column_name(name)) == "sku"
        )
        return next(named, [""])[0].strip()[:100]

    def simply(self) -> dict[str, str]:
        """First cells by simple names: `attribute_1_value_s` of "Attribute 1 value(s)"."""
        found: dict[str, str] = {}
        for name, cells in self.named.items():
            found.setdefault(simple_name(name), cells[0].strip())
        return found


def simple_name(heading: str) -> str:
    return re.sub(r"[\W_]+", "_", heading.casefold()).strip("_")
