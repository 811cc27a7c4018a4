"""Outlines as SVG path data, on a board of 800 by 800 with y pointing down."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin

Point = tuple[float, float]


def number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def pair(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"


def box(x: float, y: float, width: float, height: float, radius: float = 0) -> str:
    """A rectangle, its corners rounded by `radius`."""
    r = min(radius, width / 2, height / 2)
    arc = f"a{number(r)} {number(r)} 0 0 1 "
    return (
        f"M{pair((x + r, y))}h{number(width - 2 * r)}{arc}{pair((r, r))}"
        f"v{number(height - 2 * r)}{arc}{pair((-r, r))}"
        f"h{number(2 * r - width)}{arc}{pair((-r, -r))}"
        f"v{number(2 * r - height)}{arc}{pair((r, -r))}z"
    )


def oval(cx: float, cy: float, rx: float, ry: float | None = None) -> str:
    """An ellipse; a circle when `ry` is left out."""
    ry = rx if ry is None else ry
    radii = f"{number(rx)} {number(ry)} 0 1 0 "
    return f"M{pair((cx - rx, cy))}a{radii}{pair((2 * rx, 0))}a{radii}{pair((-2 * rx, 0))}z"


def ring(cx: float, cy: float, rx: float, ry: float, share: float) -> str:
    """An ellipse with a hole of `share` its size (to be filled by the even-odd rule)."""
    return oval(cx, cy, rx, ry) + oval(cx, cy, rx * share, ry * share)


def polygon(*points: Point) -> str:
    return "M" + "L".join(map(pair, points)) + "z"


def polyline(*points: Point) -> str:
    return "M" + "L".join(map(pair, points))


def curve(points: Sequence[Point], *, closed: bool = False, tension: float = 1.0) -> str:
    """A smooth line through `points` (Catmull-Rom, written as cubic Béziers)."""
    count = len(points)
    segments = count if closed else count - 1

    def at(index: int) -> Point:
        return points[index % count] if closed else points[max(0, min(count - 1, index))]

    path = "M" + pair(points[0])
    for index in range(segments):
        before, start, end, after = (at(index + step) for step in (-1, 0, 1, 2))
        share = tension / 6
        first = (start[0] + (end[0] - before[0]) * share, start[1] + (end[1] - before[1]) * share)
        second = (end[0] - (after[0] - start[0]) * share, end[1] - (after[1] - start[1]) * share)
        path += f"C{pair(first)} {pair(second)} {pair(end)}"
    return path + ("z" if closed else "")


def blob(*points: Point) -> str:
    """A smooth closed outline through `points`."""
    return curve(points, closed=True)


def turned(cx: float, *profile: Point) -> str:
    """A body of revolution: `profile` holds (radius, y) from top to bottom; smooth sides,
    a slightly rounded foot, as thrown on a wheel or turned on a lathe."""
    right = [(cx + radius, y) for radius, y in profile]
    left = [(cx - radius, y) for radius, y in reversed(profile)]
    foot = profile[-1][0]
    down, up = curve(right), curve(left)
    return (
        f"{down}A{number(foot)} {number(foot * 0.12 + 0.1)} 0 0 1 {pair(left[0])}"
        f"{up[up.index('C') :]}z"
    )


def mirrored(cx: float, *points: Point) -> str:
    """A symmetrical polygon: `points` give its right half as (offset, y), top to bottom."""
    right = [(cx + offset, y) for offset, y in points]
    left = [(cx - offset, y) for offset, y in reversed(points)]
    return polygon(*right, *left)


def garment(cx: float, *points: Point, tension: float = 0.5) -> str:
    """A symmetrical outline with softened corners: the cut of a piece of cloth."""
    right = [(cx + offset, y) for offset, y in points]
    left = [(cx - offset, y) for offset, y in reversed(points)]
    return curve([*right, *left], closed=True, tension=tension)


def leaf(x: float, y: float, length: float, angle: float, width: float = 0.32) -> str:
    """A pointed leaf from its stalk at (x, y); `angle` in degrees, 0 pointing right."""
    turn = angle * pi / 180
    tip = (x + length * cos(turn), y + length * sin(turn))
    bulge = length * width
    sides = []
    for sign in (-1, 1):
        side = turn + sign * pi / 2
        sides.append(
            (
                x + length * 0.45 * cos(turn) + bulge * cos(side),
                y + length * 0.45 * sin(turn) + bulge * sin(side),
            )
        )
    return f"M{pair((x, y))}Q{pair(sides[0])} {pair(tip)}Q{pair(sides[1])} {pair((x, y))}z"


def around(cx: float, cy: float, radius: float, count: int, start: float = -90) -> list[Point]:
    """`count` points on a circle, the first at `start` degrees."""
    turns = [(start + 360 * index / count) * pi / 180 for index in range(count)]
    return [(cx + radius * cos(turn), cy + radius * sin(turn)) for turn in turns]
