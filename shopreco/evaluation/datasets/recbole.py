"""Files of RecBole: `NAME.inter`, `NAME.item` and `NAME.kg`, plain or gzip, tab separated without
quoting.

Zhao et al. 2021, "RecBole: Towards a Unified, Comprehensive and Efficient Framework for
Recommendation Algorithms".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path

from shopreco.evaluation.datasets.beir import DatasetError, numbered_lines
from shopreco.evaluation.datasets.interactions import Interaction

LEVELS, PATHS = ">", "|"
INTERACTION = ("user_id", "item_id", "timestamp")
KG_HEADER = "head_id:token\trelation_id:token\ttail_id:token"


@dataclass(frozen=True, slots=True)
class RecBoleItem:
    """One line of `NAME.item`; `categories` are the levels of all its paths, each once."""

    id: str
    title: str
    brand: str
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Triple:
    """One line of `NAME.kg`."""

    head: str
    relation: str
    tail: str

    @property
    def pair(self) -> tuple[str, str]:
        """Both ends, sorted."""
        return (min(self.head, self.tail), max(self.head, self.tail))


def find_files(folder: Path) -> tuple[Path, Path]:
    """Find the files of items and of triples.

    Raises:
        DatasetError: the folder does not have exactly one file of each.
    """
    found = []
    for kind in ("item", "kg"):
        files = [path for end in ("", ".gz") for path in folder.glob(f"*.{kind}{end}")]
        if len(files) != 1:
            raise DatasetError(f"{folder} has {len(files)} files NAME.{kind} or NAME.{kind}.gz.")
        found += files
    return found[0], found[1]


def read_items(path: Path) -> Iterator[RecBoleItem]:
    """Read the columns id, title, brand, categories.

    Raises:
        DatasetError: a line has another number of columns.
    """
    for id, title, brand, paths in _rows(path, 4):
        levels = [level.strip() for each in paths.split(PATHS) for level in each.split(LEVELS)]
        yield RecBoleItem(id, title or id, brand, tuple(dict.fromkeys(filter(None, levels))))


def read_triples(path: Path) -> Iterator[Triple]:
    """Read the edges.

    Raises:
        DatasetError: a line does not have three columns.
    """
    return (Triple(*cells) for cells in _rows(path, 3))


def read_interactions(path: Path) -> Iterator[Interaction]:
    """Read the columns `user_id`, `item_id` and `timestamp`; others are skipped.

    Raises:
        DatasetError: a column is missing, a line is cut off, or a time is no number.
    """
    header: list[str] = []
    for number, line in numbered_lines(path):
        cells = line.split("\t")
        if not header:
            header = [cell.partition(":")[0] for cell in cells]
            if missing := [name for name in INTERACTION if name not in header]:
                raise DatasetError(f"{path}:1: no column {', '.join(missing)}.")
            places = [header.index(name) for name in INTERACTION]
            continue
        if len(cells) != len(header):
            raise DatasetError(f"{path}:{number}: {len(cells)} cells, not {len(header)}.")
        user, item, time = (cells[place] for place in places)
        try:
            yield user, item, float(time)
        except ValueError:
            raise DatasetError(f"{path}:{number}: {time!r} is no time.") from None


def as_file(triples: Iterable[Triple]) -> BytesIO:
    """Write triples as a `.kg` file."""
    lines = [KG_HEADER, *(f"{t.head}\t{t.relation}\t{t.tail}" for t in triples)]
    return BytesIO("\n".join([*lines, ""]).encode())


def _rows(path: Path, columns: int) -> Iterator[list[str]]:
    for number, line in islice(numbered_lines(path), 1, None):
        cells = line.split("\t")
        if len(cells) != columns:
            raise DatasetError(f"{path}:{number}: {len(cells)} cells, not {columns}.")
        yield cells
