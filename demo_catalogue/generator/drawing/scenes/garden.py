"""Pots, watering cans, hand tools, garden chairs and bird feeders."""

from __future__ import annotations

from demo_catalogue.generator.drawing.canvas import Canvas, Skin
from demo_catalogue.generator.drawing.shapes import (
    # Outlines are lists of points: filled lines show their form, one point a line hides it.
    # fmt: off
    around,
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
from demo_catalogue.generator.drawing.subject import HANGING, Subject, illustrates

GREEN = Skin("#6a9160")
SEED = Skin("#c9a05c", "cork")


def _plant(c: Canvas, x: float, y: float, size: float, mood: int) -> None:
    """A house plant growing out of (x, y)."""
    if mood % 4 == 0:
        for turn, share in (
            (-160, 0.8),
            (-138, 1.0),
            (-112, 1.15),
            (-90, 1.25),
            (-66, 1.12),
            (-42, 1.0),
            (-20, 0.8),
        ):
            c.solid(leaf(x, y, size * share, turn, 0.16), GREEN.lighter(0.06 * (turn % 4)), "flat")
    elif mood % 4 == 1:
        for turn, share in ((-150, 0.7), (-120, 0.95), (-90, 1.05), (-60, 0.9), (-32, 0.7)):
            px, py = around(x, y, size * share * 0.62, 1, turn)[0]
            c.line(curve([(x, y), ((x + px) / 2, (y + py) / 2 - 20), (px, py)]), "#57784f", 6)
            c.solid(
                leaf(px, py, size * 0.52, turn, 0.5),
                GREEN.darker(0.1).lighter(0.05 * share),
                "flat",
            )
            tip = around(px, py, size * 0.44, 1, turn)[0]
            c.line(polyline((px, py), tip), "#4f6f49", 3, 0.6)
    elif mood % 4 == 2:
        c.solid(
            blob(
                (x - 60, y + 6),
                (x - 66, y - size * 0.6),
                (x - 30, y - size),
                (x + 30, y - size),
                (x + 66, y - size * 0.6),
                (x + 60, y + 6),
            ),
            Skin("#6f9b6b"),
        )
        for shift in (-36, -12, 12, 36):
            c.line(
                curve(
                    [
                        (x + shift, y),
                        (x + shift * 1.25, y - size * 0.5),
                        (x + shift * 0.6, y - size * 0.96),
                    ]
                ),
                "#4f7a50",
                4,
                0.6,
            )
            for step in range(6):
                c.line(
                    f"M{x + shift * 1.15 - 5:.0f} {y - 30 - step * size * 0.15:.0f}l5 -8l5 8",
                    "#f4efdc",
                    2,
                    0.9,
                )
        c.solid(oval(x + 20, y - size - 6, 20, 16), Skin("#e48ba0"), "sphere")
    else:
        for turn, share in (
            (-150, 0.8),
            (-124, 1),
            (-98, 1.1),
            (-76, 1.06),
            (-50, 0.95),
            (-28, 0.8),
        ):
            tip = around(x, y, size * share, 1, turn)[0]
            mid = around(x, y, size * share * 0.6, 1, turn - 6)[0]
            c.line(curve([(x, y), mid, tip]), "#5d7f52", 4)
            for step in range(4):
                share2 = 0.45 + step * 0.17
                px, py = x + (tip[0] - x) * share2, y + (tip[1] - y) * share2 - 8
                for lean in (-50, 50):
                    c.solid(
                        leaf(px, py, size * 0.2, turn + lean, 0.4),
                        GREEN.lighter(0.05 * step),
                        "flat",
                    )
    c.fill(oval(x, y + 4, 70, 10), "#4a3528", 0.5)


@illustrates("plant-pot")
def plant_pot(c: Canvas, s: Subject) -> None:
    half = {"14 cm": 100, "20 cm": 128, "28 cm": 156}[s["diameter"]]
    high, foot = half * 1.62, 674
    top = foot - high
    c.shadow(400, foot + 14, half * 1.1)
    c.solid(
        turned(400, (half * 0.98, foot - 4), (half * 0.86, foot + 16)), s.skin.darker(0.12).plain()
    )
    c.fill(oval(400, top, half * 0.98, half * 0.17), "#3d2c22")
    _plant(c, 400, top + 2, half * 1.66, s.place)
    profile = {
        "tapered": ((half, top), (half * 0.9, top + high * 0.5), (half * 0.7, foot)),
        "cylinder": ((half, top), (half, top + high * 0.5), (half * 0.96, foot)),
        "globe": (
            (half * 0.8, top),
            (half * 1.08, top + high * 0.38),
            (half, top + high * 0.7),
            (half * 0.6, foot),
        ),
    }[s["form"]]
    c.solid(turned(400, *profile), s.skin)
    if s["form"] == "tapered":
        c.solid(
            mirrored(400, (half * 1.08, top - 6), (half * 1.04, top + 40)),
            s.skin.plain().lighter(0.06),
        )
    else:
        r = profile[0][0]
        c.line(f"M{400 - r} {top}q{r} {half * 0.34} {2 * r} 0", s.skin.lighter(0.4).colour, 6, 0.8)
    c.line(
        curve(
            [
                (400 - half * 0.66, top + 66),
                (400 - half * 0.66, top + high * 0.5),
                (400 - half * 0.56, foot - 40),
            ]
        ),
        "#ffffff",
        11,
        0.3,
    )


@illustrates("watering-can")
def watering_can(c: Canvas, s: Subject) -> None:
    c.shadow(370, 680, 190)
    long = s["form"] == "long-spout"
    tip = (704, 300) if long else (690, 380)
    spout = curve([(480, 610), (580, 520), (640, 400), tip]) if long else polyline((470, 600), tip)
    c.tube(spout, s.skin.darker(0.06), 30 if long else 36)
    if not long:
        with c.moved(f"rotate(38 {tip[0]} {tip[1]})"):
            c.solid(
                polygon((676, 352), (640, 326), (740, 326), (704, 352)), Skin("#c6a15b"), "metal"
            )
            c.solid(oval(690, 324, 54, 18), Skin("#c6a15b"), "flat")
            for x in range(652, 732, 13):
                c.fill(oval(x, 324, 3), "#5a4526")
    c.tube(curve([(256, 470), (140, 420), (112, 540), (170, 630), (262, 622)]), s.accent, 24)
    profile = (
        ((96, 420), (108, 450), (136, 560), (152, 680))
        if long
        else ((118, 430), (128, 520), (140, 620), (144, 680))
    )
    c.solid(turned(370, *profile), s.skin)
    for y in (470, 640):
        c.line(
            f"M{370 - 112 - (y - 470) * 0.18:.0f} {y}q112 22 {224 + (y - 470) * 0.36:.0f} 0",
            s.skin.darker(0.3).colour,
            5,
            0.5,
        )
    r, y = profile[0]
    c.fill(oval(370, y, r, r * 0.2), s.skin.darker(0.5).colour)
    left = 370 - r
    guard = f"Q{370 - r * 0.3:.0f} {y - 60} {370 - r * 0.4:.0f} {y - 44}Q{left} {y - 30} {left} {y}"
    front = f"M{left} {y}a{r} {r * 0.2} 0 0 0 {r * 1.1:.0f} {r * 0.19:.0f}"
    c.fill(f"{front}{guard}z", s.skin.lighter(0.1).colour)
    c.line(oval(370, y, r, r * 0.2), s.skin.lighter(0.4).colour, 5, 0.7)
    c.tube(
        curve([(370 - r + 8, y + 4), (330, y - 128), (440, y - 140), (370 + r - 8, y + 4)]),
        s.accent,
        22,
    )
    c.line(curve([(296, 500), (282, 570), (276, 640)]), "#ffffff", 13, 0.4)


@illustrates("hand-tool", horizon=HANGING)
def hand_tool(c: Canvas, s: Subject) -> None:
    c.solid(box(150, 130, 500, 34, 6), Skin("#c8a473", "grain"), "fall")
    c.solid(box(386, 150, 28, 34, 8), Skin("#8b6a44"), "round")
    with c.moved("translate(14 16)"):
        c.fill(box(376, 220, 52, 400, 26), "#2a2430", 0.12)
    if s["form"] == "secateurs":
        with c.moved("rotate(8 400 400) translate(0 -10)"):
            c.solid(
                curve(
                    [(400, 400), (360, 300), (380, 200), (430, 180), (446, 280), (424, 400)],
                    closed=True,
                    tension=0.7,
                ),
                s.skin,
                "flat",
            )
            c.solid(
                curve(
                    [(404, 400), (452, 330), (500, 290), (500, 240), (436, 290), (392, 380)],
                    closed=True,
                    tension=0.7,
                ),
                s.skin.darker(0.2),
                "flat",
            )
            for side in (-1, 1):
                c.tube(
                    curve(
                        [
                            (408, 410),
                            (408 + side * 60, 500),
                            (408 + side * 78, 600),
                            (408 + side * 56, 690),
                        ]
                    ),
                    s.accent,
                    42,
                )
            c.line(
                curve([(380, 470), (410, 490), (438, 470), (410, 452)], closed=True), "#8f9296", 5
            )
            c.solid(oval(410, 400, 20), Skin("#c6a15b"), "sphere")
        return
    c.line("M400 180q-14 30 0 50", "#8a5c36", 7)
    c.solid(turned(400, (24, 220), (30, 250), (22, 330), (28, 400), (20, 430)), s.accent)
    c.fill(oval(400, 238, 7), "#4a3320", 0.8)
    c.solid(mirrored(400, (22, 424), (18, 452)), Skin("#c6a15b"), "metal")
    c.tube(curve([(400, 452), (400, 490), (410, 520)]), s.skin, 18)
    if s["form"] == "trowel":
        c.solid(
            curve(
                [(352, 510), (400, 496), (452, 510), (462, 590), (410, 706), (348, 590)],
                closed=True,
                tension=0.7,
            ),
            s.skin,
            "metal",
        )
        c.line(curve([(404, 516), (408, 600), (410, 690)]), s.skin.darker(0.4).colour, 5, 0.4)
        c.line(curve([(372, 530), (368, 590), (392, 650)]), "#ffffff", 7, 0.5)
    else:
        c.solid(box(336, 506, 140, 26, 12), s.skin, "metal")
        for x in (342, 394, 446):
            c.solid(
                curve(
                    [(x, 520), (x + 24, 520), (x + 22, 640), (x + 14, 706), (x + 4, 640)],
                    closed=True,
                    tension=0.4,
                ),
                s.skin,
                "metal",
            )


@illustrates("garden-chair")
def garden_chair(c: Canvas, s: Subject) -> None:
    c.shadow(400, 700, 260, 30)
    wood = s.accent
    if s["form"] == "deckchair":
        for shift, tone in ((0, wood.darker(0.3)), (1, wood)):
            dx, dy = -60 * (1 - shift), -16 * (1 - shift)
            c.tube(polyline((250 + dx, 214 + dy), (590 + dx, 700 + dy)), tone, 22)
            c.tube(polyline((660 + dx, 560 + dy), (230 + dx, 700 + dy)), tone, 20)
            if not shift:
                cloth = curve(
                    [
                        (192, 214),
                        (252, 230),
                        (300, 400),
                        (430, 590),
                        (560, 600),
                        (664, 566),
                        (606, 548),
                        (500, 560),
                        (400, 480),
                        (320, 330),
                        (250, 198),
                        (190, 198),
                    ],
                    closed=True,
                    tension=0.5,
                )
                c.solid(
                    curve(
                        [
                            (188, 206),
                            (256, 222),
                            (318, 400),
                            (440, 590),
                            (560, 612),
                            (660, 564),
                            (600, 544),
                            (510, 552),
                            (404, 470),
                            (310, 300),
                        ],
                        closed=True,
                        tension=0.5,
                    ),
                    s.skin.darker(0.28),
                    "none",
                )
                c.solid(cloth, s.skin, "fall", angle=-50)
        c.tube(polyline((190, 200), (252, 216)), wood, 24)
        c.tube(polyline((604, 548), (664, 564)), wood, 24)
        return
    for a, b in (((270, 470), (530, 690)), ((530, 470), (270, 690))):
        c.tube(polyline(a, b), wood, 20)
    c.tube(polyline((236, 694), (320, 694)), wood, 18)
    c.tube(polyline((480, 694), (564, 694)), wood, 18)
    for x in (256, 544):
        c.tube(polyline((x, 190), (x, 470)), wood, 22)
    c.solid(
        curve(
            [(244, 210), (400, 222), (556, 210), (558, 330), (400, 342), (242, 330)],
            closed=True,
            tension=0.4,
        ),
        s.skin,
        "fall",
    )
    c.solid(
        curve(
            [(236, 440), (564, 440), (590, 486), (400, 506), (210, 486)], closed=True, tension=0.4
        ),
        s.skin,
        "fall",
    )
    c.solid(box(210, 482, 380, 20, 8), wood, "fall")
    for x in (198, 514):
        c.solid(box(x, 372, 90, 24, 10), wood, "fall")


@illustrates("bird-feeder", horizon=HANGING)
def bird_feeder(c: Canvas, s: Subject) -> None:
    c.tube(curve([(60, 116), (240, 96), (420, 120), (620, 84), (760, 110)]), Skin("#7a5c42"), 22)
    for x, turn in ((140, 60), (250, 110), (560, 70), (660, 120), (620, -60), (200, -70)):
        c.solid(leaf(x, 104, 84, turn, 0.34), GREEN, "flat")
    c.line("M400 112V210", "#4b4642", 5)
    roof = s.accent
    if s["form"] == "house":
        c.solid(box(290, 330, 220, 230, 4), s.skin)
        c.fill(box(320, 366, 160, 130, 10), s.skin.darker(0.6).colour)
        c.solid(blob((320, 496), (330, 440), (400, 426), (470, 440), (480, 496)), SEED, "fall")
        c.solid(box(244, 556, 312, 26, 8), s.skin.darker(0.2), "fall")
        c.solid(
            polygon((400, 200), (560, 340), (528, 356), (400, 250), (272, 356), (240, 340)),
            roof,
            "flat",
        )
        c.fill(polygon((400, 246), (510, 336), (290, 336)), s.skin.lighter(0.1).colour)
        c.fill(oval(400, 304, 18), s.skin.darker(0.5).colour)
        perch = 556
    elif s["form"] == "tower":
        c.solid(mirrored(400, (20, 204), (100, 262), (104, 274)), roof, "round")
        c.fill(box(326, 320, 148, 260, 6), SEED.colour)
        c.solid(box(326, 320, 148, 260, 6), SEED, "none")
        c.glass(box(322, 272, 156, 310, 10), "#ffffff", 0.2)
        for y in (400, 500):
            c.solid(oval(400, y, 24), s.skin, "flat")
            c.fill(oval(400, y, 14), "#3a2a20")
            c.tube(polyline((270, y + 34), (530, y + 34)), s.skin, 12)
        c.solid(turned(400, (96, 580), (104, 610)), s.skin)
        perch = 534
    else:
        for x in (290, 510):
            c.line(polyline((400, 206), (x, 540)), "#4b4642", 4)
        c.solid(mirrored(400, (8, 200), (150, 300), (150, 312)), roof, "round")
        c.solid(turned(400, (150, 540), (130, 580), (70, 610)), s.skin)
        c.fill(oval(400, 540, 150, 28), s.skin.darker(0.4).colour)
        c.solid(oval(400, 536, 128, 22), SEED, "flat")
        perch = 540
    _robin(c, 514 if s["form"] != "tower" else 508, perch, s.place)


def _robin(c: Canvas, x: float, y: float, mood: int) -> None:
    """A small bird standing at (x, y), looking left."""
    back = Skin(("#8a6f57", "#6f8aa0", "#8f8a55")[mood % 3])
    breast = ("#d8683f", "#e9c25a", "#d9b98a")[mood % 3]
    c.line(f"M{x - 6} {y}v-26M{x + 14} {y}v-26", "#5b4a3c", 4)
    c.solid(
        polygon((x + 40, y - 50), (x + 108, y - 22), (x + 100, y - 8), (x + 30, y - 30)),
        back.darker(0.25),
        "flat",
    )
    c.solid(
        blob(
            (x - 50, y - 74),
            (x - 40, y - 112),
            (x, y - 118),
            (x + 34, y - 84),
            (x + 52, y - 44),
            (x + 16, y - 18),
            (x - 28, y - 26),
        ),
        back,
        "soft",
    )
    c.fill(
        blob(
            (x - 50, y - 78), (x - 30, y - 92), (x - 8, y - 60), (x - 6, y - 24), (x - 32, y - 30)
        ),
        breast,
    )
    c.solid(
        blob((x + 2, y - 80), (x + 40, y - 60), (x + 54, y - 36), (x + 16, y - 46)),
        back.darker(0.2),
        "flat",
    )
    c.fill(polygon((x - 46, y - 94), (x - 72, y - 84), (x - 46, y - 80)), "#d99b3a")
    c.fill(oval(x - 24, y - 94, 6), "#1f1a18")
    c.fill(oval(x - 26, y - 96, 2), "#ffffff")
