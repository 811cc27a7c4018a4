"""Vases, clocks, mirrors and candles."""

from __future__ import annotations

from math import cos, pi, sin

from demo_catalogue.generator.drawing.canvas import Canvas, Skin
from demo_catalogue.generator.drawing.colours import mix
from demo_catalogue.generator.drawing.shapes import (
    # Outlines are lists of points: filled lines show their form, one point a line hides it.
    # fmt: off
    around,
    box,
    curve,
    leaf,
    oval,
    polygon,
    polyline,
    ring,
    turned,
)
from demo_catalogue.generator.drawing.subject import HANGING, Subject, illustrates

LEAF = Skin("#6f8a66")


def _bouquet(c: Canvas, x: float, y: float, mood: int) -> None:
    """Stems in a vase's mouth at (x, y): eucalyptus, tulips or dry grass."""
    if mood % 3 == 0:
        for lean in (-70, -10, 56):
            stem = [(x, y + 40), (x + lean * 0.4, y - 110), (x + lean, y - 220)]
            c.line(curve(stem), "#5d7358", 5)
            for step in range(5):
                px, py = x + lean * (0.3 + step * 0.17), y - 70 - step * 36
                for turn in (-155, -25):
                    c.solid(
                        leaf(px, py, 46 - step * 3, turn - lean * 0.1, 0.42),
                        LEAF.lighter(0.06 * step),
                        "flat",
                    )
    elif mood % 3 == 1:
        for lean, tone in ((-86, "#d9705c"), (-22, "#e3a857"), (40, "#d9705c"), (92, "#efc9b4")):
            top = (x + lean, y - 190 + abs(lean) * 0.4)
            c.line(curve([(x, y + 40), (x + lean * 0.5, y - 60), top]), "#6b8a5a", 6)
            c.solid(leaf(x + lean * 0.3, y - 20, 96, -90 + lean * 0.5, 0.2), LEAF, "flat")
            c.solid(
                turned(
                    top[0], (5, top[1] - 58), (26, top[1] - 34), (28, top[1] - 12), (12, top[1] + 6)
                ),
                Skin(tone),
            )
            c.line(f"M{top[0]:.0f} {top[1] - 56:.0f}q-14 26 -4 56", "#ffffff", 3, 0.4)
    else:
        for lean in (-90, -50, -12, 30, 74):
            top = (x + lean, y - 240 + abs(lean) * 0.5)
            c.line(curve([(x, y + 40), (x + lean * 0.3, y - 100), top]), "#b59a6a", 4)
            c.solid(
                leaf(x + lean * 0.82, top[1] + 86, 96, -90 + lean * 0.28, 0.22),
                Skin("#dcc295"),
                "flat",
            )


@illustrates("vase")
def vase(c: Canvas, s: Subject) -> None:
    c.shadow(400, 690, 140)
    profiles = {
        "bottle": ((38, 372), (30, 400), (34, 470), (104, 560), (112, 630), (84, 690)),
        "amphora": ((66, 376), (48, 404), (110, 476), (130, 540), (92, 640), (62, 690)),
        "cylinder": ((92, 376), (94, 470), (94, 600), (92, 690)),
        "bud": ((28, 420), (24, 446), (70, 510), (122, 590), (110, 656), (72, 690)),
        "globe": ((54, 430), (50, 448), (118, 502), (142, 580), (110, 660), (68, 690)),
    }
    profile = profiles[s["form"]]
    mouth, top = profile[0]
    glass = s["material"] == "glass"
    c.fill(oval(400, top, mouth, mouth * 0.2), s.skin.darker(0.55).colour)
    _bouquet(c, 400, top, s.place)
    body = turned(400, *profile)
    if glass:
        c.glass(body, s.skin.colour, 0.62)
        c.fill(
            turned(400, *((r * 0.92, y) for r, y in profile[2:])),
            mix(s.skin.colour, "#ffffff", 0.5),
            0.3,
        )
    else:
        c.solid(body, s.skin)
    c.line(
        f"M{400 - mouth} {top}a{mouth} {mouth * 0.2} 0 0 0 {mouth * 2} 0",
        s.skin.lighter(0.4).colour,
        5,
        0.8,
    )
    if s["finish"] == "gloss" or glass:
        radius, y = profile[len(profile) // 2]
        c.line(
            curve(
                [
                    (400 - radius * 0.62, y - 54),
                    (400 - radius * 0.7, y),
                    (400 - radius * 0.6, y + 40),
                ]
            ),
            "#ffffff",
            11,
            0.5,
        )
    if s["form"] == "amphora":
        for side in (-1, 1):
            c.tube(
                curve([(400 + side * 54, 398), (400 + side * 118, 412), (400 + side * 106, 484)]),
                s.skin,
                17,
            )


@illustrates("wall-clock", horizon=HANGING)
def wall_clock(c: Canvas, s: Subject) -> None:
    x, y, r = 400, 360, 236
    c.fill(oval(x + 18, y + 30, r * 1.12), c.glow("#2a2430", 0.75))
    c.solid(oval(x, y, r), s.accent, "flat")
    c.fill(oval(x, y, r - 22), s.accent.darker(0.5).colour)
    c.solid(oval(x + 2, y + 3, r - 26), s.skin.plain(), "flat")
    ink = "#2d2a28" if s.skin.colour > "#8" else "#f4eddd"
    for index, (px, py) in enumerate(around(x, y, r - 54, 60)):
        turn = (index * 6 - 90) * pi / 180
        size = 24 if index % 5 == 0 else 7
        if index % 5 == 0 or s.place % 2:
            c.line(
                polyline((px, py), (px - size * cos(turn), py - size * sin(turn))),
                ink,
                7 if index % 5 == 0 else 2.5,
            )
    hour, minute = 300 + s.place * 7 % 40, 60 + s.place * 23 % 40
    for angle, length, width in ((hour - 90, 104, 13), (minute - 90, 156, 9)):
        turn = angle * pi / 180
        tip = (x + length * cos(turn), y + length * sin(turn))
        tail = (x - 30 * cos(turn), y - 30 * sin(turn))
        c.line(
            polyline((tail[0] + 5, tail[1] + 8), (tip[0] + 5, tip[1] + 8)), "#1d1a22", width, 0.18
        )
        c.line(polyline(tail, tip), ink, width)
    c.line(polyline((x, y + 40), (x, y - 150)), "#c4553f", 4)
    c.solid(oval(x, y, 14), s.accent, "sphere")
    c.fill(
        polygon((x - 150, y - 150), (x - 60, y - 200), (x + 60, y + 200), (x - 20, y + 206)),
        "#ffffff",
        0.1,
    )


@illustrates("mirror", horizon=HANGING)
def mirror(c: Canvas, s: Subject) -> None:
    def outline(grow: float) -> str:
        if s["form"] == "round":
            return oval(400, 380, 230 + grow)
        if s["form"] == "oval":
            return oval(400, 380, 184 + grow, 266 + grow)
        if s["form"] == "arch":
            r = 176 + grow
            return f"M{400 - r} {650 + grow}V300a{r} {r} 0 0 1 {2 * r} 0V{650 + grow}z"
        return box(216 - grow, 116 - grow, 368 + 2 * grow, 530 + 2 * grow, 14 + grow)

    with c.moved("translate(16 22)"):
        c.fill(outline(16), "#2a2430", 0.13)
        c.fill(outline(8), "#2a2430", 0.12)
    c.solid(outline(14), s.accent, "metal" if s["frame"] == "brass" else "flat")
    c.fill(outline(1), s.accent.darker(0.5).colour)
    with c.clipped(outline(-2)):
        c.fill(outline(0), c.fade("#eaf2f4", "#b9cad1"))
        c.fill("M120 560h560v260h-560z", c.fade("#c9d2d1", "#dfe2dc"))
        c.solid(box(470, 470, 150, 120, 6), Skin("#c7b79c"), "flat")
        c.solid(turned(530, (12, 380), (34, 412), (40, 446), (24, 472)), Skin("#b7694e"))
        for turn in (-130, -100, -75, -45):
            c.solid(leaf(530, 384, 96, turn, 0.3), LEAF.lighter(0.2), "flat")
        c.fill("M150 760L520 60h70L240 760z", "#ffffff", 0.28)
        c.fill("M270 760L640 60h22L292 760z", "#ffffff", 0.24)
        c.line(outline(-8), "#ffffff", 5, 0.7)


def _flame(foot: float, high: float, half: float) -> str:
    """A drop-shaped flame over (400, foot)."""
    waist, low = foot - high * 0.5, foot - high * 0.02
    right = f"M400 {foot - high}C{400 + half} {waist} {400 + half * 0.9} {low} 400 {foot}"
    return f"{right}C{400 - half * 0.9} {low} {400 - half} {waist} 400 {foot - high}z"


@illustrates("candle")
def candle(c: Canvas, s: Subject) -> None:
    big = 1.16 if s["weight"].startswith("4") else 0.94
    half, high, foot = 120 * big, 250 * big, 686
    top = foot - high
    lid = {
        "cork": Skin("#c69a66", "cork"),
        "bamboo": Skin("#d9b777", "grain"),
        "steel": Skin("#b4b9be"),
    }[s["lid"]]
    c.shadow(400, foot, half * 1.3)
    c.fill(oval(400, top - 30, 240), c.glow("#ffdf9a", 0.7))
    wax = Skin(mix("#f6ecd8", s.skin.colour, 0.25))
    if s["form"] == "pillar":
        c.solid(turned(400, (half * 0.86, top), (half * 0.86, foot)), s.skin)
        c.fill(oval(400, top, half * 0.86, 22), wax.lighter(0.3).colour)
        c.line(
            curve(
                [
                    (400 - half * 0.6, top + 14),
                    (400 - half * 0.62, top + 70),
                    (400 - half * 0.58, top + 96),
                ]
            ),
            s.skin.lighter(0.3).colour,
            14,
            0.9,
        )
    else:
        c.fill(oval(400, top, half, 26), s.skin.darker(0.4).colour)
        if s["form"] == "jar":
            c.solid(
                turned(400, (half, top), (half * 1.02, top + high / 2), (half * 0.94, foot)), s.skin
            )
        else:
            c.solid(
                turned(400, (half * 0.96, top + 44), (half * 0.92, foot - 8)), Skin(s.skin.colour)
            )
            c.glass(turned(400, (half, top), (half * 0.96, foot)), "#ffffff", 0.16)
        c.fill(oval(400, top + 6, half * 0.93, 22), c.fade(wax.darker(0.1).colour, "#fff0c6"))
        c.line(ring(400, top, half, 26, 1), s.skin.lighter(0.5).colour, 5, 0.8)
        label = box(400 - half * 0.56, top + high * 0.36, half * 1.12, high * 0.38, 4)
        c.solid(label, Skin("#faf5ea"), "flat")
        for row, share in enumerate((0.36, 0.62, 0.46)):
            y = top + high * (0.45 + row * 0.09)
            c.line(
                polyline((400 - half * share * 0.8, y), (400 + half * share * 0.8, y)),
                "#3b3633",
                5 if row == 0 else 3,
                0.75,
            )
    c.line(curve([(400, top + 4), (402, top - 14), (399, top - 26)]), "#2b2622", 6)
    c.fill(oval(400, top - 62, 60, 74), c.glow("#ffb84a", 0.9))
    c.fill(
        _flame(top - 20, 98, 36),
        c.fade("#fff3b8", "#ff9d2e"),
    )
    c.fill(
        _flame(top - 24, 54, 16),
        "#fffbe6",
    )
    x = 400 + half + 96
    c.shadow(x, foot + 10, 84, 14)
    c.solid(turned(x, (78, foot - 22), (78, foot + 8)), lid)
    c.fill(oval(x, foot - 22, 78, 16), lid.lighter(0.16).colour)
