"""Drawing of a node and its neighbours: boxes, curves and words with their places.

The node is in the middle. Its neighbours stand in a column on either side, grouped by relation, so
that no two labels overlap however many there are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

WIDTH, MARGIN = 1000, 12
ROW, GAP = 30, 14
"""From one neighbour to the next, and more between two relations."""
NODE, HUB, LEAF = (156, 26), (118, 22), (218, 24)
"""Width and height of the boxes: the node, relations, neighbours."""
HUB_X = 254
LINE, PADDING = 18, 12
COLUMNS = {NODE: 18, HUB: 16, LEAF: 28}
"""Characters that fit into a box."""
MAX_LINES = 3
WHOLE = 4
"""Neighbours over one relation that stay together on one side."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A neighbour: what an edge leads to.

    style: class names of edge and box.
    note: the edge in words.
    """

    label: str
    url: str
    style: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The neighbours over one relation in one direction, of which `more` are not drawn."""

    label: str
    url: str
    leaves: Sequence[Leaf]
    more: Leaf | None = None

    @property
    def rows(self) -> Sequence[Leaf]:
        return [*self.leaves, self.more] if self.more else self.leaves


@dataclass(frozen=True, slots=True)
class Box:
    """A box by its upper left corner and its size, with its lines, as (y, text), and a link."""

    x: int
    y: int
    width: int
    height: int
    lines: Sequence[tuple[int, str]]
    whole: str
    url: str = ""
    style: str = ""

    @property
    def centre(self) -> int:
        return self.x + self.width // 2

    @property
    def middle(self) -> int:
        return self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Curve:
    path: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is left of `left` is empty where all neighbours stand on the other side."""

    left: int
    width: int
    height: int
    curves: Sequence[Curve]
    boxes: Sequence[Box]


def draw(label: str, groups: Sequence[Group]) -> Drawing:
    """The neighbourhood of the node of that label."""
    right, left = _sides(groups)
    tall = max(_height(right), _height(left), NODE[1] + 2 * LINE)
    height = tall + 2 * MARGIN
    node = _node(label, height)
    curves: list[Curve] = []
    boxes = [node]
    for side, is_left in ((right, False), (left, True)):
        for hub, leaves in _placed(side, (height - _height(side)) // 2, is_left=is_left):
            curves.append(_curve(node, hub, "shopreco-trunk"))
            curves += [_curve(hub, leaf, leaf.style) for leaf in leaves]
            boxes += [hub, *leaves]
    first = 0 if left else node.x
    return Drawing(first, WIDTH - first, height, curves, boxes)


def shortened(text: str, columns: int) -> str:
    """The text in at most so many columns; a Chinese character takes two."""
    taken = 0
    for place, character in enumerate(text):
        taken += _columns(character)
        if taken > columns:
            return text[: max(1, place - 1)].rstrip() + "…"
    return text


def wrapped(text: str, columns: int, max_lines: int) -> list[str]:
    """The text in at most `max_lines` lines, cut at spaces where there are any."""
    lines = [""]
    for word in text.split():
        for place, part in enumerate([word] if _fits(word, columns) else word):
            joined = lines[-1] + (" " if lines[-1] and not place else "") + part
            if _fits(joined, columns):
                lines[-1] = joined
            else:
                lines.append(part)
    if len(lines) > max_lines:
        lines[max_lines - 1 :] = [shortened(" ".join(lines[max_lines - 1 :]), columns - 1)]
    return [line for line in lines if line]


def _fits(text: str, columns: int) -> bool:
    return sum(map(_columns, text)) <= columns


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _sides(groups: Sequence[Group]) -> tuple[list[Group], list[Group]]:
    """Half of the rows to the right, the others to the left; large groups stand on both sides."""
    right: list[Group] = []
    left: list[Group] = []
    room = (sum(len(group.rows) for group in groups) + 1) // 2
    for group in groups:
        rows = len(group.rows)
        if rows <= room or (rows <= WHOLE and 2 * room >= rows):
            right.append(group)
        elif rows <= WHOLE or room < 2 or rows - room < 2:
            left.append(group)
        else:
            right.append(replace(group, leaves=group.rows[:room], more=None))
            left.append(replace(group, leaves=group.rows[room:], more=None))
        room = max(0, room - rows)
    return right, left


def _height(side: Sequence[Group]) -> int:
    return sum(len(group.rows) * ROW for group in side) + max(0, len(side) - 1) * GAP


def _node(label: str, height: int) -> Box:
    lines = wrapped(label, COLUMNS[NODE], MAX_LINES)
    tall = NODE[1] + LINE * (len(lines) - 1) + PADDING
    top = (height - tall) // 2
    first = top + (tall - LINE * (len(lines) - 1)) // 2
    return Box(
        x=(WIDTH - NODE[0]) // 2,
        y=top,
        width=NODE[0],
        height=tall,
        lines=[(first + LINE * n, line) for n, line in enumerate(lines)],
        whole=label,
        style="shopreco-self",
    )


def _placed(
    side: Sequence[Group], top: int, *, is_left: bool
) -> Iterator[tuple[Box, Sequence[Box]]]:
    hub_x, leaf_x = HUB_X, 0
    if not is_left:
        hub_x, leaf_x = WIDTH - HUB_X - HUB[0], WIDTH - LEAF[0]
    for group in side:
        leaves = [
            _box(leaf_x, top + ROW * n + ROW // 2, LEAF, row.label, row.url, row.style, row.note)
            for n, row in enumerate(group.rows)
        ]
        middle = top + ROW * len(leaves) // 2
        yield _box(hub_x, middle, HUB, group.label, group.url, "shopreco-hub"), leaves
        top += ROW * len(leaves) + GAP


def _box(
    x: int, middle: int, size: tuple[int, int], label: str, url: str, style: str, note: str = ""
) -> Box:
    width, height = size
    return Box(
        x=x,
        y=middle - height // 2,
        width=width,
        height=height,
        lines=[(middle, shortened(label, COLUMNS[size]))],
        whole=note or label,
        url=url,
        style=style,
    )


def _curve(start: Box, end: Box, style: str) -> Curve:
    """From the side of one box to the facing side of another."""
    if start.x < end.x:
        x1, x2 = start.x + start.width, end.x
    else:
        x1, x2 = start.x, end.x + end.width
    half = (x1 + x2) // 2
    return Curve(
        f"M{x1} {start.middle}C{half} {start.middle} {half} {end.middle} {x2} {end.middle}", style
    )
