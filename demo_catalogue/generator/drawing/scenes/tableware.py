"""Mugs, bowls and teapots."""

from __future__ import annotations

from demo_catalogue.generator.drawing.canvas import Canvas, Skin
from demo_catalogue.generator.drawing.colours import mix
from demo_catalogue.generator.drawing.shapes import curve, oval, ring, turned
from demo_catalogue.generator.drawing.subject import Subject, illustrates


def _steam(c: Canvas, x: float, y: float) -> None:
    for shift in (-34, 6, 44):
        path = curve(
            [
                (x + shift, y),
                (x + shift - 18, y - 50),
                (x + shift + 14, y - 100),
                (x + shift - 6, y - 150),
            ]
        )
        c.line(path, "#ffffff", 13, 0.32)
        c.line(path, "#ffffff", 5, 0.3)


@illustrates("mug")
def mug(c: Canvas, s: Subject) -> None:
    high = {"250 ml": 230, "330 ml": 270, "400 ml": 304}[s["capacity"]]
    top = 680 - high
    c.shadow(390, 680, 150)
    profile = {
        "straight": ((136, top), (136, top + high * 0.5), (130, 660), (118, 680)),
        "rounded": ((124, top), (146, top + high * 0.45), (140, top + high * 0.75), (92, 680)),
        "flared": ((152, top), (138, top + high * 0.4), (114, top + high * 0.8), (96, 680)),
    }[s["form"]]
    handle = curve(
        [
            (500, top + high * 0.2),
            (590, top + high * 0.14),
            (604, top + high * 0.5),
            (560, top + high * 0.72),
            (494, top + high * 0.76),
        ]
    )
    c.tube(handle, s.skin, 32)
    c.solid(turned(390, *profile), s.skin)
    if s["material"] != "enamel" and s["pattern"] == "speckle":
        c.fill(
            turned(390, *((r * 1.0, y) for r, y in profile[-2:])),
            mix(s.skin.colour, "#b08a62", 0.7),
            0.75,
        )
    lip = profile[0][0]
    c.fill(oval(390, top, lip, lip * 0.21), s.skin.lighter(0.35).colour)
    c.fill(oval(390, top + 5, lip - 12, lip * 0.17), s.skin.darker(0.45).colour)
    drink = ("#5a3826", "#b98a5d", "#8a5a34")[s.place % 3]
    c.fill(oval(390, top + 10, lip - 20, lip * 0.135), c.fade(drink, mix(drink, "#ffffff", 0.25)))
    if s.place % 3 == 1:
        c.line(
            curve([(360, top + 10), (384, top + 4), (400, top + 14), (422, top + 8)]),
            "#f3e2c8",
            6,
            0.9,
        )
    if s["material"] == "enamel":
        c.line(oval(390, top, lip, lip * 0.21), "#2f3a4a", 6, 0.9)
    c.line(
        curve(
            [
                (390 - lip * 0.7, top + 54),
                (390 - lip * 0.74, top + high * 0.5),
                (390 - lip * 0.64, 640),
            ]
        ),
        "#ffffff",
        13,
        0.45,
    )
    _steam(c, 386, top - 24)


@illustrates("bowl")
def bowl(c: Canvas, s: Subject) -> None:
    half = {"15 cm": 180, "20 cm": 225, "26 cm": 272}[s["diameter"]]
    high = half * {"deep": 0.98, "shallow": 0.55, "footed": 0.72}[s["form"]]
    foot = 670
    top = foot - high
    c.shadow(400, foot, half * 0.66, 24)
    if s["form"] == "footed":
        c.solid(
            turned(400, (half * 0.32, foot - 50), (half * 0.34, foot - 30), (half * 0.44, foot)),
            s.skin.darker(0.1),
        )
        base = foot - 36
    else:
        base = foot
    c.solid(
        turned(
            400,
            (half, top),
            (half * 0.93, top + (base - top) * 0.4),
            (half * 0.7, top + (base - top) * 0.78),
            (half * 0.4, base),
        ),
        s.skin,
    )
    c.fill(oval(400, top, half, half * 0.2), s.skin.lighter(0.3).colour)
    inside = oval(400, top + 5, half - 12, half * 0.175)
    c.fill(inside, c.fade(s.skin.darker(0.45).colour, s.skin.lighter(0.05).colour))
    with c.clipped(inside):
        food = s.place % 4
        if food == 0:
            for x, y, tone in (
                (-0.5, 16, "#7fa25e"),
                (-0.15, 4, "#94b56c"),
                (0.25, 10, "#6c9351"),
                (0.55, 18, "#89ab62"),
            ):
                c.solid(
                    oval(400 + half * x, top + y, half * 0.3, half * 0.13), Skin(tone), "sphere"
                )
            for x in (-0.3, 0.1, 0.42):
                c.solid(oval(400 + half * x, top + 4, 22), Skin("#d4503b"), "sphere")
        elif food == 1:
            c.fill(oval(400, top + 22, half, half * 0.16), c.fade("#d7713a", "#e89a56"))
            c.line(
                curve([(330, top + 16), (390, top + 8), (430, top + 20), (480, top + 12)]),
                "#fbe9d2",
                8,
                0.9,
            )
        elif food == 2:
            for x, y, tone in ((-0.42, 6, "#d9a13e"), (-0.05, -4, "#c8463a"), (0.34, 4, "#8aa84f")):
                c.solid(oval(400 + half * x, top + y, half * 0.24), Skin(tone), "sphere")
    if s.place % 4 == 2:
        for x, tone in ((-0.42, "#d9a13e"), (-0.05, "#c8463a"), (0.34, "#8aa84f")):
            left, r = 400 + half * (x - 0.235), half * 0.235
            dome = f"M{left:.0f} {top - 2}a{r:.0f} {r:.0f} 0 0 1 {2 * r:.0f} 0"
            c.solid(f"{dome}q{-r:.0f} {half * 0.1:.0f} {-2 * r:.0f} 0z", Skin(tone), "sphere")
            c.line(f"M{400 + half * x:.0f} {top - half * 0.22:.0f}q4 -16 14 -20", "#6a4e36", 5)
    c.line(ring(400, top, half, half * 0.2, 1), s.skin.lighter(0.5).colour, 4, 0.8)
    c.line(
        curve(
            [
                (400 - half * 0.78, top + 50),
                (400 - half * 0.66, top + (base - top) * 0.6),
                (400 - half * 0.48, top + (base - top) * 0.82),
            ]
        ),
        "#ffffff",
        12,
        0.4,
    )


@illustrates("teapot")
def teapot(c: Canvas, s: Subject) -> None:
    c.shadow(400, 674, 180)
    c.solid(
        curve(
            [
                (540, 520),
                (610, 490),
                (640, 410),
                (690, 388),
                (704, 404),
                (668, 470),
                (640, 570),
                (540, 610),
            ],
            closed=True,
            tension=0.8,
        ),
        s.skin,
        "fall",
    )
    side_handle = s.place % 2
    if side_handle:
        c.tube(curve([(250, 470), (150, 440), (128, 540), (180, 610), (260, 606)]), s.accent, 30)
    c.solid(turned(400, (78, 432), (150, 462), (186, 550), (150, 640), (104, 674)), s.skin)
    if not side_handle:
        c.tube(curve([(296, 480), (262, 330), (400, 246), (538, 330), (504, 480)]), s.accent, 24)
        for x in (290, 510):
            c.solid(oval(x, 476, 18), s.skin.darker(0.2), "sphere")
    c.line(f"M322 {436}q78 22 156 0", s.skin.darker(0.45).colour, 6, 0.6)
    c.solid("M324 434C336 392 464 392 476 434Q400 456 324 434z", s.skin.lighter(0.06))
    c.solid(oval(400, 388, 24, 20), s.accent, "sphere")
    c.line(curve([(270, 500), (244, 560), (272, 624)]), "#ffffff", 15, 0.42)
    _steam(c, 700, 366)
