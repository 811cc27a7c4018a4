"""Garments on a hanger or laid flat: cut, sleeves and pattern follow the attributes."""

from __future__ import annotations

from demo_catalogue.generator.drawing.canvas import Canvas, Skin
from demo_catalogue.generator.drawing.shapes import (
    # Outlines are lists of points: filled lines show their form, one point a line hides it.
    # fmt: off
    blob,
    box,
    curve,
    garment,
    mirrored,
    oval,
    polygon,
    polyline,
)
from demo_catalogue.generator.drawing.subject import HANGING, Subject, illustrates

WOOD = Skin("#c99f68", "grain")


def _hanger(c: Canvas, y: float, half: float) -> None:
    c.line(f"M400 {y}v-40q0 -26 24 -26q26 0 22 -30q-6 -22 -30 -20", "#9a9ea3", 7)
    c.solid(
        curve(
            [
                (400 - half, y + 52),
                (400, y - 8),
                (400 + half, y + 52),
                (400 + half - 6, y + 68),
                (400, y + 18),
                (400 - half + 6, y + 68),
            ],
            closed=True,
            tension=0.4,
        ),
        WOOD,
        "fall",
    )


def _cast(c: Canvas, d: str) -> None:
    """The shadow of a hanging thing on the wall."""
    for shift, opacity in ((24, 0.06), (14, 0.07)):
        with c.moved(f"translate({shift} {shift})"):
            c.fill(d, "#2a2430", opacity)


def _creases(c: Canvas, skin: Skin, *lines: tuple[float, ...]) -> None:
    """Soft folds, each given as x, y, x, y, x, y."""
    for x0, y0, x1, y1, x2, y2 in lines:
        path = curve([(x0, y0), (x1, y1), (x2, y2)])
        c.line(path, skin.darker(0.5).colour, 11, 0.1)
        c.line(path, skin.darker(0.5).colour, 4, 0.16)


def _top(c: Canvas, s: Subject, hem: float, half: float, knit: bool = False) -> None:
    """Body and sleeves of a T-shirt, jumper or jacket."""
    skin, edge = s.skin, s.skin.plain().darker(0.12)
    reach, cuff, fall = {
        "short": (226, 84, 372),
        "three-quarter": (254, 62, 510),
        "long": (262, 56, 600),
    }[s["sleeve"] or "long"]
    for side in (-1, 1):
        x = 400
        sleeve = curve(
            [
                (x + side * 118, 208),
                (x + side * 172, 232),
                (x + side * (reach - 8), fall - 60),
                (x + side * reach, fall),
                (x + side * (reach - cuff), fall + 14),
                (x + side * 150, 360),
                (x + side * 128, 330),
            ],
            closed=True,
            tension=0.55,
        )
        _cast(c, sleeve)
        c.solid(sleeve, skin.darker(0.07), "flat", angle=side * -14)
        c.line(
            polyline((x + side * reach, fall - 6), (x + side * (reach - cuff), fall + 8)),
            edge.colour,
            22 if knit else 9,
            0.9,
        )
        if knit:
            c.line(
                polyline((x + side * reach, fall - 6), (x + side * (reach - cuff), fall + 8)),
                edge.darker(0.3).colour,
                22,
                0.25,
                "2 7",
            )
    body = garment(
        400,
        (74, 176),
        (126, 204),
        (half - 6, 330),
        (half, 450),
        (half + 4, hem),
        (half - 20, hem + 8),
        tension=0.4,
    )
    _cast(c, body)
    c.solid(body, skin, "flat")
    if knit:
        c.line(polyline((400 - half + 4, hem - 4), (400 + half - 4, hem - 4)), edge.colour, 34)
        c.line(
            polyline((400 - half + 4, hem - 4), (400 + half - 4, hem - 4)),
            edge.darker(0.3).colour,
            34,
            0.25,
            "2 7",
        )
    else:
        c.line(
            curve([(400 - half, hem - 10), (400, hem - 4), (400 + half, hem - 10)]),
            edge.colour,
            4,
            0.7,
        )
    _creases(
        c,
        skin,
        (300, 340, 330, 420, 310, hem - 60),
        (490, 350, 470, 460, 496, hem - 40),
        (400 - half + 30, 320, 330, 300, 352, 250),
    )
    _neck(c, s["neck"], edge, skin)


def _neck(c: Canvas, form: str, edge: Skin, skin: Skin) -> None:
    inside = skin.plain().darker(0.42).colour
    if form == "roll":
        c.solid(
            curve(
                [(326, 130), (400, 120), (474, 130), (482, 196), (400, 226), (318, 196)],
                closed=True,
                tension=0.6,
            ),
            skin.lighter(0.04),
            "round",
        )
        c.line(curve([(320, 178), (400, 202), (480, 178)]), edge.darker(0.2).colour, 4, 0.5)
        c.fill(oval(400, 130, 70, 15), inside)
    elif form == "v":
        c.fill(polygon((324, 172), (400, 196), (476, 172), (400, 312)), inside)
        c.line(polyline((322, 172), (400, 314), (478, 172)), edge.colour, 17)
    else:
        c.fill(blob((322, 172), (400, 186), (478, 172), (452, 222), (400, 240), (348, 222)), inside)
        c.line(curve([(322, 172), (348, 220), (400, 240), (452, 220), (478, 172)]), edge.colour, 19)
        c.line(
            curve([(322, 172), (348, 220), (400, 240), (452, 220), (478, 172)]),
            edge.darker(0.3).colour,
            19,
            0.22,
            "2 7",
        )


@illustrates("t-shirt", horizon=HANGING)
def t_shirt(c: Canvas, s: Subject) -> None:
    _hanger(c, 150, 150)
    _top(c, s, 650, {"slim": 152, "regular": 166}.get(s["fit"], 184))


@illustrates("jumper", horizon=HANGING)
def jumper(c: Canvas, s: Subject) -> None:
    if s["neck"] != "roll":
        _hanger(c, 150, 150)
    _top(c, s, 640, 178, knit=True)


@illustrates("rain-jacket", horizon=HANGING)
def rain_jacket(c: Canvas, s: Subject) -> None:
    skin, hem = s.skin, 690 if s["length"] == "thigh" else 630
    c.solid(box(368, 40, 64, 22, 8), WOOD, "fall")
    c.tube("M400 58v44", Skin("#c6a15b"), 10)
    hood = blob(
        (318, 200), (296, 130), (340, 84), (400, 74), (460, 84), (504, 130), (482, 200), (400, 236)
    )
    c.solid(hood, skin.darker(0.08), "soft")
    c.fill(
        blob(
            (348, 200),
            (340, 142),
            (372, 114),
            (400, 110),
            (428, 114),
            (460, 142),
            (452, 200),
            (400, 236),
        ),
        skin.darker(0.55).colour,
    )
    _top(c, s, hem, 182)
    c.solid(
        curve(
            [(316, 178), (352, 226), (394, 250), (394, 206), (352, 168)], closed=True, tension=0.5
        ),
        skin.lighter(0.05),
        "flat",
    )
    c.solid(
        curve(
            [(484, 178), (448, 226), (406, 250), (406, 206), (448, 168)], closed=True, tension=0.5
        ),
        skin.darker(0.05),
        "flat",
    )
    c.line(f"M400 226V{hem}", skin.darker(0.4).colour, 7, 0.7)
    if s["closure"] == "zip":
        c.line(f"M400 226V{hem}", "#e8e2d4", 5, 0.9, "3 5")
        c.solid(box(392, 250, 16, 34, 5), Skin("#c6a15b"), "fall")
    else:
        for y in range(262, int(hem) - 20, 74):
            c.solid(oval(412, y, 10), Skin("#e8e2d4"), "sphere")
    for side in (-1, 1):
        x = 400 + side * 96
        c.solid(
            polygon(
                (x - 50, 500), (x + 50, 500 - side * 10), (x + 50, 530 - side * 10), (x - 50, 530)
            ),
            skin.darker(0.14),
            "fall",
        )
        c.line(
            curve([(400 + side * 34, 210), (400 + side * 38, 262), (400 + side * 30, 300)]),
            "#f3eee0",
            6,
        )
        c.fill(oval(400 + side * 30, 304, 8), "#c6a15b")
    c.line(polyline((226, 330), (574, 330)), skin.lighter(0.5).colour, 5, 0.5)


@illustrates("trousers", horizon=HANGING)
def trousers(c: Canvas, s: Subject) -> None:
    skin = s.skin
    knee, cuff = {
        "slim": (66, 46),
        "tapered": (84, 48),
        "regular": (80, 66),
        "relaxed": (92, 80),
        "wide": (104, 122),
    }[s["fit"]]
    c.tube("M270 92H530", Skin("#9a9ea3"), 9)
    for x in (320, 480):
        c.solid(box(x - 14, 84, 28, 44, 5), WOOD, "fall")
    for side in (-1, 1):
        x = 400
        spread = x + side * 88
        leg = curve(
            [
                (x - side * 2, 118),
                (x + side * 138, 118),
                (x + side * 156, 260),
                (spread + side * knee * 0.86, 460),
                (spread + side * cuff, 716),
                (spread - side * cuff * 0.92, 720),
                (spread - side * knee * 0.8, 460),
                (x + side * 2, 300),
            ],
            closed=True,
            tension=0.45,
        )
        _cast(c, leg)
        c.solid(leg, skin.darker(0.05 if side > 0 else 0), "flat")
        c.line(
            curve([(x + side * 78, 190), (spread + side * 6, 460), (spread, 700)]),
            skin.darker(0.4).colour,
            4,
            0.28,
        )
        c.line(
            polyline((spread + side * cuff, 700), (spread - side * cuff * 0.92, 704)),
            skin.darker(0.3).colour,
            4,
            0.6,
        )
        c.line(
            curve([(x + side * 136, 176), (x + side * 96, 190), (x + side * 80, 140)]),
            skin.darker(0.45).colour,
            5,
            0.6,
        )
        _creases(c, skin, (x + side * 20, 290, x + side * 60, 310, x + side * 100, 300))
    c.solid(box(262, 110, 276, 36, 8), skin.darker(0.1), "fall")
    for x in (296, 364, 436, 504):
        c.solid(box(x - 6, 106, 12, 46, 4), skin.darker(0.24).plain(), "flat")
    c.line("M400 146V250Q398 270 372 276", skin.darker(0.45).colour, 4, 0.6)
    c.solid(oval(400, 128, 11), Skin("#8b6a44"), "sphere")


@illustrates("dress", horizon=HANGING)
def dress(c: Canvas, s: Subject) -> None:
    skin = s.skin
    hem = {"mini": 600, "midi": 680, "maxi": 750}[s["length"]]
    flare = {"mini": 190, "midi": 216, "maxi": 236}[s["length"]]
    _hanger(c, 118, 140)
    reach, fall = {"short": (186, 300), "three-quarter": (214, 400), "long": (226, 500)}[
        s["sleeve"]
    ]
    for side in (-1, 1):
        sleeve = curve(
            [
                (400 + side * 84, 166),
                (400 + side * 130, 180),
                (400 + side * reach, fall),
                (400 + side * (reach - 66), fall + 12),
                (400 + side * 100, 270),
            ],
            closed=True,
            tension=0.5,
        )
        _cast(c, sleeve)
        c.solid(sleeve, skin.darker(0.08), "flat")
        c.line(
            polyline((400 + side * reach, fall - 4), (400 + side * (reach - 66), fall + 8)),
            skin.plain().darker(0.2).colour,
            8,
        )
    skirt = curve(
        [
            (296, 366),
            (504, 366),
            (400 + flare * 0.8, hem - 120),
            (400 + flare, hem),
            (400 + flare * 0.4, hem + 14),
            (400, hem + 8),
            (400 - flare * 0.4, hem + 14),
            (400 - flare, hem),
            (400 - flare * 0.8, hem - 120),
        ],
        closed=True,
        tension=0.5,
    )
    _cast(c, skirt)
    c.solid(skirt, skin, "flat")
    for x, bend in ((-0.55, -30), (-0.2, -10), (0.18, 12), (0.52, 30)):
        c.fill(
            polygon(
                (400 + x * 130, 376),
                (400 + x * 130 + 8, 376),
                (400 + x * flare * 1.5 + 20, hem + 6),
                (400 + x * flare * 1.5 - 16, hem + 6),
            ),
            skin.darker(0.6).colour,
            0.12,
        )
        c.line(
            polyline(
                (400 + x * 130 - 14, 380), (400 + x * flare * 1.4 - 34 + bend * 0.2, hem - 10)
            ),
            "#ffffff",
            8,
            0.12,
        )
    c.solid(garment(400, (70, 146), (112, 170), (112, 270), (104, 370), tension=0.35), skin, "flat")
    belt = skin.plain().darker(0.22)
    c.solid(box(294, 352, 212, 30, 8), belt, "fall")
    if s.place % 2:
        c.solid(
            curve([(400, 366), (356, 340), (340, 366), (358, 388)], closed=True),
            belt.lighter(0.08),
            "flat",
        )
        c.solid(
            curve([(400, 366), (444, 340), (460, 366), (442, 388)], closed=True),
            belt.lighter(0.08),
            "flat",
        )
        c.line(curve([(396, 370), (380, 430), (388, 470)]), belt.colour, 12)
        c.line(curve([(404, 370), (424, 420), (418, 480)]), belt.colour, 12)
    c.fill(
        blob((334, 144), (400, 158), (466, 144), (450, 206), (400, 226), (350, 206)),
        skin.plain().darker(0.42).colour,
    )
    c.line(
        curve([(334, 144), (350, 206), (400, 226), (450, 206), (466, 144)]),
        skin.plain().darker(0.15).colour,
        9,
    )
    for y in (250, 284, 318):
        c.solid(oval(400, y, 8), Skin("#f2ead8"), "sphere")


@illustrates("socks", horizon=HANGING)
def socks(c: Canvas, s: Subject) -> None:
    top = {"ankle": 400, "crew": 270, "knee": 150}[s["length"]]
    trim = s.skin.plain().darker(0.28) if s["pattern"] != "plain" else Skin("#f0e6d2")
    c.line(curve([(90, 96), (400, 120), (710, 96)]), "#8d8478", 5)
    for shift, tone in ((120, 0.1), (-60, 0.0)):
        with c.moved(f"translate({shift} {14 if shift > 0 else 0})"):
            sock = curve(
                [
                    (316, top),
                    (424, top),
                    (428, 420),
                    (440, 500),
                    (520, 560),
                    (556, 620),
                    (520, 664),
                    (440, 660),
                    (350, 600),
                    (318, 520),
                    (312, 420),
                ],
                closed=True,
                tension=0.6,
            )
            _cast(c, sock)
            c.line(f"M370 108V{top + 8}", "#8d8478", 4, 0.7)
            c.solid(sock, s.skin.darker(tone), "flat")
            with c.clipped(sock):
                c.solid(oval(540, 632, 70, 62), trim.darker(tone), "soft")
                c.solid(oval(324, 570, 54, 64), trim.darker(tone), "soft")
                c.solid(box(300, top - 4, 140, 44, 4), trim.darker(tone), "flat")
                c.line(f"M300 {top + 18}h150", trim.darker(0.35).colour, 42, 0.25, "2 8")
            _creases(c, s.skin, (340, 500, 390, 520, 430, 500), (332, 460, 380, 476, 424, 462))
            c.line(curve([(336, top + 60), (334, 420), (346, 500)]), "#ffffff", 9, 0.22)
            c.solid(box(362, 96, 16, 40, 4), WOOD, "fall")


@illustrates("beanie")
def beanie(c: Canvas, s: Subject) -> None:
    c.shadow(400, 660, 210)
    skin = s.skin
    high = {"slouch": 200, "cuffed": 236}.get(s["form"], 230)
    crown = curve(
        [
            (212, 560),
            (216, 420),
            (280, high + 50),
            (400, high),
            (520, high + 50),
            (584, 420),
            (588, 560),
            (400, 590),
        ],
        closed=True,
        tension=0.8,
    )
    if s["form"] == "slouch":
        crown = curve(
            [
                (212, 560),
                (206, 400),
                (250, 250),
                (380, 196),
                (540, 210),
                (612, 300),
                (590, 420),
                (588, 560),
                (400, 590),
            ],
            closed=True,
            tension=0.8,
        )
    c.solid(crown, skin, "sphere")
    for x in (270, 335, 400, 465, 530):
        c.line(
            curve([(x, 550), (400 + (x - 400) * 0.86, 400), (400 + (x - 400) * 0.2, high + 14)]),
            skin.darker(0.4).colour,
            5,
            0.18,
        )
    cuff = curve(
        [(198, 530), (400, 560), (602, 530), (610, 640), (400, 672), (190, 640)],
        closed=True,
        tension=0.45,
    )
    c.solid(cuff, Skin(skin.lighter(0.06).colour, "rib"), "round", scale=1.5)
    c.line(curve([(198, 530), (400, 560), (602, 530)]), skin.darker(0.45).colour, 6, 0.45)
    if s["form"] == "bobble":
        bobble = Skin(skin.lighter(0.45).colour, "fur")
        c.solid(oval(400, high - 34, 76), bobble, "sphere")
        for index in range(36):
            with c.moved(f"rotate({index * 10} 400 {high - 34})"):
                c.line(
                    f"M400 {high - 98}v-20", bobble.darker(0.05 + 0.1 * (index % 3)).colour, 7, 0.9
                )
    else:
        c.solid(mirrored(520, (34, 584), (34, 630)), Skin("#a2663a"), "flat")
        c.line(box(492, 590, 56, 34, 2), "#f0dfc4", 2, 0.8, "4 4")
