"""Chairs, tables, shelves and chests."""

from __future__ import annotations

from random import Random

from demo_catalogue.generator.drawing.canvas import Canvas, Skin
from demo_catalogue.generator.drawing.shapes import (
    # Outlines are lists of points: filled lines show their form, one point a line hides it.
    # fmt: off
    blob,
    box,
    curve,
    leaf,
    mirrored,
    oval,
    polygon,
    polyline,
    turned,
)
from demo_catalogue.generator.drawing.subject import Subject, illustrates

BOOKS = ("#b5563f", "#2f5061", "#d9a441", "#7d8c6b", "#e6dac3", "#5a3d4f", "#88a6b5", "#2f2f33")


def leg(
    c: Canvas, top: tuple[float, float], foot: tuple[float, float], skin: Skin, width: float = 22
) -> None:
    """A tapering leg."""
    (x, y), (u, v) = top, foot
    c.solid(
        polygon((x - width / 2, y), (x + width / 2, y), (u + width / 3.6, v), (u - width / 3.6, v)),
        skin.upright(),
    )


@illustrates("armchair")
def armchair(c: Canvas, s: Subject) -> None:
    c.shadow(400, 690, 220)
    for x, foot in ((258, 238), (542, 562)):
        leg(c, (x, 590), (foot, 694), s.accent, 26)
    for x, foot in ((310, 302), (490, 498)):
        leg(c, (x, 590), (foot, 664), s.accent.darker(0.3), 20)
    cloth = s.skin
    if s["form"] == "wing":
        c.solid(
            blob(
                (250, 470),
                (226, 300),
                (246, 170),
                (310, 132),
                (400, 122),
                (490, 132),
                (554, 170),
                (574, 300),
                (550, 470),
            ),
            cloth.darker(0.08),
            "soft",
        )
        for side in (-1, 1):
            c.solid(
                blob(
                    (400 + side * 178, 190),
                    (400 + side * 206, 300),
                    (400 + side * 196, 420),
                    (400 + side * 138, 440),
                    (400 + side * 140, 300),
                    (400 + side * 148, 200),
                ),
                cloth,
                "soft",
            )
    elif s["form"] == "tub":
        c.solid(
            blob(
                (190, 480), (188, 340), (260, 248), (400, 226), (540, 248), (612, 340), (610, 480)
            ),
            cloth.darker(0.08),
            "soft",
        )
        c.solid(
            blob(
                (254, 480), (256, 370), (310, 300), (400, 286), (490, 300), (544, 370), (546, 480)
            ),
            cloth.darker(0.2),
            "inside",
        )
    else:
        c.solid(box(248, 210, 304, 290, 54), cloth.darker(0.06), "soft")
        c.line("M400 216V480", cloth.darker(0.4).colour, 3, 0.5)
    for x, y in ((330, 380), (400, 372), (470, 380)):
        if s["form"] != "lounge":
            c.fill(oval(x, y - 60, 6), cloth.darker(0.45).colour, 0.7)
    c.solid(box(206, 520, 388, 84, 26), cloth.darker(0.14), "fall")
    c.solid(box(244, 446, 312, 96, 36), cloth.lighter(0.06), "fall")
    c.line("M262 534q138 14 276 0", cloth.darker(0.4).colour, 3, 0.5)
    for side in (-1, 1):
        x = 400 + side * 190
        c.solid(box(x - 40, 400, 80, 204, 38), cloth, "round")
        c.solid(oval(x, 420, 40, 24), cloth.lighter(0.1), "soft")


def _books(c: Canvas, rng: Random, left: float, right: float, floor: float, tall: float) -> None:
    x = left + rng.uniform(4, 16)
    stop = right - rng.uniform(0.05, 0.4) * (right - left)
    while True:
        thick, high = rng.uniform(14, 30), tall * rng.uniform(0.62, 0.92)
        if x + thick > stop:
            break
        c.solid(box(x, floor - high, thick, high, 3), Skin(rng.choice(BOOKS)))
        c.line(f"M{x + 4:.0f} {floor - high * 0.78:.0f}h{thick - 8:.0f}", "#f3e6c8", 2.4, 0.7)
        x += thick + 1
    if right - x > 62:
        if rng.random() < 0.5:
            c.solid(
                turned(x + 36, (12, floor - 52), (24, floor - 30), (14, floor)), Skin("#e8e0d2")
            )
        else:
            c.solid(mirrored(x + 34, (20, floor - 34), (15, floor)), Skin("#c4704f"))
            for angle in (-140, -110, -80, -50):
                c.solid(leaf(x + 34, floor - 32, 50, angle), Skin("#5f8259"), "flat")


@illustrates("bookcase")
def bookcase(c: Canvas, s: Subject) -> None:
    rng = Random(f"books {s['place']}")
    wide = {"60 cm": 250, "80 cm": 320, "120 cm": 460}[s["width"]]
    left, right, top, foot = 400 - wide / 2, 400 + wide / 2, 110, 700
    shelves = s.count("shelves", 4)
    c.shadow(400, foot, wide * 0.56, 24)
    wood, post = s.skin, s.skin.upright()
    if s["form"] == "closed-back":
        c.solid(box(left, top, wide, foot - top, 4), post.darker(0.35), "inside")
    if s["form"] == "ladder":
        for x in (left + 8, right - 8):
            c.tube(polyline((x, top), (x, foot)), post.darker(0.25), 12)
    step = (foot - 30 - top) / shelves
    for row in range(shelves):
        floor = top + step * (row + 1) - 8
        c.fill(
            box(left, floor - step + 22, wide, 26), c.fade("#2a2028", wood.darker(0.3).colour), 0.16
        )
        _books(c, rng, left + 20, right - 20, floor, step - 30)
        c.solid(box(left, floor, wide, 18, 3), wood, "fall")
    c.solid(box(left - 6, top - 8, wide + 12, 20, 4), wood.lighter(0.08), "fall")
    for x in (left - 6, right - 14):
        c.solid(box(x, top, 20, foot - top, 3), post)


@illustrates("side-table")
def side_table(c: Canvas, s: Subject) -> None:
    c.shadow(400, 690, 190)
    spread = 34
    for x, foot in ((300, 300 - spread), (500, 500 + spread)):
        leg(c, (x, 372), (foot, 696), s.accent, 26)
    leg(c, (378, 372), (372, 668), s.accent.darker(0.25), 22)
    if s.place % 2:
        c.solid(oval(400, 572, 128, 24), s.skin.darker(0.2), "fall")
        c.solid(box(330, 540, 120, 16, 3), Skin("#2f5061"), "flat")
        c.solid(box(338, 524, 104, 16, 3), Skin("#d9a441"), "flat")
    if s["form"] == "square":
        c.solid(
            polygon((222, 330), (578, 330), (618, 376), (182, 376)), s.skin.lighter(0.1), "flat"
        )
        c.solid(box(182, 376, 436, 24, 4), s.skin.darker(0.1), "fall")
    else:
        rx, ry = (220, 44) if s["form"] == "round" else (246, 38)
        c.solid(oval(400, 372, rx, ry), s.skin.darker(0.25), "round")
        c.solid(oval(400, 352, rx, ry), s.skin.lighter(0.08), "flat")
        c.line(oval(400, 352, rx - 14, ry - 8), s.skin.darker(0.3).colour, 2, 0.35)
    c.fill(oval(462, 352, 44, 10), "#1d1a22", 0.18)
    c.solid(turned(452, (34, 288), (35, 330), (24, 350)), Skin("#e9e2d6"))
    c.tube("M484 300q30 4 26 22t-30 16", Skin("#e9e2d6"), 9)
    c.fill(oval(452, 289, 33, 8), "#6a4632")


@illustrates("chest-of-drawers")
def chest_of_drawers(c: Canvas, s: Subject) -> None:
    drawers = s.count("drawers", 4)
    columns = 2 if drawers == 6 else 1
    rows = drawers // columns
    wide = 520 if columns == 2 else 400
    high = rows * 104 + 24
    left, foot = 400 - wide / 2, 640
    top = foot - high
    c.shadow(400, 706, wide * 0.54, 26)
    for x in (left + 34, left + wide - 34):
        leg(c, (x, foot - 6), (x + (-14 if x < 400 else 14), 708), s.skin.darker(0.2), 28)
    c.solid(box(left, top, wide, high, 8), s.skin.darker(0.18), "round")
    gap, cell = 12, (wide - 12 * (columns + 1)) / columns
    for row in range(rows):
        for column in range(columns):
            x, y = left + gap + column * (cell + gap), top + 14 + row * 104
            c.fill(box(x - 2, y - 1, cell + 4, 96, 6), "#1d1620", 0.4)
            c.solid(box(x, y, cell, 92, 5), s.skin.lighter(0.05 * (row % 2)), "fall")
            _pull(c, s, x + cell / 2, y + 44)
    c.solid(box(left - 12, top - 18, wide + 24, 24, 6), s.skin.lighter(0.1), "fall")


def _pull(c: Canvas, s: Subject, x: float, y: float) -> None:
    if s["handle"] == "brass":
        c.fill(oval(x + 2, y + 5, 15), "#1d1620", 0.3)
        c.solid(oval(x, y, 14), s.accent, "sphere")
    elif s["handle"] == "leather":
        c.solid(box(x - 13, y - 12, 26, 40, 8), s.accent, "fall")
        c.fill(oval(x, y - 4, 4), "#e7d3a8")
    else:
        c.fill(box(x - 52, y + 2, 106, 12, 6), "#1d1620", 0.3)
        c.solid(box(x - 54, y - 6, 108, 13, 6), s.accent, "fall")


@illustrates("stool")
def stool(c: Canvas, s: Subject) -> None:
    seat = {"45 cm": 420, "65 cm": 320, "75 cm": 260}[s["height"]]
    c.shadow(400, 698, 170)
    for x, foot in ((340, 316), (460, 484)):
        leg(c, (x, seat + 20), (foot, 664), s.accent.darker(0.3), 24)
    rest = seat + (690 - seat) * 0.62
    c.tube(polyline((322, rest - 14), (478, rest - 14)), s.accent.darker(0.3), 13)
    for x, foot in ((288, 240), (512, 560)):
        leg(c, (x, seat + 20), (foot, 700), s.accent, 32)
    c.tube(polyline((268, rest + 18), (532, rest + 18)), s.accent, 17)
    if s["form"] == "square":
        c.solid(
            curve(
                [
                    (236, seat),
                    (300, seat + 12),
                    (400, seat + 16),
                    (500, seat + 12),
                    (564, seat),
                    (572, seat + 36),
                    (400, seat + 52),
                    (228, seat + 36),
                ],
                closed=True,
                tension=0.6,
            ),
            s.skin,
            "fall",
        )
    else:
        c.solid(oval(400, seat + 26, 172, 40), s.skin.darker(0.3), "round")
        c.solid(oval(400, seat + 10, 172, 40), s.skin.lighter(0.06), "flat")
        c.fill(oval(400, seat + 14, 118, 22), s.skin.darker(0.4).colour, 0.18)
