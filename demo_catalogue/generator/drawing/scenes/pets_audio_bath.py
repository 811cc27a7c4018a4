"""Pet beds and bowls, speakers and headphones, soap dispensers."""

from __future__ import annotations

from demo_catalogue.generator.drawing.canvas import Canvas, Skin
from demo_catalogue.generator.drawing.shapes import (
    # Outlines are lists of points: filled lines show their form, one point a line hides it.
    # fmt: off
    around,
    blob,
    box,
    curve,
    oval,
    polygon,
    polyline,
    ring,
    turned,
)
from demo_catalogue.generator.drawing.subject import Subject, illustrates

BISCUIT = Skin("#b98350")


def _sleeper(c: Canvas, x: float, y: float, size: float, mood: int) -> None:
    """A cat or a small dog, curled up with its chin on the rim."""
    coat = Skin(("#c98a4e", "#6e6a68", "#e6d3b3", "#8a5f42")[mood % 4], "fur")

    def at(dx: float, dy: float) -> tuple[float, float]:
        return x + dx * size, y + dy * size

    c.solid(
        blob(
            at(-150, 20),
            at(-110, -70),
            at(0, -96),
            at(120, -60),
            at(160, 20),
            at(60, 60),
            at(-80, 60),
        ),
        coat,
        "soft",
    )
    c.solid(
        blob(at(80, 46), at(150, 10), at(170, -30), at(186, -24), at(176, 30), at(110, 66)),
        coat.darker(0.15),
        "soft",
    )
    for side in (-1, 1):
        if mood % 2:
            c.solid(
                blob(
                    at(-110 + side * 52, -64),
                    at(-110 + side * 82, -30),
                    at(-110 + side * 74, 20),
                    at(-110 + side * 50, -10),
                ),
                coat.darker(0.25),
                "soft",
            )
        else:
            c.solid(
                polygon(
                    at(-110 + side * 20, -66), at(-110 + side * 58, -112), at(-110 + side * 62, -40)
                ),
                coat.darker(0.1),
                "soft",
            )
    c.solid(oval(*at(-110, -24), 66 * size, 56 * size), coat.lighter(0.05), "sphere")
    c.fill(oval(*at(-110, 6), 30 * size, 20 * size), coat.lighter(0.5).colour)
    for side in (-1, 1):
        c.line(
            curve(
                [at(-110 + side * 40, -26), at(-110 + side * 28, -18), at(-110 + side * 16, -26)]
            ),
            "#2f2725",
            5 * size,
        )
    c.fill(oval(*at(-110, -4), 9 * size, 7 * size), "#3a2c2a")


@illustrates("pet-bed")
def pet_bed(c: Canvas, s: Subject) -> None:
    size = {"small": 0.78, "medium": 0.9, "large": 1.04}[s["size"]]
    c.shadow(400, 666, 300 * size, 40)
    skin, lining = s.skin, Skin("#efe6d6", "looped")
    with c.moved(f"translate(400 660) scale({size}) translate(-400 -660)"):
        if s["form"] == "sofa-bed":
            c.solid(box(120, 390, 560, 200, 60), skin.darker(0.08), "soft")
            c.solid(box(170, 520, 460, 120, 40), lining, "fall")
            _sleeper(c, 410, 530, 1.1, s.place)
            for x in (90, 600):
                c.solid(box(x, 450, 110, 210, 52), skin, "soft")
            c.solid(box(150, 590, 500, 74, 30), skin.lighter(0.05), "fall")
            c.line("M170 608H630", skin.darker(0.4).colour, 3, 0.5, "8 6")
        else:
            c.solid(oval(400, 520, 310, 110), skin.darker(0.14), "soft")
            c.solid(oval(400, 536, 240, 74), lining, "flat")
            c.fill(oval(400, 514, 236, 60), "#2a2430", 0.16)
            _sleeper(c, 410, 520, 1.05, s.place)
            front = curve(
                [
                    (90, 520),
                    (120, 600),
                    (260, 660),
                    (400, 670),
                    (540, 660),
                    (680, 600),
                    (710, 520),
                    (650, 560),
                    (540, 600),
                    (400, 612),
                    (260, 600),
                    (150, 560),
                ],
                closed=True,
                tension=0.8,
            )
            c.solid(front, skin, "fall")
            c.line(
                curve([(120, 560), (260, 626), (400, 640), (540, 626), (680, 560)]),
                skin.darker(0.4).colour,
                4,
                0.4,
                "9 7",
            )


@illustrates("pet-bowl")
def pet_bowl(c: Canvas, s: Subject) -> None:
    size = {"0.3 L": 0.8, "0.8 L": 0.95, "1.5 L": 1.1}[s["capacity"]]
    half, foot = 220 * size, 650
    top = foot - 160 * size
    c.shadow(400, foot, half * 1.1, 30)
    c.fill(oval(400, top, half, 44 * size), s.skin.lighter(0.35).colour)
    c.fill(oval(400, top + 4, half - 18, 36 * size), s.skin.darker(0.5).colour)
    if s.place % 3 == 2:
        c.fill(oval(400, top + 12, half - 30, 28 * size), c.fade("#9fc3d3", "#dcecef"))
    else:
        for index, (x, y) in enumerate(
            [*around(0, 0, 1, 11, 0), *around(0, 0, 0.55, 7, 10), (0, 0)]
        ):
            c.solid(
                oval(
                    400 + x * (half - 62),
                    top + 8 + y * 20 * size - (6 if index > 10 else 0),
                    34 * size,
                    22 * size,
                ),
                BISCUIT.darker(0.08 * (index % 3)),
                "sphere",
            )
    lip = f"M{400 - half} {top}A{half} {44 * size:.0f} 0 0 0 {400 + half} {top}"
    wide = half * 1.12
    c.solid(f"{lip}L{400 + wide} {foot - 8}Q400 {foot + 46} {400 - wide} {foot - 8}z", s.skin)
    c.line(
        lip,
        s.skin.lighter(0.5).colour,
        7,
        0.8,
    )
    y, ink = (
        (top + foot) / 2 + 36 * size,
        s.skin.plain().darker(0.55).colour if s.skin.colour > "#8" else "#f6efe0",
    )
    c.fill(oval(400, y, 58 * size, 44 * size), s.skin.colour)
    if s["form"] == "dog":
        c.fill(
            oval(400, y + 8, 20 * size, 16 * size)
            + "".join(
                oval(400 + dx * size, y - dy * size, 8 * size, 10 * size)
                for dx, dy in ((-26, 8), (-9, 22), (9, 22), (26, 8))
            ),
            ink,
        )
    else:
        c.fill(
            blob(
                (400 - 40 * size, y),
                (400, y - 18 * size),
                (400 + 22 * size, y),
                (400, y + 18 * size),
            )
            + polygon(
                (400 + 16 * size, y),
                (400 + 44 * size, y - 18 * size),
                (400 + 44 * size, y + 18 * size),
            ),
            ink,
        )
        c.fill(oval(400 - 24 * size, y - 3, 4), s.skin.colour)


@illustrates("speaker")
def speaker(c: Canvas, s: Subject) -> None:
    cloth, shell = Skin(s.skin.colour, "weave"), s.accent
    wood = Skin(shell.colour, s.accent.texture)
    if s["form"] == "shelf":
        c.shadow(400, 690, 170)
        c.solid(box(250, 190, 300, 500, 18), wood.upright(), "round")
        c.solid(box(270, 212, 260, 456, 10), cloth, "flat")
        for y, r in ((330, 66), (520, 104)):
            c.solid(oval(400, y, r), Skin("#3b3a3d"), "flat")
            c.line(oval(400, y, r - 4), "#a9a49a", 5, 0.7)
            c.solid(oval(400, y, r * 0.68), cloth.plain().darker(0.45), "sphere")
            c.solid(oval(400, y, r * 0.26), Skin("#54525a"), "sphere")
    elif s["form"] == "radio":
        c.shadow(400, 666, 290, 28)
        c.solid(box(130, 380, 540, 270, 60), wood, "fall")
        c.solid(box(154, 404, 492, 222, 44), cloth, "flat")
        c.solid(oval(300, 515, 88), cloth.plain().darker(0.35), "sphere")
        c.line(oval(300, 515, 88), "#c6a15b", 5, 0.8)
        c.solid(box(440, 446, 170, 62, 10), Skin("#f4ead2"), "flat")
        c.line("M458 488h134", "#6a5a48", 3, 1, "2 9")
        c.line("M520 456v44", "#c4553f", 4)
        for x in (470, 580):
            c.solid(oval(x, 564, 28), Skin("#c6a15b"), "sphere")
            c.line(f"M{x} 564v-22", "#5a4526", 4)
        for x in (200, 566):
            c.solid(
                polygon((x, 648), (x + 34, 648), (x + 26, 672), (x + 8, 672)),
                wood.darker(0.3),
                "flat",
            )
        c.tube(polyline((560, 384), (668, 190)), Skin("#a9adb3"), 7)
    else:
        c.shadow(400, 672, 190)
        c.tube(
            curve([(300, 350), (310, 240), (400, 214), (490, 240), (500, 350)]), Skin("#a2663a"), 22
        )
        c.solid(turned(400, (150, 330), (172, 420), (176, 560), (158, 668)), cloth)
        c.solid(oval(400, 330, 150, 30), wood, "flat")
        c.solid(turned(400, (168, 628), (160, 670)), wood)
        for x in (350, 400, 450):
            c.fill(oval(x, 328, 13, 6), "#2f2b2c", 0.75)
        c.solid(box(372, 480, 56, 22, 6), Skin("#c6a15b"), "fall")


@illustrates("headphones")
def headphones(c: Canvas, s: Subject) -> None:
    skin, metal = s.skin, s.accent
    c.shadow(400, 690, 150)
    c.solid(turned(400, (110, 664), (118, 690)), Skin("#dcb483", "grain"))
    c.solid(box(386, 190, 28, 480, 10), Skin("#dcb483", "upright-grain"))
    c.solid(box(340, 170, 120, 40, 20), Skin("#dcb483", "grain"), "fall")
    c.tube(
        curve([(218, 430), (226, 270), (300, 176), (400, 150), (500, 176), (574, 270), (582, 430)]),
        metal,
        17,
    )
    c.tube(curve([(252, 290), (308, 200), (400, 172), (492, 200), (548, 290)]), skin, 38)
    big = s["form"] == "over-ear"
    rx, ry = (62, 104) if big else (50, 76)
    for side in (-1, 1):
        x = 400 + side * 182
        c.solid(box(x - 14, 380, 28, 90, 10), metal, "metal")
        c.solid(oval(x - side * 34, 480, rx * 0.78, ry), skin.darker(0.5), "round")
        c.solid(oval(x, 480, rx, ry), skin, "sphere")
        c.line(ring(x + side * 4, 480, rx * 0.72, ry * 0.74, 1), metal.colour, 6, 0.9)
        c.solid(oval(x + side * 6, 480, rx * 0.5, ry * 0.52), skin.lighter(0.08), "soft")
        c.line(
            curve([(x - rx * 0.5, 430), (x - rx * 0.64, 480), (x - rx * 0.5, 520)]),
            "#ffffff",
            8,
            0.35,
        )
    if s.place % 2:
        c.line(curve([(218, 580), (230, 660), (300, 690), (520, 706), (640, 690)]), "#3b3a3d", 6)
        c.solid(box(630, 682, 50, 16, 6), metal, "fall")


@illustrates("soap-dispenser")
def soap_dispenser(c: Canvas, s: Subject) -> None:
    half, high = {"300 ml": (104, 270), "400 ml": (116, 310), "500 ml": (126, 350)}[s["capacity"]]
    foot = 684
    top = foot - high
    c.shadow(400, foot, half * 1.2)
    profile = (
        (half * 0.42, top),
        (half * 0.5, top + 18),
        (half * 0.98, top + 74),
        (half, foot - 60),
        (half * 0.92, foot),
    )
    if s.place % 2:
        profile = (
            (half * 0.42, top),
            (half * 0.44, top + 16),
            (half * 0.8, top + 90),
            (half * 1.08, foot - 90),
            (half * 0.84, foot),
        )
    body = turned(400, *profile)
    c.solid(box(393, top - 70, 14, 90, 5), s.accent, "metal")
    if s["material"] == "glass":
        c.fill(
            turned(400, *((r * 0.9, y) for r, y in profile[2:])),
            c.fade(s.skin.lighter(0.5).colour, s.skin.lighter(0.2).colour),
        )
        c.glass(body, s.skin.colour, 0.5)
    else:
        c.solid(body, s.skin)
    c.solid(turned(400, (half * 0.44, top - 26), (half * 0.46, top + 8)), s.accent, "metal")
    c.solid(
        curve(
            [
                (372, top - 92),
                (440, top - 96),
                (520, top - 86),
                (546, top - 64),
                (534, top - 56),
                (508, top - 68),
                (440, top - 70),
                (372, top - 68),
            ],
            closed=True,
            tension=0.6,
        ),
        s.accent,
        "fall",
    )
    c.fill(oval(538, top - 40, 6, 10), "#f4ead2")
    c.solid(box(400 - half * 0.5, top + high * 0.46, half, 58, 4), Skin("#faf5ea"), "flat")
    c.line(
        polyline(
            (400 - half * 0.3, top + high * 0.46 + 24), (400 + half * 0.3, top + high * 0.46 + 24)
        ),
        "#3b3633",
        5,
        0.8,
    )
    c.line(
        polyline(
            (400 - half * 0.18, top + high * 0.46 + 40), (400 + half * 0.18, top + high * 0.46 + 40)
        ),
        "#3b3633",
        3,
        0.6,
    )
    c.line(
        curve(
            [
                (400 - half * 0.7, top + 110),
                (400 - half * 0.78, foot - 140),
                (400 - half * 0.72, foot - 60),
            ]
        ),
        "#ffffff",
        12,
        0.45,
    )
