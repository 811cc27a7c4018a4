"""Notebooks, pens, desk organisers and office chairs."""

from __future__ import annotations

from demo_catalogue.generator.drawing.canvas import Canvas, Skin
from demo_catalogue.generator.drawing.shapes import (
    box,
    curve,
    leaf,
    oval,
    polygon,
    polyline,
    turned,
)
from demo_catalogue.generator.drawing.subject import LYING, Subject, illustrates

PAPER = Skin("#f7f1e3")


@illustrates("notebook", horizon=LYING)
def notebook(c: Canvas, s: Subject) -> None:
    half, high = {"a6": (140, 390), "a5": (180, 500), "a4": (215, 590)}[s["size"]]
    top = 420 - high / 2
    c.fill(oval(420, 440 + high / 2, half * 1.5, 60), c.glow("#2a2430", 0.6))
    with c.moved(f"rotate({(-9, 6, -4)[s.place % 3]} 400 420)"):
        c.fill(box(400 - half + 12, top + 16, half * 2 + 8, high + 6, 12), "#2a2430", 0.28)
        c.solid(
            box(400 - half + 6, top + 8, half * 2 + 4, high + 2, 10),
            s.skin.plain().darker(0.35),
            "flat",
        )
        c.solid(box(400 - half + 4, top + 6, half * 2, high - 2, 6), PAPER, "flat")
        for shift in (2, 5):
            c.line(f"M{400 - half + 10} {top + high + shift}h{half * 2 - 14}", "#c9bfa8", 1.5)
        c.solid(box(400 - half, top, half * 2, high, 12), s.skin, "flat")
        c.fill(
            box(400 - half, top, 40, high, 12),
            s.skin.plain().darker(0.3).colour,
            0.85 if s["pattern"] != "plain" else 0.35,
        )
        c.line(f"M{400 - half + 42} {top + 2}v{high - 4}", "#ffffff", 2, 0.35)
        c.solid(box(400 - half * 0.34, top + high * 0.2, half, high * 0.17, 5), PAPER, "flat")
        for row, share in ((0.25, 0.62), (0.3, 0.4)):
            c.line(
                f"M{400 - half * 0.34 + 18} {top + high * row}h{half * share}",
                s.skin.plain().darker(0.3).colour,
                5 if share > 0.5 else 3,
                0.8,
            )
        if s["closure"] == "elastic":
            c.fill(
                box(400 + half - 46, top - 2, 15, high + 4, 3), s.skin.plain().darker(0.55).colour
            )
            c.line(f"M{400 + half - 42} {top}v{high}", "#ffffff", 2, 0.25)
        else:
            c.solid(
                curve(
                    [
                        (400 + 20, top + high - 4),
                        (400 + 34, top + high - 4),
                        (400 + 44, top + high + 74),
                        (400 + 24, top + high + 62),
                        (400 + 12, top + high + 76),
                    ],
                    closed=True,
                    tension=0.3,
                ),
                Skin("#c4553f"),
                "fall",
            )
    if s.place % 2:
        with c.moved("rotate(38 640 560)"):
            c.fill(box(636, 384, 30, 330, 14), "#2a2430", 0.18)
            c.solid(box(626, 400, 24, 260, 4), Skin("#d9a441"))
            c.solid(box(626, 376, 24, 28, 6), Skin("#d98b86"))
            c.solid(polygon((626, 660), (650, 660), (638, 706)), Skin("#e9cfa4"))
            c.fill(polygon((633, 688), (643, 688), (638, 706)), "#2f2b2c")


@illustrates("pen", horizon=LYING)
def pen(c: Canvas, s: Subject) -> None:
    with c.moved("rotate(-4 400 430)"):
        c.solid(box(150, 250, 480, 380, 6), PAPER, "flat")
        for y in range(310, 610, 46):
            c.line(f"M190 {y}h400", "#b9c6d2", 2.5, 0.7)
        c.line(
            curve(
                [
                    (200, 350),
                    (240, 316),
                    (262, 352),
                    (300, 322),
                    (330, 350),
                    (380, 326),
                    (420, 348),
                    (470, 330),
                ]
            ),
            s.skin.darker(0.3).colour,
            5,
            0.85,
        )
        c.line(
            curve([(200, 398), (250, 366), (280, 398), (330, 372), (360, 396)]),
            s.skin.darker(0.3).colour,
            5,
            0.85,
        )
    c.fill(oval(440, 560, 330, 44), c.glow("#2a2430", 0.5))
    with c.moved("translate(430 480) rotate(-24)"):
        body, trim = s.skin, s.accent
        c.solid(box(-310, -25, 300, 50, 22), body, "fall")
        c.solid(box(-14, -28, 300, 56, 24), body.darker(0.06), "fall")
        c.solid(box(-20, -30, 18, 60, 4), trim, "fall")
        c.solid(box(266, -18, 26, 36, 8), trim, "fall")
        c.solid(box(60, -42, 220, 13, 6), trim, "fall")
        c.solid(oval(66, -36, 10), trim, "sphere")
        if s["form"] == "fountain":
            c.solid(box(-346, -19, 46, 38, 6), body.darker(0.3), "fall")
            c.solid(
                curve(
                    [(-344, -17), (-390, -14), (-446, 0), (-390, 14), (-344, 17)],
                    closed=True,
                    tension=0.5,
                ),
                trim,
                "fall",
            )
            c.line(polyline((-440, 0), (-376, 0)), "#3a3028", 2.5)
            c.fill(oval(-376, 0, 5), "#3a3028")
        else:
            tip = trim if s["form"] == "ballpoint" else body.darker(0.3)
            c.solid(polygon((-302, -23), (-370, -8), (-384, 0), (-370, 8), (-302, 23)), tip, "fall")
            c.fill(oval(-385, 0, 5), "#4a4648")
        c.line(polyline((-290, -14), (250, -16)), "#ffffff", 6, 0.5)


@illustrates("desk-organiser")
def desk_organiser(c: Canvas, s: Subject) -> None:
    c.shadow(400, 664, 270, 34)
    wood = s.skin

    def pencils(x: float, y: float, tones: tuple[str, ...]) -> None:
        for index, tone in enumerate(tones):
            px, lean = x + index * 25, (index - 1) * 10
            c.solid(
                polygon((px, y), (px + 17, y), (px + 17 + lean, y - 170), (px + lean, y - 170)),
                Skin(tone),
            )
            c.fill(
                polygon(
                    (px + lean, y - 170), (px + 17 + lean, y - 170), (px + 9 + lean * 1.1, y - 204)
                ),
                "#ecd3aa",
            )
            c.fill(
                polygon(
                    (px + 5 + lean, y - 189),
                    (px + 13 + lean, y - 189),
                    (px + 9 + lean * 1.1, y - 204),
                ),
                tone,
            )

    if s["form"] == "tray-tower":
        for row in range(3):
            y = 630 - row * 110
            c.fill(
                polygon((190, y - 84), (610, y - 84), (610, y), (190, y)),
                wood.darker(0.55).colour,
                0.75,
            )
            for sheet in range(3):
                c.solid(
                    box(214 + sheet * 8, y - 26 - sheet * 12, 350, 10, 2),
                    PAPER.darker(0.06 * (row + sheet)),
                    "flat",
                )
            c.solid(box(180, y - 4, 440, 26, 5), wood, "fall")
        for x in (180, 594):
            c.solid(box(x, 292, 26, 372, 5), wood.upright())
        c.solid(box(172, 280, 456, 24, 6), wood.lighter(0.08), "fall")
        c.solid(box(350, 612, 100, 26, 8), s.accent, "fall")
        c.solid(turned(530, (40, 214), (42, 240), (32, 280)), Skin("#e9e2d6"))
        for turn in (-140, -108, -76, -44):
            c.solid(leaf(530, 216, 92, turn, 0.3), Skin("#6f9460"), "flat")
    elif s["form"] == "caddy":
        pencils(220, 560, ("#c4553f", "#2f5061", "#d9a441"))
        c.solid(box(440, 400, 120, 200, 4), Skin("#5a7c68"), "flat")
        c.solid(box(470, 420, 120, 200, 4), PAPER, "flat")
        c.tube(curve([(300, 540), (304, 300), (400, 270), (496, 300), (500, 540)]), s.accent, 22)
        c.solid(box(170, 500, 460, 164, 12), wood, "fall")
        c.line("M330 506V660M476 506V660", wood.darker(0.4).colour, 4, 0.4)
        c.fill(box(170, 500, 460, 14, 6), "#ffffff", 0.25)
    else:
        c.solid(polygon((210, 520), (590, 520), (640, 566), (160, 566)), wood.lighter(0.1), "flat")
        for x, tone in ((250, "#c4553f"), (310, "#2f5061"), (372, "#d9a441"), (434, "#5a7c68")):
            c.fill(oval(x, 544, 20, 8), "#2a1f18")
            pencils(x - 9, 546, (tone,))
        c.solid(box(476, 410, 96, 140, 12), Skin("#2f2f33"), "flat")
        c.fill(box(484, 420, 80, 118, 6), c.fade("#9ab7c4", "#e3c9b4"))
        c.solid(box(160, 566, 480, 98, 10), wood, "fall")
        c.solid(box(330, 600, 140, 28, 8), s.accent, "fall")


@illustrates("office-chair")
def office_chair(c: Canvas, s: Subject) -> None:
    metal, cloth = s.accent, s.skin
    c.shadow(400, 714, 220, 30)
    for x, y in ((226, 700), (316, 722), (484, 722), (574, 700), (400, 690)):
        c.tube(polyline((400, 640), (x, y - 22)), metal, 20)
        c.solid(oval(x, y - 4, 17, 16), Skin("#35353a"), "sphere")
    c.solid(box(384, 520, 32, 130, 8), Skin("#6e7276"), "metal")
    c.solid(box(376, 580, 48, 74, 10), metal, "metal")
    top = {"high-back": 120, "mid-back": 190, "task": 250}[s["form"]]
    c.tube(curve([(400, 540), (470, 500), (452, 400)]), metal.darker(0.2), 22)
    back = curve(
        [
            (286, top + 30),
            (400, top),
            (514, top + 30),
            (530, 300),
            (506, 444),
            (400, 458),
            (294, 444),
            (270, 300),
        ],
        closed=True,
        tension=0.7,
    )
    c.solid(back, cloth.darker(0.04), "soft")
    c.line(
        back,
        metal.colour if s["material"] == "mesh" else cloth.darker(0.35).colour,
        9 if s["material"] == "mesh" else 4,
        0.9,
    )
    c.line(curve([(290, 372), (400, 392), (510, 372)]), cloth.darker(0.4).colour, 5, 0.4)
    if s["form"] == "high-back":
        c.solid(box(318, 90, 164, 62, 30), cloth.lighter(0.05), "soft")
    c.solid(
        curve(
            [
                (238, 470),
                (400, 456),
                (562, 470),
                (586, 520),
                (540, 556),
                (400, 564),
                (260, 556),
                (214, 520),
            ],
            closed=True,
            tension=0.7,
        ),
        cloth,
        "fall",
    )
    c.line(curve([(222, 528), (400, 548), (578, 528)]), cloth.darker(0.4).colour, 4, 0.5)
    if s["form"] != "task":
        for side in (-1, 1):
            c.tube(
                curve([(400 + side * 150, 530), (400 + side * 208, 500), (400 + side * 200, 420)]),
                metal,
                17,
            )
            c.solid(box(400 + side * 198 - 36, 392, 72, 32, 15), Skin("#3d3d42"), "fall")
