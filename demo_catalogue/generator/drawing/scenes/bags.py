"""Shoes, backpacks and tote bags."""

from __future__ import annotations

from demo_catalogue.generator.drawing.canvas import Canvas, Skin
from demo_catalogue.generator.drawing.shapes import (
    # Outlines are lists of points: filled lines show their form, one point a line hides it.
    # fmt: off
    blob,
    box,
    curve,
    garment,
    leaf,
    oval,
    polygon,
    polyline,
)
from demo_catalogue.generator.drawing.subject import Subject, illustrates

BRASS = Skin("#c6a15b")


@illustrates("trainers")
def trainers(c: Canvas, s: Subject) -> None:
    c.shadow(400, 640, 320, 34)
    with c.moved("translate(70 -70) scale(0.94)"):
        _shoe(c, s, s.skin.darker(0.14))
    with c.moved("translate(-40 0)"):
        _shoe(c, s, s.skin)


def _shoe(c: Canvas, s: Subject, skin: Skin) -> None:
    upper = curve(
        [
            (172, 590),
            (166, 480),
            (176, 396),
            (206, 384),
            (250, 420),
            (320, 424),
            (366, 392),
            (440, 440),
            (530, 500),
            (640, 530),
            (684, 590),
        ],
        closed=True,
        tension=0.7,
    )
    c.fill(oval(286, 412, 96, 26), skin.darker(0.6).colour)
    c.solid(upper, skin, "fall")
    c.solid(
        curve([(560, 512), (640, 532), (684, 592), (540, 592)], closed=True, tension=0.6),
        skin.darker(0.1),
        "fall",
    )
    c.line(curve([(520, 500), (530, 546), (520, 590)]), skin.darker(0.4).colour, 3, 0.5)
    c.solid(
        curve(
            [(168, 592), (166, 470), (176, 396), (200, 388), (222, 470), (232, 592)],
            closed=True,
            tension=0.5,
        ),
        skin.darker(0.16),
        "flat",
    )
    c.line(
        curve([(182, 392), (214, 392), (252, 424), (322, 428), (368, 394)]),
        skin.lighter(0.3).colour,
        14,
    )
    if s["closure"] == "laces":
        c.solid(
            curve(
                [(352, 396), (380, 378), (468, 438), (520, 480), (500, 500), (430, 462)],
                closed=True,
                tension=0.6,
            ),
            skin.lighter(0.12),
            "flat",
        )
        for index in range(4):
            x, y = 384 + index * 36, 402 + index * 26
            c.line(polyline((x - 10, y + 30), (x + 24, y - 6)), "#2a2430", 12, 0.25)
            c.line(polyline((x - 12, y + 26), (x + 22, y - 10)), "#faf6ec", 10)
        c.line(
            curve(
                [(378, 400), (340, 350), (320, 390), (376, 402), (400, 350), (424, 372), (380, 404)]
            ),
            "#faf6ec",
            8,
        )
    elif s["closure"] == "strap":
        for x, y in ((340, 420), (400, 458)):
            c.solid(
                polygon((x, y), (x + 76, y - 18 + 24), (x + 36, y + 106), (x - 26, y + 96)),
                skin.lighter(0.14),
                "fall",
            )
            c.line(
                polyline((x + 4, y + 14), (x - 16, y + 84)), skin.darker(0.3).colour, 3, 0.6, "5 5"
            )
    else:
        c.solid(
            curve(
                [(308, 430), (370, 400), (420, 432), (380, 520), (322, 512)],
                closed=True,
                tension=0.5,
            ),
            Skin(skin.darker(0.2).colour, "rib"),
            "flat",
        )
    c.line(curve([(236, 590), (300, 520), (420, 500)]), skin.lighter(0.55).colour, 13, 0.85)
    c.solid(
        curve(
            [
                (158, 584),
                (300, 588),
                (560, 588),
                (692, 578),
                (704, 606),
                (684, 634),
                (400, 640),
                (180, 638),
                (156, 616),
            ],
            closed=True,
            tension=0.6,
        ),
        s.accent,
        "fall",
    )
    c.line(polyline((168, 606), (694, 604)), s.accent.darker(0.3).colour, 3, 0.5)
    c.line("M176 630H680", s.accent.darker(0.45).colour, 8, 0.4, "10 8")


@illustrates("backpack")
def backpack(c: Canvas, s: Subject) -> None:
    c.shadow(400, 704, 210)
    skin, trim = s.skin, s.accent
    c.tube(curve([(352, 180), (360, 96), (440, 96), (448, 180)]), trim, 18)
    for side in (-1, 1):
        c.tube(
            curve([(400 + side * 150, 240), (400 + side * 230, 380), (400 + side * 212, 640)]),
            skin.darker(0.3),
            30,
        )
        c.solid(box(400 + side * 190 - 34, 500, 68, 180, 22), skin.darker(0.2), "round")
    c.solid(
        garment(400, (110, 160), (176, 230), (194, 440), (196, 640), (170, 702), tension=0.6),
        skin,
        "round",
    )
    if s["closure"] == "flap":
        c.solid(
            garment(400, (118, 150), (182, 210), (190, 380), (170, 420), tension=0.5),
            skin.darker(0.1),
            "fall",
        )
        for x in (330, 470):
            c.solid(box(x - 14, 340, 28, 200, 5), trim, "fall")
            c.line(box(x - 20, 462, 40, 34, 6), BRASS.colour, 7)
    elif s["closure"] == "roll-top":
        c.solid(box(256, 150, 288, 64, 24), skin.darker(0.12), "fall")
        c.line("M262 196H538", skin.darker(0.5).colour, 5, 0.5)
        c.line("M262 172H538", skin.lighter(0.4).colour, 3, 0.5)
        c.solid(box(384, 140, 32, 230, 5), trim, "fall")
        c.solid(box(374, 306, 52, 36, 8), BRASS, "metal")
    else:
        c.line(
            curve(
                [(226, 420), (236, 270), (300, 196), (400, 180), (500, 196), (564, 270), (574, 420)]
            ),
            skin.darker(0.45).colour,
            9,
            0.75,
        )
        c.line(
            curve(
                [(226, 420), (236, 270), (300, 196), (400, 180), (500, 196), (564, 270), (574, 420)]
            ),
            "#e8dfca",
            4,
            0.8,
            "3 6",
        )
        c.solid(box(566, 410, 16, 40, 6), BRASS, "fall")
    c.solid(box(256, 470, 288, 196, 28), skin.lighter(0.04), "fall")
    c.line(box(268, 482, 264, 172, 20), skin.darker(0.35).colour, 3, 0.55, "8 6")
    if s["closure"] != "flap":
        c.line("M276 520H524", skin.darker(0.5).colour, 7, 0.7)
        c.solid(box(510, 514, 12, 34, 4), BRASS, "fall")
        c.solid(polygon((370, 380), (430, 380), (430, 420), (370, 420)), trim, "flat")
    c.solid(
        box(214, 672, 372, 34, 16),
        trim.darker(0.1) if s["trim"] == "leather" else skin.darker(0.35),
        "fall",
    )


@illustrates("tote-bag")
def tote_bag(c: Canvas, s: Subject) -> None:
    c.shadow(400, 700, 230)
    skin = s.skin
    c.tube(
        curve([(300, 350), (296, 190), (350, 110), (450, 110), (504, 190), (500, 350)]),
        s.accent.darker(0.3),
        20,
    )
    c.fill(
        polygon((200, 340), (600, 340), (566, 376), (234, 376)), skin.plain().darker(0.55).colour
    )
    if s.place % 3 == 0:
        for x, turn in ((300, -110), (330, -95), (360, -80)):
            c.solid(leaf(x, 372, 190, turn, 0.14), Skin("#6f9460"), "flat")
        c.solid(
            blob((420, 372), (440, 230), (470, 200), (500, 232), (520, 372)),
            Skin("#d6a25e"),
            "round",
        )
        for y in (260, 300, 338):
            c.line(f"M{442} {y}q34 -16 60 4", "#8d5f2c", 5, 0.6)
    body = curve(
        [
            (190, 344),
            (400, 352),
            (610, 344),
            (636, 520),
            (646, 690),
            (400, 706),
            (154, 690),
            (164, 520),
        ],
        closed=True,
        tension=0.35,
    )
    c.solid(body, skin, "flat")
    c.line(
        curve([(190, 362), (400, 370), (610, 362)]), skin.plain().darker(0.35).colour, 4, 0.6, "9 7"
    )
    c.fill(polygon((154, 690), (250, 600), (550, 600), (646, 690)), skin.darker(0.5).colour, 0.1)
    for x in (264, 336):
        c.line(
            curve([(x, 400), (x + (x - 300) * 0.3, 540), (x - 6, 660)]),
            skin.darker(0.5).colour,
            14,
            0.08,
        )
    c.tube(
        curve([(280, 470), (276, 260), (340, 168), (460, 168), (524, 260), (520, 470)]),
        s.accent,
        24,
    )
    for x in (280, 520):
        c.solid(box(x - 18, 400, 36, 84, 6), s.accent, "fall")
        for y in (418, 466):
            c.solid(oval(x, y, 6), BRASS, "sphere")
