"""Tents, sleeping bags, lanterns, bottles and mats."""

from __future__ import annotations

from demo_catalogue.generator.drawing.canvas import Canvas, Skin
from demo_catalogue.generator.drawing.shapes import (
    blob,
    box,
    curve,
    oval,
    polygon,
    polyline,
    turned,
)
from demo_catalogue.generator.drawing.subject import LYING, Subject, illustrates

GRASS = "#8fa873"


def _meadow(c: Canvas) -> None:
    """Hills, trees and grass, in the soft colours of the studio."""
    c.fill(
        blob(
            (-60, 560),
            (120, 420),
            (300, 470),
            (480, 400),
            (700, 450),
            (860, 540),
            (860, 640),
            (-60, 640),
        ),
        "#b9c9bd",
        0.8,
    )
    for x, y, size in ((96, 560, 1.1), (170, 574, 0.8), (690, 560, 1.2), (620, 570, 0.75)):
        for step in range(3):
            wide, top = (64 - step * 14) * size, y - (60 + step * 52) * size
            c.fill(
                polygon(
                    (x, top - 60 * size), (x + wide, top + 30 * size), (x - wide, top + 30 * size)
                ),
                "#7d9a86",
                0.75,
            )
    c.fill(
        blob(
            (-60, 720),
            (-40, 600),
            (200, 570),
            (420, 582),
            (640, 566),
            (850, 610),
            (860, 820),
            (-60, 820),
        ),
        c.fade(GRASS, "#a9bd8b"),
    )
    for x in range(40, 790, 66):
        y = 640 + x * 37 % 130
        c.line(f"M{x} {y}l-6 -18M{x + 4} {y}l2 -24M{x + 8} {y}l9 -16", "#6f8a58", 4, 0.6)


@illustrates("tent")
def tent(c: Canvas, s: Subject) -> None:
    _meadow(c)
    grow = 0.88 + 0.06 * s.count("persons", 2)
    skin = s.skin
    with c.moved(f"translate(400 680) scale({grow}) translate(-400 -680)"):
        c.shadow(400, 690, 300, 34)
        if s["form"] == "ridge":
            c.solid(
                polygon((400, 300), (620, 330), (720, 680), (560, 690)), skin.darker(0.18), "fall"
            )
            c.solid(polygon((400, 300), (560, 690), (220, 690)), skin, "flat")
            door = (
                polygon((400, 330), (470, 690), (400, 690)),
                polygon((400, 330), (330, 690), (400, 690)),
            )
            c.tube(polyline((400, 276), (400, 320)), Skin("#c99f68"), 12)
        elif s["form"] == "tunnel":
            c.solid(
                curve(
                    [(300, 690), (310, 480), (400, 380), (560, 386), (690, 500), (740, 690)],
                    tension=0.9,
                )
                + "z",
                skin.darker(0.16),
                "fall",
            )
            for x in (520, 640):
                c.line(
                    curve([(x + 40, 690), (x + 20, 500), (x - 40, 392 + (x - 520) * 0.3)]),
                    skin.darker(0.45).colour,
                    7,
                    0.6,
                )
            c.solid(
                curve([(120, 690), (140, 500), (280, 386), (420, 500), (440, 690)], tension=0.9)
                + "z",
                skin,
                "flat",
            )
            door = (
                curve([(284, 430), (360, 520), (372, 690), (284, 690)], tension=0.6) + "z",
                curve([(276, 430), (206, 520), (190, 690), (276, 690)], tension=0.6) + "z",
            )
        else:
            c.solid(
                curve([(120, 690), (190, 470), (400, 330), (610, 470), (680, 690)], tension=0.9)
                + "z",
                skin,
                "soft",
            )
            c.line(
                curve([(140, 686), (300, 400), (480, 360), (668, 686)]),
                skin.darker(0.45).colour,
                7,
                0.55,
            )
            c.line(
                curve([(132, 686), (320, 360), (500, 400), (660, 686)]),
                skin.darker(0.45).colour,
                7,
                0.55,
            )
            door = (
                curve([(400, 440), (480, 540), (500, 690), (400, 690)], tension=0.6) + "z",
                curve([(400, 440), (320, 540), (300, 690), (400, 690)], tension=0.6) + "z",
            )
        c.fill(door[0], c.fade("#3c3028", "#7a5c3c"))
        c.fill(door[0], c.glow("#ffd98a", 0.8))
        c.solid(door[1], skin.lighter(0.22), "flat")
        for x, foot in ((150, 60), (650, 740)):
            c.line(polyline((x + (60 if x < 400 else -60), 560), (foot, 704)), "#f6efe0", 3, 0.9)
            c.line(f"M{foot} 690v22", "#6a5a48", 6)


@illustrates("sleeping-bag", horizon=LYING)
def sleeping_bag(c: Canvas, s: Subject) -> None:
    c.shadow(420, 640, 320, 60)
    skin = s.skin
    with c.moved("rotate(-14 400 470)"):
        if s["form"] == "mummy":
            d = blob(
                (110, 470),
                (130, 370),
                (220, 344),
                (360, 340),
                (560, 384),
                (690, 420),
                (716, 470),
                (690, 520),
                (560, 556),
                (360, 600),
                (220, 596),
                (130, 570),
            )
        else:
            d = curve(
                [
                    (110, 350),
                    (400, 344),
                    (690, 352),
                    (704, 470),
                    (690, 588),
                    (400, 596),
                    (110, 590),
                    (98, 470),
                ],
                closed=True,
                tension=0.5,
            )
        c.solid(d, skin.plain(), "fall")
        with c.clipped(d):
            for x in range(270, 720, 66):
                bend = curve([(x, 320), (x + 22, 470), (x, 620)])
                c.line(bend, skin.darker(0.45).colour, 9, 0.35)
                c.line(bend, "#ffffff", 4, 0.25)
                c.fill(oval(x + 46, 400, 24, 60), c.glow("#ffffff", 0.35))
        c.fill(oval(186, 470, 72, 92), skin.darker(0.6).colour)
        c.solid(oval(200, 474, 58, 74), Skin(skin.lighter(0.55).colour, "quilt"), "soft", scale=0.5)
        c.solid(
            blob((140, 430), (180, 404), (214, 430), (218, 510), (180, 536), (140, 508)),
            Skin("#f3ecdf"),
            "soft",
        )
        c.line(curve([(250, 520), (460, 536), (690, 500)]), "#f2d48a", 6, 0.9, "4 6")
        c.solid(box(252, 510, 34, 15, 5), Skin("#c6a15b"), "fall")
    c.solid(turned(640, (58, 566), (66, 590), (66, 680), (54, 700)), skin.darker(0.18).plain())
    c.line("M582 590q58 16 116 0M580 676q58 18 122 0", "#2f2b2c", 7, 0.6)
    c.tube(curve([(626, 566), (640, 540), (656, 566)]), Skin("#3a3638"), 7)


@illustrates("lantern")
def lantern(c: Canvas, s: Subject) -> None:
    c.shadow(400, 694, 150)
    c.fill(oval(400, 470, 330), c.glow("#ffdf9a", 0.85))
    skin = s.skin
    c.tube(curve([(268, 420), (240, 240), (400, 140), (560, 240), (532, 420)]), Skin("#8f9296"), 11)
    c.solid(box(356, 126, 88, 30, 15), s.accent, "fall")
    c.solid(turned(400, (30, 250), (46, 276), (50, 300)), skin.darker(0.2))
    c.solid(turned(400, (56, 300), (132, 330), (138, 356)), skin)
    glass = turned(400, (96, 360), (122, 430), (122, 500), (100, 566))
    c.fill(glass, c.fade("#fff6d8", "#ffd983"))
    c.fill(oval(400, 470, 76, 92), c.glow("#ffffff", 1))
    c.glass(glass, "#ffffff", 0.14)
    c.line(curve([(316, 420), (304, 470), (318, 530)]), "#ffffff", 9, 0.7)
    for x in (284, 516):
        c.tube(polyline((x, 352), (x, 580)), skin, 13)
    c.line(curve([(286, 470), (400, 500), (514, 470)]), skin.darker(0.1).colour, 5, 0.8)
    c.solid(turned(400, (128, 570), (148, 590), (148, 670), (132, 694)), skin)
    c.line("M254 610q146 30 292 0", s.accent.colour, 9, 0.9)
    c.solid(oval(400, 650, 22), s.accent, "sphere")
    c.line("M400 650v-14", "#3a3028", 4)


@illustrates("water-bottle")
def water_bottle(c: Canvas, s: Subject) -> None:
    half, high = {"0.5 L": (84, 330), "0.75 L": (92, 400), "1 L": (104, 450)}[s["capacity"]]
    foot = 696
    top = foot - high
    c.shadow(400, foot, half * 1.25)
    c.solid(
        turned(
            400,
            (half * 0.6, top),
            (half * 0.66, top + 24),
            (half, top + 90),
            (half, foot - 40),
            (half * 0.94, foot),
        ),
        s.skin,
    )
    c.line(f"M{400 - half} {foot - 30}q{half} 20 {half * 2} 0", "#c9cdd1", 9, 0.9)
    c.solid(turned(400, (half * 0.62, top - 12), (half * 0.62, top + 10)), Skin("#c0c4c8"), "metal")
    if s["closure"] == "loop-cap":
        c.solid(turned(400, (half * 0.62, top - 64), (half * 0.64, top - 12)), s.accent)
        c.tube(
            curve(
                [
                    (400 - half * 0.5, top - 44),
                    (400 - half * 0.5, top - 126),
                    (400 + half * 0.5, top - 126),
                    (400 + half * 0.5, top - 44),
                ]
            ),
            Skin("#3a3a3c"),
            16,
        )
    elif s["closure"] == "sport-cap":
        c.solid(
            turned(400, (half * 0.5, top - 56), (half * 0.64, top - 40), (half * 0.64, top - 12)),
            Skin("#3a3a3c"),
        )
        c.solid(turned(400, (22, top - 104), (26, top - 54)), s.accent)
    else:
        c.solid(turned(400, (half * 0.64, top - 78), (half * 0.64, top - 12)), s.accent)
        c.fill(oval(400, top - 78, half * 0.64, 11), s.accent.lighter(0.25).colour)
    c.fill(box(400 - half * 0.42, top + 180, half * 0.84, 6, 3), "#ffffff", 0.75)
    c.fill(
        polygon((400, top + 130), (400 + half * 0.34, top + 172), (400 - half * 0.34, top + 172)),
        "#ffffff",
        0.75,
    )
    c.line(
        curve(
            [
                (400 - half * 0.66, top + 110),
                (400 - half * 0.7, top + high * 0.6),
                (400 - half * 0.66, foot - 60),
            ]
        ),
        "#ffffff",
        13,
        0.4,
    )


@illustrates("yoga-mat", horizon=LYING)
def yoga_mat(c: Canvas, s: Subject) -> None:
    c.shadow(420, 640, 330, 46)
    skin = s.skin
    sheet = polygon((250, 400), (640, 400), (760, 650), (190, 650))
    c.fill(polygon((190, 650), (760, 650), (760, 664), (190, 664)), skin.darker(0.45).colour)
    c.solid(sheet, skin, "fall", scale=1.2)
    c.line(polyline((446, 404), (474, 646)), skin.plain().lighter(0.5).colour, 3, 0.5)
    c.line(polyline((224, 520), (700, 520)), skin.plain().lighter(0.5).colour, 3, 0.3)
    roll = skin.lighter(0.05)
    c.fill(box(236, 392, 420, 50, 20), "#2a2430", 0.2)
    c.solid(box(232, 300, 430, 118, 56), roll, "fall", scale=1.2)
    for share in (1, 0.76, 0.52, 0.28):
        c.fill(
            oval(250, 359, 40 * share, 58 * share),
            skin.plain().darker(0.3 if share in {1, 0.52} else 0.08).colour,
        )
    for x in (360, 560):
        c.solid(box(x, 296, 26, 128, 10), s.accent, "fall")
    c.line(curve([(373, 300), (420, 220), (520, 220), (573, 300)]), s.accent.colour, 13)
