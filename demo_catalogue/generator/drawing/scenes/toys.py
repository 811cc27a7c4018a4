"""Stacking toys, soft toys, wooden vehicles and kites."""

from __future__ import annotations

from demo_catalogue.generator.drawing.canvas import Canvas, Skin
from demo_catalogue.generator.drawing.colours import mix
from demo_catalogue.generator.drawing.shapes import (
    blob,
    box,
    curve,
    oval,
    polygon,
    polyline,
    turned,
)
from demo_catalogue.generator.drawing.subject import HANGING, Subject, illustrates

WOOD = Skin("#dcb483", "grain")
TOYBOX = ("#d9705c", "#e3b04f", "#7fa37a", "#6d9ab8", "#a58ac0", "#e49a8a", "#4f7f80")


def _tones(s: Subject, count: int) -> list[str]:
    """A family of colours that starts from the product's own."""
    return [
        s.skin.colour,
        *(mix(TOYBOX[(s.place + i) % 7], s.skin.colour, 0.22) for i in range(count - 1)),
    ]


@illustrates("stacking-toy")
def stacking_toy(c: Canvas, s: Subject) -> None:
    c.shadow(400, 684, 220)
    count = min(s.count("pieces", 6), 8)
    tones = _tones(s, count)
    if s["form"] == "rings":
        high = 420 / count
        c.solid(turned(400, (216, 650), (220, 684)), WOOD)
        for index in range(count):
            half = 200 - index * (130 / count)
            y = 650 - high * (index + 1)
            c.solid(box(400 - half, y, half * 2, high - 1, high / 2), Skin(tones[index]), "round")
            c.line(
                f"M{400 - half * 0.74} {y + high * 0.24}h{half * 0.7}", "#ffffff", high * 0.12, 0.4
            )
        c.solid(oval(400, 650 - high * count - 34, 44), Skin(tones[0]), "sphere")
    elif s["form"] == "rainbow":
        for index in range(6):
            r = 270 - index * 42
            tone = Skin(tones[index % len(tones)])
            over = f"M{400 - r} 684A{r} {r * 1.08:.0f} 0 0 1 {400 + r} 684"
            under = f"h-36A{r - 36} {(r - 36) * 1.08:.0f} 0 0 0 {436 - r} 684z"
            c.solid(over + under, tone, "flat")
            shine = f"M{407 - r} 660A{r - 7} {(r - 7) * 1.06:.0f} 0 0 1 400 {692 - r * 1.07:.0f}"
            c.line(shine, "#ffffff", 4, 0.4)
    else:
        spots = (
            (236, 560, 0),
            (400, 560, 1),
            (560, 560, 2),
            (318, 438, 3),
            (482, 438, 4),
            (400, 316, 5),
        )
        for x, y, index in spots[: max(count, 6)]:
            tone = Skin(tones[index % len(tones)], "grain")
            with c.moved(f"rotate({(2, -1, 1, -3, 2, 5)[index]} {x} {y + 62})"):
                c.solid(box(x - 62, y, 124, 122, 10), tone, "flat")
                c.line(box(x - 50, y + 12, 100, 98, 6), tone.lighter(0.45).colour, 4, 0.7)
                marks = (
                    oval(x, y + 61, 28),
                    polygon((x, y + 30), (x + 30, y + 88), (x - 30, y + 88)),
                    box(x - 26, y + 35, 52, 52, 4),
                )
                c.fill(marks[index % 3], tone.lighter(0.65).colour, 0.9)
        c.solid(polygon((400, 216), (474, 314), (326, 314)), Skin(tones[-1], "grain"), "flat")


@illustrates("soft-toy")
def soft_toy(c: Canvas, s: Subject) -> None:
    fur = Skin(s.skin.colour, "fur")
    pale = fur.lighter(0.55)
    c.shadow(400, 690, 190)
    for side in (-1, 1):
        x = 400
        if s["form"] == "rabbit":
            ear = blob(
                (x + side * 34, 250),
                (x + side * 40, 120),
                (x + side * 80, 70),
                (x + side * 116, 110),
                (x + side * 104, 220),
                (x + side * 80, 280),
            )
            c.solid(ear, fur, "soft")
            c.fill(
                blob(
                    (x + side * 56, 240),
                    (x + side * 60, 140),
                    (x + side * 82, 104),
                    (x + side * 96, 140),
                    (x + side * 88, 220),
                ),
                "#e9b7a8",
                0.8,
            )
        elif s["form"] == "fox":
            c.solid(
                curve(
                    [(x + side * 40, 230), (x + side * 118, 120), (x + side * 146, 270)],
                    closed=True,
                    tension=0.5,
                ),
                fur,
                "soft",
            )
            c.fill(
                polygon((x + side * 74, 226), (x + side * 112, 156), (x + side * 126, 250)),
                pale.colour,
            )
        else:
            c.solid(oval(x + side * 104, 208, 50), fur, "sphere")
            c.fill(oval(x + side * 104, 212, 28), pale.colour)
    if s["form"] == "fox":
        c.solid(
            blob((520, 650), (640, 640), (690, 540), (650, 460), (610, 520), (570, 580)),
            fur,
            "soft",
        )
        c.solid(blob((690, 540), (650, 460), (628, 500), (640, 540)), pale, "soft")
    for side in (-1, 1):
        c.solid(
            blob(
                (400 + side * 70, 640),
                (400 + side * 130, 580),
                (400 + side * 190, 620),
                (400 + side * 190, 680),
                (400 + side * 110, 692),
            ),
            fur.darker(0.05),
            "soft",
        )
    c.solid(
        blob(
            (280, 560),
            (310, 440),
            (400, 410),
            (490, 440),
            (520, 560),
            (490, 660),
            (400, 690),
            (310, 660),
        ),
        fur,
        "soft",
    )
    c.solid(oval(400, 576, 74, 88), pale, "soft")
    for side in (-1, 1):
        c.solid(
            blob(
                (400 + side * 84, 450),
                (400 + side * 150, 480),
                (400 + side * 176, 580),
                (400 + side * 140, 600),
                (400 + side * 100, 540),
            ),
            fur.lighter(0.04),
            "soft",
        )
        c.solid(oval(400 + side * 158, 652, 38, 42), pale, "soft")
        for dx, dy in ((-12, -8), (4, -16), (16, -4)):
            c.fill(oval(400 + side * 158 + dx, 648 + dy, 5), fur.darker(0.4).colour, 0.6)
    c.solid(oval(400, 310, 146, 132), fur, "sphere")
    if s["form"] == "fox":
        c.solid(
            blob(
                (262, 330),
                (330, 330),
                (400, 380),
                (470, 330),
                (538, 330),
                (480, 420),
                (400, 444),
                (320, 420),
            ),
            pale,
            "soft",
        )
    else:
        c.solid(oval(400, 358, 66, 54), pale, "soft")
    for side in (-1, 1):
        c.fill(oval(400 + side * 56, 300, 15, 17), "#2b2423")
        c.fill(oval(400 + side * 56 - 5, 294, 5), "#ffffff")
        c.fill(oval(400 + side * 92, 346, 22, 14), "#e79a8c", 0.4)
    c.solid(blob((378, 336), (400, 328), (422, 336), (400, 358)), Skin("#4a3431"), "sphere")
    c.line(curve([(372, 384), (388, 392), (400, 378), (412, 392), (428, 384)]), "#4a3431", 5)
    scarf = Skin(TOYBOX[s.place % 7], "rib")
    c.solid(
        curve(
            [(296, 414), (400, 446), (504, 414), (510, 446), (400, 484), (290, 446)],
            closed=True,
            tension=0.7,
        ),
        scarf,
        "fall",
    )
    c.solid(polygon((444, 456), (490, 448), (508, 556), (462, 562)), scarf.darker(0.08), "fall")


@illustrates("wooden-vehicle")
def wooden_vehicle(c: Canvas, s: Subject) -> None:
    c.shadow(400, 650, 310, 28)
    paint, dark = s.skin, Skin("#4a3a30")
    other = Skin(TOYBOX[(s.place + 1) % 7])

    def wheel(x: float, y: float, r: float) -> None:
        c.solid(oval(x, y, r), dark, "flat")
        c.solid(oval(x, y, r * 0.8), WOOD, "flat")
        c.solid(oval(x, y, r * 0.42), paint, "sphere")
        c.fill(oval(x, y, r * 0.13), "#3a2d25")

    if s["form"] == "train":
        c.tube(polyline((360, 610), (460, 610)), dark, 14)
        c.solid(box(440, 470, 260, 130, 14), other, "flat")
        for x, tone in ((480, "#e3b04f"), (544, "#7fa37a"), (608, "#d9705c")):
            c.solid(turned(x, (26, 430), (28, 470)), Skin(tone))
            c.solid(oval(x, 416, 24), WOOD, "sphere")
        c.solid(box(96, 560, 290, 48, 12), WOOD, "fall")
        c.solid(box(250, 390, 140, 176, 12), paint, "flat")
        c.solid(box(228, 366, 184, 36, 16), paint.darker(0.3), "fall")
        c.fill(box(282, 426, 76, 66, 12), "#f3ead6")
        c.solid(box(110, 460, 150, 106, 50), paint.lighter(0.12), "fall")
        c.solid(box(140, 380, 46, 92, 8), WOOD.upright())
        c.solid(box(128, 366, 70, 24, 10), paint.darker(0.2), "fall")
        for dx, dy, r in ((0, 0, 26), (-30, -52, 34), (16, -104, 42)):
            c.fill(oval(160 + dx, 324 + dy, r), "#ffffff", 0.55)
        for x, r in ((160, 46), (320, 46), (510, 40), (630, 40)):
            wheel(x, 646 - r, r)
    elif s["form"] == "lorry":
        c.solid(box(110, 548, 580, 46, 14), WOOD, "fall")
        c.solid(
            curve(
                [
                    (500, 556),
                    (500, 400),
                    (540, 374),
                    (620, 374),
                    (660, 450),
                    (694, 470),
                    (696, 556),
                ],
                closed=True,
                tension=0.3,
            ),
            paint,
            "flat",
        )
        c.fill(
            curve([(560, 468), (560, 408), (610, 404), (640, 466)], closed=True, tension=0.3),
            "#f3ead6",
        )
        c.solid(polygon((104, 400), (480, 400), (466, 552), (120, 552)), other, "flat")
        c.line(polyline((112, 436), (476, 436)), other.darker(0.3).colour, 4, 0.4)
        for x, tone in ((180, "#e3b04f"), (270, "#d9705c"), (360, "#7fa37a")):
            c.solid(oval(x + 20, 384, 50, 42), Skin(tone), "sphere")
        c.solid(
            polygon((104, 400), (480, 400), (476, 440), (108, 440)), other.lighter(0.12), "flat"
        )
        for x in (210, 330, 600):
            wheel(x, 594, 56)
    else:
        c.solid(
            curve(
                [
                    (90, 580),
                    (110, 500),
                    (240, 470),
                    (320, 400),
                    (470, 396),
                    (540, 470),
                    (680, 500),
                    (716, 560),
                    (690, 606),
                    (110, 606),
                ],
                closed=True,
                tension=0.55,
            ),
            paint,
            "fall",
        )
        c.fill(
            curve([(330, 470), (360, 424), (450, 424), (490, 470)], closed=True, tension=0.4),
            c.fade("#4a3a30", "#6d5544"),
        )
        c.solid(oval(410, 420, 38), WOOD, "sphere")
        c.solid(
            curve([(372, 416), (384, 376), (436, 376), (448, 416)], closed=True, tension=0.6),
            other,
            "sphere",
        )
        c.solid(box(90, 440, 30, 80, 8), other, "flat")
        c.solid(box(70, 428, 130, 22, 10), other, "fall")
        c.fill(oval(250, 540, 40), "#fbf6ea")
        c.line(
            polyline((250, 520), (250, 560))
            if s.place % 2
            else curve([(236, 526), (262, 526), (238, 558), (264, 558)]),
            "#3a2d25",
            9,
        )
        c.line(curve([(320, 560), (500, 548), (690, 560)]), "#fbf6ea", 12, 0.85)
        for x in (200, 590):
            wheel(x, 588, 62)


@illustrates("kite", horizon=HANGING)
def kite(c: Canvas, s: Subject) -> None:
    c.fill(box(0, 0, 800, 800), c.fade("#bfdcea", "#f3ead9"))
    for x, y, r in ((140, 640, 1.2), (610, 560, 1.0), (330, 120, 0.7)):
        cloud = blob(
            (x - 110 * r, y + 30 * r),
            (x - 70 * r, y - 20 * r),
            (x - 10 * r, y - 44 * r),
            (x + 60 * r, y - 16 * r),
            (x + 110 * r, y + 28 * r),
            (x, y + 44 * r),
        )
        c.solid(cloud, Skin("#ffffff"), "none")
        c.fill(cloud, c.fade("#ffffff", "#dfe7ea"), 0.8)
    skin = s.skin
    other = Skin(TOYBOX[(s.place + 2) % 7])
    c.line(curve([(440, 420), (330, 560), (220, 640), (60, 770)]), "#7d7468", 3)
    if s["form"] == "diamond":
        with c.moved("rotate(24 430 320)"):
            c.line(curve([(430, 560), (400, 620), (450, 680), (410, 750)]), "#7d7468", 4)
            for x, y, turn, tone in (
                (408, 610, -20, skin),
                (444, 668, 16, other),
                (416, 726, -14, skin),
            ):
                with c.moved(f"rotate({turn} {x} {y})"):
                    c.solid(
                        polygon((x, y), (x - 44, y - 22), (x - 44, y + 22)), tone.plain(), "fall"
                    )
                    c.solid(
                        polygon((x, y), (x + 44, y - 22), (x + 44, y + 22)),
                        tone.plain().darker(0.12),
                        "fall",
                    )
            c.solid(polygon((430, 70), (610, 260), (430, 560), (250, 260)), skin, "flat")
            c.solid(polygon((430, 70), (610, 260), (430, 260)), other.plain(), "flat")
            c.solid(polygon((430, 260), (430, 560), (250, 260)), other.plain().darker(0.06), "flat")
            c.line("M430 70V560M250 260H610", "#6a5a48", 6, 0.75)
    else:
        with c.moved("rotate(14 420 320)"):
            for x, tone in ((330, other), (420, skin), (510, other)):
                c.solid(
                    curve(
                        [
                            (x - 16, 420),
                            (x + 16, 420),
                            (x + 30, 540),
                            (x - 6, 640),
                            (x + 16, 730),
                            (x - 22, 640),
                            (x - 8, 540),
                        ],
                        closed=True,
                        tension=0.6,
                    ),
                    tone.plain(),
                    "flat",
                )
            c.solid(
                polygon((420, 110), (740, 420), (560, 440), (420, 400), (280, 440), (100, 420)),
                skin,
                "flat",
            )
            c.solid(polygon((420, 110), (420, 400), (280, 440)), other.plain(), "flat")
            c.solid(polygon((420, 110), (420, 400), (560, 440)), other.plain().darker(0.1), "flat")
            c.line("M420 110V400M420 110L100 420M420 110L740 420", "#6a5a48", 6, 0.7)
