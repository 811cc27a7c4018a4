"""Cushions, throws, rugs, bed linen, curtains and towels."""

from __future__ import annotations

from demo_catalogue.generator.drawing.canvas import Canvas, Skin
from demo_catalogue.generator.drawing.shapes import blob, box, curve, oval, polygon, polyline
from demo_catalogue.generator.drawing.subject import HANGING, LYING, Subject, illustrates

WOOD = Skin("#c99f68", "grain")


@illustrates("cushion")
def cushion(c: Canvas, s: Subject) -> None:
    long = s["dimensions"].startswith("40")
    c.shadow(400, 668, 260 if long else 220, 30)
    rx, ry = (290, 178) if long else (232, 226)
    cy = 664 - ry
    d = blob(
        (400 - rx, cy - ry),
        (400, cy - ry * 0.94),
        (400 + rx, cy - ry),
        (400 + rx * 0.95, cy),
        (400 + rx, cy + ry),
        (400, cy + ry * 0.97),
        (400 - rx, cy + ry),
        (400 - rx * 0.95, cy),
    )
    c.solid(d, s.skin, "soft", angle=(0, 45, 0)[s.place % 3], scale=1.1)
    c.line(d, s.skin.darker(0.35).colour, 5, 0.55)
    for x, y, sx, sy in ((-1, -1, 1, 1), (1, -1, -1, 1), (-1, 1, 1, -1), (1, 1, -1, -1)):
        px, py = 400 + x * rx * 0.86, cy + y * ry * 0.86
        c.line(
            curve([(px, py), (px + sx * 40, py + sy * 26), (px + sx * 92, py + sy * 34)]),
            s.skin.darker(0.4).colour,
            5,
            0.28,
        )
    c.fill(
        blob((300, cy - 90), (400, cy - 130), (480, cy - 80), (420, cy - 20), (320, cy - 20)),
        c.glow("#ffffff", 0.3),
    )
    if s.place % 4 == 1:
        for x, y in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
            for spread in (-14, 0, 14):
                px, py = 400 + x * rx, cy + y * ry
                c.line(
                    polyline((px, py), (px + x * 30 - y * spread, py + y * 30 + x * spread)),
                    s.skin.darker(0.15).colour,
                    6,
                )


def _fringe(
    c: Canvas, skin: Skin, x: float, y: float, width: float, length: float, slope: float = 0
) -> None:
    count = int(width // 13)
    for index in range(count + 1):
        share = index / count
        px, py = x + width * share, y + slope * share
        c.line(
            curve([(px, py), (px + 2, py + length * 0.6), (px - 3, py + length)]),
            skin.darker(0.12).colour,
            5,
        )
        c.fill(oval(px, py + 6, 4), skin.darker(0.3).colour, 0.7)


@illustrates("throw")
def throw(c: Canvas, s: Subject) -> None:
    """Folded over a low bench, or stacked in folds."""
    if s.place % 2:
        c.shadow(400, 690, 250, 28)
        for row in range(4):
            y, tone = 620 - row * 74, s.skin.lighter(0.05 * (row % 2))
            wide = 226 - row * 5
            d = blob(
                (400 - wide, y + 34),
                (400 - wide + 24, y - 12),
                (400, y - 16),
                (400 + wide - 30, y - 12),
                (400 + wide, y + 34),
                (400 + wide - 30, y + 66),
                (400, y + 70),
                (400 - wide + 24, y + 66),
            )
            c.solid(d, tone, "fall", scale=0.8)
            c.line(
                f"M{400 - wide + 30} {y + 62}q{wide} 12 {wide * 2 - 60} 0",
                s.skin.darker(0.5).colour,
                6,
                0.45,
            )
            c.line(f"M{400 + wide - 70} {y + 6}q44 26 2 50", s.skin.darker(0.4).colour, 4, 0.4)
        _fringe(c, s.skin, 196, 652, 70, 34)
        return
    c.shadow(400, 700, 300, 26)
    for x in (150, 632):
        c.solid(box(x, 470, 26, 230, 4), WOOD.upright())
    c.solid(box(104, 440, 592, 44, 8), WOOD, "fall")
    top = polygon((236, 420), (566, 420), (590, 448), (212, 448))
    c.solid(top, s.skin.lighter(0.1), "flat", scale=0.9)
    drop = curve(
        [
            (212, 446),
            (400, 452),
            (590, 446),
            (600, 540),
            (594, 640),
            (500, 648),
            (400, 640),
            (300, 650),
            (206, 640),
            (202, 540),
        ],
        closed=True,
        tension=0.6,
    )
    c.solid(drop, s.skin, "fall", scale=0.9)
    for x in (270, 352, 440, 520):
        c.fill(
            blob((x, 452), (x + 26, 540), (x + 20, 640), (x + 2, 640), (x + 8, 540)),
            s.skin.darker(0.5).colour,
            0.17,
        )
        c.fill(
            blob((x - 24, 452), (x - 4, 540), (x - 10, 640), (x - 24, 640), (x - 20, 540)),
            "#ffffff",
            0.1,
        )
    _fringe(c, s.skin, 210, 644, 382, 36)


@illustrates("rug", horizon=LYING)
def rug(c: Canvas, s: Subject) -> None:
    wide = {"80 x 150 cm": 200, "140 x 200 cm": 250, "170 x 240 cm": 300}[s["dimensions"]]
    top, foot = 370, 670
    near, far = wide + 60, wide * 0.72
    c.shadow(404, 668, near * 1.02, 26)
    for x in range(13):
        share = x / 12
        a, b = 400 - near + 2 * near * share, 400 - far + 2 * far * share
        c.line(
            polyline((a, foot), (400 + (a - 400) * 1.06, foot + 26)), s.skin.lighter(0.5).colour, 7
        )
        c.line(
            polyline((b, top), (400 + (b - 400) * 0.98, top - 14)), s.skin.lighter(0.5).colour, 5
        )
    d = polygon((400 - far, top), (400 + far, top), (400 + near, foot), (400 - near, foot))
    c.fill(
        polygon(
            (400 - near, foot), (400 + near, foot), (400 + near, foot + 12), (400 - near, foot + 12)
        ),
        s.skin.darker(0.45).colour,
    )
    c.solid(d, s.skin, "fall", scale=1.25)
    for share, width in ((0.93, 9), (0.86, 4)):
        inner = polygon(
            (400 - far * share, top + 300 * (1 - share) * 0.5),
            (400 + far * share, top + 300 * (1 - share) * 0.5),
            (400 + near * share, foot - 300 * (1 - share) * 0.62),
            (400 - near * share, foot - 300 * (1 - share) * 0.62),
        )
        c.line(inner, s.skin.darker(0.4).colour, width, 0.6)
    c.line(polyline((400 - near, foot), (400 + near, foot)), s.skin.lighter(0.3).colour, 3, 0.6)


@illustrates("duvet-set")
def duvet_set(c: Canvas, s: Subject) -> None:
    half = {"single": 210, "double": 270, "king": 310}[s["size"]]
    c.shadow(400, 706, half + 20, 26)
    c.solid(box(400 - half - 16, 250, 2 * half + 32, 260, 18), WOOD, "fall")
    for x in (400 - half + 10, 400 + half - 36):
        c.solid(box(x, 660, 26, 46, 4), WOOD.darker(0.2).upright())
    c.solid(box(400 - half, 430, 2 * half, 240, 22), Skin("#f3eee6"), "fall")
    pillows = 1 if s["size"] == "single" else 2
    span = (2 * half - 40) / pillows
    for index in range(pillows):
        x = 400 - half + 20 + span * index
        d = blob(
            (x + 8, 352),
            (x + span / 2, 338),
            (x + span - 8, 352),
            (x + span - 6, 410),
            (x + span - 10, 462),
            (x + span / 2, 470),
            (x + 10, 462),
            (x + 6, 410),
        )
        c.solid(d, s.skin.lighter(0.22), "soft", scale=0.8)
        c.line(d, s.skin.darker(0.3).colour, 3, 0.35)
    d = curve(
        [
            (400 - half - 14, 500),
            (400 - half + 20, 466),
            (400, 458),
            (400 + half - 20, 466),
            (400 + half + 14, 500),
            (400 + half + 18, 600),
            (400 + half + 8, 684),
            (400 + half / 2, 676),
            (400, 688),
            (400 - half / 2, 676),
            (400 - half - 8, 684),
            (400 - half - 18, 600),
        ],
        closed=True,
        tension=0.7,
    )
    c.solid(d, s.skin, "fall")
    fold = curve(
        [
            (400 - half - 12, 500),
            (400 - half + 20, 464),
            (400, 456),
            (400 + half - 20, 464),
            (400 + half + 12, 500),
            (400, 524),
        ],
        closed=True,
        tension=0.6,
    )
    c.solid(fold, s.skin.plain().lighter(0.35), "flat")
    for x, bend in ((-0.62, 30), (-0.2, -24), (0.3, 26), (0.68, -20)):
        px = 400 + half * x
        c.line(
            curve([(px, 540), (px + bend, 600), (px + bend * 0.4, 672)]),
            s.skin.darker(0.4).colour,
            9,
            0.2,
        )


@illustrates("curtain", horizon=HANGING)
def curtain(c: Canvas, s: Subject) -> None:
    c.solid(box(250, 150, 300, 470, 4), Skin("#fbf8f2"), "flat")
    c.fill(box(266, 166, 268, 438), c.fade("#cfe4ee", "#eef3e2"))
    c.fill(
        blob((266, 520), (330, 480), (420, 510), (534, 470), (534, 604), (266, 604)), "#a9bf97", 0.7
    )
    c.line("M400 166V604M266 380H534", "#fbf8f2", 12)
    c.solid(box(224, 612, 352, 20, 4), Skin("#f4efe5"), "fall")
    c.tube("M110 118H690", Skin("#8a6a48"), 16)
    for x in (100, 700):
        c.solid(oval(x, 118, 20), Skin("#8a6a48"), "sphere")
    for side in (-1, 1):
        outer, inner = 400 + side * 286, 400 + side * 130
        hem = 400 + side * 116
        d = curve(
            [
                (outer, 134),
                (inner, 134),
                (inner + side * 6, 400),
                (hem, 712),
                (outer + side * 8, 712),
                (outer + side * 2, 400),
            ],
            closed=True,
            tension=0.35,
        )
        c.solid(d, s.skin, "flat")
        for fold in range(6):
            x = outer - side * (fold + 0.5) * 26
            c.fill(
                curve(
                    [(x - 9, 134), (x + 9, 134), (x + 12, 712), (x - 12, 712)],
                    closed=True,
                    tension=0.2,
                ),
                c.fade("#1d1a26", "#3a3340"),
                0.2 if fold % 2 else 0.06,
            )
            c.line(f"M{x - side * 13:.0f} 138V706", "#ffffff", 4, 0.2)
        for ring in range(6):
            x = outer - side * (12 + ring * 27)
            if s["heading"] == "eyelet":
                c.line(oval(x, 126, 11, 15), "#b9a88a", 5)
            elif s["heading"] == "tab":
                c.solid(box(x - 9, 100, 18, 44, 4), s.skin.plain().darker(0.1), "round")
            else:
                c.line(f"M{x:.0f} 136v40", s.skin.darker(0.4).colour, 4, 0.6)


@illustrates("towel", horizon=HANGING)
def towel(c: Canvas, s: Subject) -> None:
    wide, high = {"hand": (120, 300), "bath": (160, 420), "sheet": (200, 470)}[s["size"]]
    c.tube("M150 190H650", Skin("#b8bdc2"), 20)
    for x in (150, 650):
        c.solid(oval(x, 190, 26), Skin("#a8adb3"), "sphere")
    left = 400 - wide
    back = curve(
        [
            (left + 14, 182),
            (400 + wide + 10, 182),
            (400 + wide + 10, 170 + high * 0.7),
            (left + 20, 170 + high * 0.7),
        ],
        closed=True,
        tension=0.2,
    )
    c.solid(back, s.skin.darker(0.22), "flat")
    d = curve(
        [
            (left, 190),
            (left + 10, 172),
            (400, 170),
            (400 + wide - 10, 172),
            (400 + wide, 190),
            (400 + wide + 2, 190 + high),
            (400, 196 + high),
            (left - 2, 190 + high),
        ],
        closed=True,
        tension=0.35,
    )
    c.fill(box(left + 16, 200, wide * 2, high, 12), "#2a2430", 0.14)
    c.solid(d, s.skin, "flat")
    for y, width in ((high + 96, 26), (high + 132, 6)):
        c.line(
            f"M{left + 1} {y}q{wide} 8 {wide * 2 - 2} 0",
            s.skin.plain().lighter(0.4).colour,
            width,
            0.85,
        )
    for x in (-0.5, 0.1, 0.55):
        px = 400 + wide * x
        c.line(
            curve([(px, 184), (px + 10, 190 + high * 0.5), (px - 4, 180 + high)]),
            s.skin.darker(0.45).colour,
            12,
            0.12,
        )
    c.line(f"M{left} 190q{wide} -26 {wide * 2} 0", "#ffffff", 6, 0.35)
