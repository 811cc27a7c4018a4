"""Lamps and bulbs."""

from __future__ import annotations

from demo_catalogue.generator.drawing.canvas import Canvas, Skin
from demo_catalogue.generator.drawing.colours import mix
from demo_catalogue.generator.drawing.shapes import box, curve, mirrored, oval, polyline, turned
from demo_catalogue.generator.drawing.subject import HANGING, Subject, illustrates

LIGHT = "#ffe3a3"


def _shade(c: Canvas, form: str, cx: float, top: float, size: float, skin: Skin) -> float:
    """A lamp shade with its light, hung at (cx, top); gives the y of its lower rim."""
    heights = {"cone": 0.8, "dome": 0.62, "globe": 1.0, "drum": 0.72, "empire": 0.82}
    height = size * heights.get(form, 0.75)
    low = top + height
    if form == "globe":
        c.fill(oval(cx, top + size / 2, size * 0.95), c.glow(LIGHT, 0.55))
        c.solid(
            oval(cx, top + size / 2, size / 2), Skin(mix("#fff6e2", skin.colour, 0.3)), "sphere"
        )
        c.fill(oval(cx, top + size * 0.52, size * 0.3), c.glow("#fff2c4", 0.9))
        return low
    c.fill(oval(cx, low + size * 0.16, size * 0.8, size * 0.6), c.glow(LIGHT, 0.6))
    c.fill(oval(cx, low, size * 0.47, size * 0.09), c.fade("#fff7dd", LIGHT))
    if form == "dome":
        body = turned(
            cx,
            (size * 0.1, top),
            (size * 0.32, top + height * 0.22),
            (size * 0.46, top + height * 0.6),
            (size * 0.5, low),
        )
    elif form == "drum":
        body = turned(cx, (size * 0.47, top), (size * 0.5, low))
    elif form == "empire":
        body = turned(cx, (size * 0.3, top), (size * 0.37, top + height * 0.5), (size * 0.52, low))
    else:
        body = turned(cx, (size * 0.11, top), (size * 0.3, top + height * 0.5), (size * 0.5, low))
    c.solid(body, skin)
    c.line(
        f"M{cx - size * 0.49} {low}q{size * 0.49} {size * 0.12} {size * 0.98} 0",
        skin.darker(0.3).colour,
        4,
        0.6,
    )
    return low


@illustrates("desk-lamp")
def desk_lamp(c: Canvas, s: Subject) -> None:
    c.shadow(330, 668, 170)
    metal = s.accent
    c.solid(turned(330, (118, 640), (128, 652), (128, 668)), s.skin)
    c.fill(oval(330, 640, 118, 16), s.skin.lighter(0.22).colour)
    if s["arm"] == "gooseneck":
        c.tube(curve([(330, 640), (322, 500), (300, 330), (380, 205), (490, 230)]), metal, 18)
        joint = (490, 230)
    elif s["arm"] == "straight":
        c.tube(polyline((330, 640), (330, 210)), metal, 18)
        c.tube(polyline((290, 236), (520, 206)), metal, 16)
        c.solid(oval(330, 231, 19), metal, "sphere")
        joint = (515, 206)
    else:
        c.tube(polyline((330, 640), (248, 410)), metal, 16)
        c.tube(polyline((352, 632), (270, 402)), metal, 9)
        c.tube(polyline((252, 408), (500, 215)), metal, 16)
        c.line(polyline((300, 408), (440, 286)), "#6d6d72", 7, 0.9, "2 5")
        c.solid(oval(254, 408, 24), metal.darker(0.1), "sphere")
        joint = (500, 215)
    c.solid(oval(330, 640, 20, 12), metal, "sphere")
    with c.moved(f"rotate(-14 {joint[0]} {joint[1]})"):
        c.solid(box(joint[0] - 22, joint[1] - 34, 44, 60, 14), metal, "metal")
        _shade(c, s["shade"], joint[0], joint[1] + 14, 236, s.skin)


@illustrates("table-lamp")
def table_lamp(c: Canvas, s: Subject) -> None:
    c.shadow(400, 676, 150)
    c.tube(polyline((400, 440), (400, 330)), Skin("#b9935a"), 14)
    bases = {
        "gourd": ((34, 430), (62, 462), (50, 498), (104, 566), (98, 640), (72, 676)),
        "bottle": ((28, 420), (34, 470), (92, 530), (100, 620), (86, 676)),
        "column": ((52, 430), (46, 450), (44, 640), (86, 660), (88, 676)),
        "sphere": ((30, 440), (74, 470), (118, 560), (78, 652), (66, 676)),
    }
    c.solid(turned(400, *bases.get(s["base"], bases["sphere"])), s.skin)
    if s["base"] != "column":
        c.line(curve([(352, 540), (338, 580), (346, 620)]), "#ffffff", 9, 0.4)
    low = _shade(c, s["shade"] or "empire", 400, 128, 330, s.accent)
    c.tube(f"M452 {low + 6}v52", Skin("#b9935a"), 4)
    c.solid(oval(452, low + 62, 8), Skin("#b9935a"), "sphere")


@illustrates("pendant-light", horizon=HANGING)
def pendant_light(c: Canvas, s: Subject) -> None:
    c.solid(box(350, 0, 100, 26, 8), s.accent, "metal")
    c.line("M400 20V190", "#3b3633", 6)
    c.solid(box(378, 166, 44, 62, 10), s.accent, "metal")
    _shade(c, s["shade"], 400, 216, 380, s.skin)
    oak = Skin("#c99f68", "grain")
    c.solid(oval(400, 742, 320, 44), oak.darker(0.3), "round")
    c.solid(oval(400, 726, 320, 44), oak.lighter(0.1), "flat")
    c.fill(oval(400, 724, 240, 34), c.glow("#fff0c8", 0.9))
    c.fill(oval(410, 726, 96, 14), "#2a2430", 0.2)
    c.solid(turned(400, (92, 668), (74, 700), (40, 724)), Skin("#efe7d8"))
    for x, tone in ((360, "#d9a13e"), (402, "#c8563f"), (442, "#9bb05a")):
        c.solid(oval(x, 660, 27), Skin(tone), "sphere")
    c.solid(turned(400, (94, 668), (80, 692), (62, 706)), Skin("#efe7d8"))


@illustrates("floor-lamp")
def floor_lamp(c: Canvas, s: Subject) -> None:
    c.shadow(400, 724, 150)
    if s["stand"] == "tripod":
        for foot in (278, 522):
            c.tube(polyline((400, 330), (foot, 722)), s.accent, 15)
        c.tube(polyline((400, 330), (412, 728)), s.accent.darker(0.12), 15)
        c.tube(polyline((340, 540), (462, 540)), s.accent.darker(0.2), 6)
        top = (400, 96)
    elif s["stand"] == "arc":
        c.solid(turned(270, (96, 700), (104, 712), (104, 728)), s.accent, "metal")
        c.tube(curve([(270, 700), (252, 380), (300, 130), (430, 74), (530, 150)]), s.accent, 13)
        top = (530, 140)
    else:
        c.solid(turned(400, (92, 704), (100, 714), (100, 728)), s.accent, "metal")
        c.tube(polyline((400, 700), (400, 300)), s.accent, 15)
        top = (400, 96)
    _shade(c, s["shade"], top[0], top[1], 250, s.skin)


@illustrates("light-bulb")
def light_bulb(c: Canvas, s: Subject) -> None:
    c.shadow(400, 694, 120)
    c.fill(oval(400, 330, 330), c.glow(LIGHT, 0.75))
    bulbs = {
        "globe": turned(400, (20, 128), (130, 178), (172, 310), (120, 440), (62, 520), (58, 548)),
        "candle": turned(400, (6, 96), (52, 220), (98, 360), (84, 470), (54, 530), (52, 548)),
        "tube": turned(400, (30, 100), (76, 140), (80, 420), (62, 520), (56, 548)),
        "pear": turned(400, (24, 148), (116, 190), (148, 300), (108, 420), (62, 510), (58, 548)),
    }
    body = bulbs.get(s["form"], bulbs["pear"])
    if s["finish"] == "opal":
        c.solid(body, Skin("#fff8e8"), "sphere")
    else:
        c.glass(body, "#ffdf9c" if s["finish"] == "amber" else "#fffdf2", 0.45)
        c.line("M400 540v-90M384 450h32", "#a08a6a", 5)
        for x in (366, 389, 411, 434):
            c.line(curve([(x, 452), (x - 8, 360), (x + 8, 290), (400, 230)]), "#ffb33c", 5)
            c.line(curve([(x, 452), (x - 8, 360), (x + 8, 290), (400, 230)]), "#fff3c0", 2)
    rim = {"globe": 290, "candle": 338, "tube": 346}.get(s["form"], 312)
    c.line(curve([(rim + 8, 250), (rim, 310), (rim + 8, 380)]), "#ffffff", 10, 0.65)
    base = 58 if s["fitting"] == "e27" else 44
    c.solid(mirrored(400, (base, 540), (base, 640), (base * 0.6, 664)), s.skin, "metal")
    for y in (560, 584, 608, 632):
        c.line(f"M{400 - base} {y}q{base} 16 {base * 2} 0", "#5f5a52", 6, 0.55)
    c.solid(box(400 - base * 0.5, 660, base, 26, 10), Skin("#3b3836"))
