"""Pans, pots, kettles, knives, boards and jars."""

from __future__ import annotations

from random import Random

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
from demo_catalogue.generator.drawing.subject import LYING, Subject, illustrates

STEEL = Skin("#b4b9be")


@illustrates("frying-pan", horizon=LYING)
def frying_pan(c: Canvas, s: Subject) -> None:
    r = {"20 cm": 180, "24 cm": 208, "28 cm": 236}[s["diameter"]]
    x, y = 300, 480
    c.shadow(x + 20, y + r * 0.62, r * 1.15, 60)
    with c.moved(f"rotate(-30 {x} {y})"):
        c.solid(box(x + r * 0.82, y - 20, 90, 34, 10), STEEL, "fall")
        c.solid(
            curve(
                [
                    (x + r + 40, y - 22),
                    (x + r + 150, y - 30),
                    (x + r + 270, y - 22),
                    (x + r + 286, y - 2),
                    (x + r + 270, y + 16),
                    (x + r + 150, y + 18),
                    (x + r + 40, y + 12),
                ],
                closed=True,
                tension=0.8,
            ),
            s.accent,
            "fall",
        )
        c.fill(oval(x + r + 262, y - 3, 10), "#2a2430", 0.7)
    c.solid(oval(x, y + 30, r * 0.92, r * 0.72), s.skin.darker(0.35), "metal")
    c.solid(oval(x, y, r, r * 0.78), s.skin, "metal")
    c.fill(oval(x, y + 4, r - 14, (r - 14) * 0.78), s.skin.darker(0.45).colour)
    c.solid(oval(x, y + 14, r - 34, (r - 34) * 0.76), s.skin.darker(0.22), "flat")
    for share in (0.75, 0.55, 0.35):
        c.line(
            oval(x, y + 14, (r - 34) * share, (r - 34) * share * 0.76),
            s.skin.lighter(0.35).colour,
            2,
            0.2,
        )
    for turn in (-10, 6):
        c.fill(oval(x + r * 0.93, y + turn * 1.6 - 50, 7), s.skin.lighter(0.4).colour)
    if s.place % 3 == 0:
        c.fill(
            blob(
                (250, 470),
                (290, 420),
                (350, 430),
                (392, 410),
                (420, 470),
                (390, 530),
                (310, 540),
                (262, 516),
            ),
            "#fffdf6",
        )
        c.solid(oval(330, 474, 44, 36), Skin("#f2b233"), "sphere")
        c.fill(oval(318, 462, 12, 8), "#fff3c4", 0.8)
    elif s.place % 3 == 1:
        for px, py in ((270, 460), (345, 440), (390, 500), (310, 520)):
            c.solid(oval(px, py, 34, 27), Skin("#d8583f"), "sphere")
            c.line(polyline((px, py - 16), (px - 14, py - 24)), "#6e8a55", 6)
        c.solid(leaf(350, 500, 60, 20, 0.4), Skin("#66894f"), "flat")
    c.line(
        curve([(x - r * 0.8, y - r * 0.4), (x - r * 0.4, y - r * 0.68), (x, y - r * 0.75)]),
        "#ffffff",
        6,
        0.6,
    )


@illustrates("casserole")
def casserole(c: Canvas, s: Subject) -> None:
    half = (208 if s["form"] == "round" else 240) * (
        1.06 if s["capacity"].startswith("5") else 0.94
    )
    high, foot = half * (0.92 if s["form"] == "round" else 0.74), 680
    top = foot - high
    c.shadow(400, foot, half * 0.98, 30)
    for side in (-1, 1):
        x = 400 + side * half
        c.tube(
            curve(
                [
                    (x - side * 8, top + 54),
                    (x + side * 46, top + 46),
                    (x + side * 48, top + 92),
                    (x - side * 10, top + 96),
                ]
            ),
            s.skin,
            26,
        )
    body = (
        curve(
            [
                (400 + half, top),
                (400 + half * 0.98, top + high * 0.6),
                (400 + half * 0.84, foot - 6),
                (400, foot + 10),
                (400 - half * 0.84, foot - 6),
                (400 - half * 0.98, top + high * 0.6),
                (400 - half, top),
            ],
            tension=0.7,
        )
        + "z"
    )
    c.solid(body, s.skin)
    c.fill(body, c.fade("#ffffff", "#1d1a26"), 0.1)
    c.solid(box(400 - half - 8, top - 18, half * 2 + 16, 24, 12), s.skin.lighter(0.12), "round")
    arch = f"C{400 - half * 0.8} {top - 92} {400 + half * 0.8} {top - 92} {400 + half} {top - 16}"
    lid = f"M{400 - half} {top - 16}{arch}z"
    c.solid(lid, s.skin.darker(0.04))
    c.line(
        curve(
            [
                (400 - half * 0.7, top - 44),
                (400 - half * 0.2, top - 70),
                (400 + half * 0.3, top - 68),
            ]
        ),
        "#ffffff",
        7,
        0.4,
    )
    c.solid(box(386, top - 96, 28, 28, 6), Skin("#8d8a86"), "metal")
    knob = Skin("#c6a15b") if s.place % 2 else Skin("#2f2d2c")
    c.solid(oval(400, top - 104, 42, 20), knob, "sphere")
    for row in range(2):
        c.line(
            f"M{400 - half * 0.97} {top + 34 + row * 16}q{half * 0.97} 26 {half * 1.94} 0",
            s.skin.darker(0.35).colour,
            3,
            0.35,
        )
    c.line(
        curve(
            [
                (400 - half * 0.72, top + 50),
                (400 - half * 0.74, top + high * 0.5),
                (400 - half * 0.64, top + high * 0.78),
            ]
        ),
        "#ffffff",
        14,
        0.35,
    )


@illustrates("kettle")
def kettle(c: Canvas, s: Subject) -> None:
    c.shadow(400, 690, 180)
    goose = s["form"] == "gooseneck"
    if goose:
        spout = curve([(520, 620), (620, 600), (600, 470), (650, 400), (690, 396)])
        c.tube(spout, s.skin, 28)
    else:
        c.solid(
            curve(
                [(520, 470), (600, 440), (668, 356), (704, 372), (664, 500), (540, 590)],
                closed=True,
                tension=0.6,
            ),
            s.skin,
            "fall",
        )
        c.fill(oval(688, 362, 20, 10), s.skin.darker(0.5).colour)
    profile = (
        ((70, 372), (112, 396), (150, 520), (168, 640), (150, 690))
        if goose
        else ((78, 398), (140, 430), (184, 540), (190, 630), (164, 690))
    )
    c.solid(turned(400, *profile), s.skin)
    top = profile[0][1]
    c.fill(oval(400, 678, profile[-1][0] * 0.98, 12), s.skin.darker(0.5).colour, 0.35)
    c.solid(oval(400, top + 4, profile[0][0] + 8, 18), s.skin.darker(0.12), "metal")
    c.solid(
        f"M{400 - profile[0][0]} {top}c10 -44 {profile[0][0] * 2 - 10} -44 {profile[0][0] * 2} 0z",
        s.skin.lighter(0.06),
    )
    c.solid(oval(400, top - 42, 22, 17), s.accent, "sphere")
    if goose:
        c.tube(curve([(290, 430), (200, 410), (186, 520), (240, 620)]), s.accent, 28)
    else:
        c.tube(curve([(252, 470), (230, 290), (400, 220), (570, 290), (548, 470)]), STEEL, 12)
        c.tube(curve([(284, 270), (340, 232), (400, 220), (460, 232), (516, 270)]), s.accent, 32)
    if s["form"] == "whistling":
        c.solid(box(666, 336, 52, 30, 10), Skin("#3a3a3c"), "fall")
    c.line(curve([(296, 470), (264, 560), (272, 640)]), "#ffffff", 15, 0.4)


@illustrates("kitchen-knife", horizon=LYING)
def kitchen_knife(c: Canvas, s: Subject) -> None:
    c.solid(box(120, 250, 560, 360, 26), Skin("#d8b98c", "grain"), "flat", scale=1.3)
    c.fill(box(120, 606, 560, 18, 9), "#5a4630", 0.55)
    c.fill(
        blob((170, 520), (500, 470), (700, 440), (660, 500), (420, 540), (200, 570)),
        c.glow("#2a2430", 0.6),
    )
    with c.moved("rotate(-16 400 430)"):
        blades = {
            "chef": "M330 392H690Q640 470 560 492Q450 508 330 500z",
            "santoku": "M330 386H610Q684 398 690 478Q500 504 330 496z",
            "bread": "M330 404H690Q708 440 684 468" + "q-9 12 -18 0" * 19 + "L330 468z",
        }
        blade = blades[s["form"]]
        c.solid(blade, s.skin, "fall", scale=0.7)
        c.line(
            "M332 486Q500 500 640 452" if s["form"] != "bread" else "M332 450H680",
            "#ffffff",
            4,
            0.75,
        )
        c.fill(
            "M330 392H690L684 402H330z" if s["form"] != "bread" else "M330 404H690L694 412H330z",
            "#ffffff",
            0.35,
        )
        if s["form"] == "santoku":
            for x in range(380, 620, 40):
                c.fill(oval(x, 452, 9, 20), s.skin.darker(0.25).colour, 0.5)
        c.solid(box(306, 396, 32, 84, 8), Skin("#8f9296"), "fall")
        c.solid(
            curve(
                [(312, 400), (220, 396), (130, 404), (96, 430), (110, 474), (180, 466), (312, 474)],
                closed=True,
                tension=0.5,
            ),
            s.accent,
            "fall",
        )
        for x in (160, 216, 272):
            c.solid(oval(x, 435, 9), Skin("#d6c08a"), "sphere")
    for x, y, r in ((560, 560, 34), (606, 548, 28)):
        c.solid(oval(x, y, r), Skin("#cf4a37"), "sphere")
        c.line(polyline((x, y - r + 4), (x - 10, y - r - 8)), "#5f7f4c", 5)


@illustrates("chopping-board", horizon=LYING)
def chopping_board(c: Canvas, s: Subject) -> None:
    size = {"30 x 20 cm": 0.8, "40 x 28 cm": 0.92, "50 x 35 cm": 1.05}[s["dimensions"]]
    with c.moved(f"translate(400 450) rotate(-6) scale({size}) translate(-400 -450)"):
        if s["form"] == "round":
            outlines = [oval(400, 450 + shift, 250, 210) for shift in (30, 0)]
        elif s["form"] == "paddle":
            outlines = [
                box(120, 280 + shift, 420, 320, 60) + box(520, 408 + shift, 190, 64, 30)
                for shift in (28, 0)
            ]
        else:
            outlines = [box(120, 270 + shift, 560, 340, 34) for shift in (28, 0)]
        c.fill(oval(410, 626, 350, 60), c.glow("#2a2430", 0.7))
        for outline, skin in zip(outlines, (s.skin.darker(0.35), s.skin), strict=True):
            for part in (piece + "z" for piece in outline.split("z")[:-1]):
                c.solid(part, skin, "flat", scale=1.3)
        if s["form"] == "paddle":
            c.fill(oval(676, 440, 16), s.skin.darker(0.6).colour)
        elif s["form"] == "rectangle":
            c.line(box(150, 298, 500, 284, 22), s.skin.darker(0.45).colour, 9, 0.4)
            c.line(box(152, 302, 500, 284, 22), s.skin.lighter(0.4).colour, 3, 0.5)
        if s.place % 2:
            for x, tone in ((250, "#f3d97a"), (300, "#f0d06a"), (350, "#f3d97a")):
                c.solid(oval(x, 470, 52), Skin("#e9c44f"), "flat")
                c.fill(oval(x, 468, 44), tone)
                for px, py in around(x, 468, 22, 8):
                    c.line(
                        polyline((x, 468), (px * 1.7 - x * 0.7, py * 1.7 - 468 * 0.7)),
                        "#fff5cf",
                        3,
                        0.8,
                    )
        else:
            for x, y, turn in ((280, 430, 20), (330, 480, -30), (400, 420, 60), (240, 490, 100)):
                c.solid(leaf(x, y, 84, turn, 0.36), Skin("#5f8a55"), "flat")
                c.line(polyline((x, y), (x + 2, y + 2)), "#4b6b45", 4)


@illustrates("storage-jar")
def storage_jar(c: Canvas, s: Subject) -> None:
    half, high = {"0.5 L": (104, 200), "1 L": (112, 300), "1.8 L": (124, 400)}[s["capacity"]]
    foot = 690
    top = foot - high
    rng = Random(f"jar {s['place']}")
    c.shadow(400, foot, half * 1.15)
    body = turned(400, (half * 0.94, top), (half, top + 30), (half, foot - 40), (half * 0.93, foot))
    if s["material"] == "borosilicate":
        tones = {
            "pasta": ("#e6c26a", "#d9ad4e"),
            "coffee": ("#4a2f22", "#6a4632"),
            "lentils": ("#c46a3c", "#a9542d"),
            "oats": ("#e4d3ad", "#cfb98a"),
        }[s["filling"]]
        level = top + high * 0.24
        c.fill(body, "#e9f1f1", 0.5)
        with c.clipped(turned(400, (half * 0.9, level), (half * 0.93, foot - 14))):
            c.fill(box(0, level, 800, 500), tones[0])
            for _ in range(150):
                x, y = rng.uniform(400 - half, 400 + half), rng.uniform(level, foot)
                if s["filling"] == "pasta":
                    c.line(
                        polyline((x, y), (x + rng.uniform(-6, 6), y + 70)),
                        rng.choice(("#f2d78e", tones[1])),
                        5,
                    )
                else:
                    c.fill(
                        oval(x, y, rng.uniform(7, 11), rng.uniform(5, 8)),
                        rng.choice(
                            (tones[1], tones[0], "#f1e2c4" if s["filling"] == "oats" else tones[1])
                        ),
                        0.9,
                    )
        c.glass(body, "#ffffff", 0.12)
    else:
        c.solid(body, s.skin)
        c.solid(box(400 - half * 0.5, top + high * 0.35, half, 62, 6), Skin("#3b3a38"), "flat")
        c.line(
            f"M{400 - half * 0.3} {top + high * 0.35 + 34}q20 -18 40 0t{half * 0.3:.0f} 0",
            "#f3ede0",
            5,
            0.9,
        )
    c.line(
        curve(
            [
                (400 - half * 0.76, top + 50),
                (400 - half * 0.78, top + high / 2),
                (400 - half * 0.74, foot - 50),
            ]
        ),
        "#ffffff",
        10,
        0.55,
    )
    c.fill(box(400 - half * 0.9, top - 8, half * 1.8, 12, 4), "#dfe6e4")
    c.solid(mirrored(400, (half * 0.98, top - 46), (half * 0.98, top - 4)), s.accent, "round")
    c.fill(oval(400, top - 46, half * 0.98, 14), s.accent.lighter(0.2).colour)
    if s["lid"] == "steel":
        c.line(oval(400, top - 46, half * 0.7, 9), "#8d9297", 3, 0.6)
        c.fill(
            polygon(
                (400 - half, top - 30),
                (400 + half, top - 30),
                (400 + half, top - 26),
                (400 - half, top - 26),
            ),
            "#ffffff",
            0.4,
        )
