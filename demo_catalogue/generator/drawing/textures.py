"""Surface patterns. Each writes the inside of an SVG <pattern> tile of the given size.

`dark` and `light` are shades of the surface's own colour, `other` is its second colour.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from demo_catalogue.generator.drawing.colours import darker, lighter, luminance, mix
from demo_catalogue.generator.drawing.shapes import oval, polygon

Tile = tuple[int, int, str]  # width, height, markup


def _line(d: str, colour: str, width: float, opacity: float = 1.0) -> str:
    return (
        f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-opacity="{opacity}" stroke-linecap="round"/>'
    )


def _fill(d: str, colour: str, opacity: float = 1.0) -> str:
    return f'<path d="{d}" fill="{colour}" fill-opacity="{opacity}"/>'


def grain(dark: str, light: str, other: str) -> Tile:
    lines = []
    for row, (height, bend) in enumerate(((8, 7), (21, -4), (33, 9), (50, 5), (64, -8), (78, 3))):
        colour, width = (dark, 2.4) if row % 2 else (light, 3.2)
        lines.append(_line(f"M-5 {height}q65 {bend} 130 0t135 0", colour, width, 0.55))
    lines.append(_line("M70 42q22 -10 44 0q-22 10 -44 0", dark, 2, 0.5))
    return 250, 88, "".join(lines)


def upright_grain(dark: str, light: str, other: str) -> Tile:
    width, height, markup = grain(dark, light, other)
    return height, width, f'<g transform="matrix(0 1 1 0 0 0)">{markup}</g>'


def stripes(dark: str, light: str, other: str) -> Tile:
    return 56, 56, _fill("M0 0h56v20h-56z", other)


def upright_stripes(dark: str, light: str, other: str) -> Tile:
    return 48, 48, _fill("M0 0h18v48h-18z", other)


def pinstripes(dark: str, light: str, other: str) -> Tile:
    return 26, 26, _line("M13 -2v30", other, 2.4, 0.9)


def checks(dark: str, light: str, other: str) -> Tile:
    return 64, 64, _fill("M0 0h32v64h-32z", other, 0.5) + _fill("M0 0h64v32h-64z", other, 0.5)


def tartan(dark: str, light: str, other: str) -> Tile:
    bars = _fill("M0 0h44v120h-44z", dark, 0.55) + _fill("M0 0h120v44h-120z", dark, 0.55)
    lines = _line("M82 -5v130M-5 82h130", other, 5, 0.9) + _line("M94 -5v130M-5 94h130", other, 2)
    return 120, 120, bars + lines


def dots(dark: str, light: str, other: str) -> Tile:
    return 60, 60, _fill(oval(15, 15, 9), other) + _fill(oval(45, 45, 9), other)


def knit(dark: str, light: str, other: str) -> Tile:
    stitch = _line("M2 3l9 11M20 3l-9 11", dark, 3.4, 0.55)
    return 22, 17, stitch + _line("M2 0l9 11M20 0l-9 11", light, 2.4, 0.5)


def cable(dark: str, light: str, other: str) -> Tile:
    twist = _line("M14 0c0 22 34 22 34 44M48 0c0 22 -34 22 -34 44", dark, 5, 0.6)
    edge = _line("M4 0v44M58 0v44M78 0v44", dark, 2.6, 0.45)
    return 84, 44, twist + _line("M17 0c0 20 34 22 34 44", light, 2.4, 0.6) + edge


def rib(dark: str, light: str, other: str) -> Tile:
    return 16, 16, _line("M4 -2v20", dark, 3, 0.5) + _line("M11 -2v20", light, 3, 0.45)


def weave(dark: str, light: str, other: str) -> Tile:
    return (
        16,
        16,
        (
            _fill("M0 1h8v5h-8zM8 9h8v5h-8z", light, 0.45)
            + _fill("M9 0h5v8h-5zM1 8h5v8h-5z", dark, 0.4)
        ),
    )


def rattan(dark: str, light: str, other: str) -> Tile:
    over = _fill("M2 3h18v10h-18zM24 19h18v10h-18z", light, 0.6)
    under = _fill("M24 3h18v10h-18zM2 19h18v10h-18z", dark, 0.5)
    return 44, 32, over + under + _line("M22 -2v36M-1 -2v36", dark, 3, 0.55)


def herringbone(dark: str, light: str, other: str) -> Tile:
    return (
        40,
        20,
        _line("M0 20l20 -20l20 20M0 10l10 -10M30 0l10 10M10 20l10 -10l10 10", dark, 3, 0.6),
    )


def quilt(dark: str, light: str, other: str) -> Tile:
    seams = _line("M0 0L96 96M96 0L0 96", dark, 2.6, 0.5)
    return 96, 96, seams + _line("M4 -2L98 92M98 4L4 98", light, 2.2, 0.5)


def waves(dark: str, light: str, other: str) -> Tile:
    return 80, 40, _line("M-20 28q20 -24 40 0t40 0t40 0", other, 6, 0.85)


def leaves(dark: str, light: str, other: str) -> Tile:
    def sprig(x: int, y: int) -> str:
        return _line(f"M{x} {y + 44}q6 -22 0 -44", other, 2.6) + _fill(
            f"M{x} {y}q-16 4 -18 22q16 -2 18 -22M{x + 3} {y + 18}q18 0 22 18q-18 2 -22 -18"
            f"M{x + 2} {y + 26}q-16 2 -20 18q16 0 20 -18",
            other,
        )

    return 130, 130, sprig(34, 12) + sprig(98, 74)


def flowers(dark: str, light: str, other: str) -> Tile:
    def bloom(x: int, y: int, size: int) -> str:
        steps = ((0, -1), (0.95, -0.3), (0.6, 0.8), (-0.6, 0.8), (-0.95, -0.3))
        petals = "".join(oval(x + a * size, y + b * size, size * 0.62) for a, b in steps)
        return _fill(petals, other) + _fill(oval(x, y, size * 0.45), light)

    return 120, 120, bloom(30, 32, 13) + bloom(90, 92, 13) + bloom(92, 28, 7) + bloom(28, 92, 7)


def geometric(dark: str, light: str, other: str) -> Tile:
    return (
        80,
        80,
        _fill("M40 6l34 34l-34 34l-34 -34z", other)
        + _fill("M40 24l16 16l-16 16l-16 -16z", dark, 0.8)
        + _fill("".join(f"M{x} {y - 8}l8 8l-8 8l-8 -8z" for x in (0, 80) for y in (0, 80)), other),
    )


def stars(dark: str, light: str, other: str) -> Tile:
    star = "l4 10l11 1l-8 7l3 11l-10 -6l-10 6l3 -11l-8 -7l11 -1z"
    return (
        96,
        96,
        _fill(f"M26 10{star}M74 58{star}", other)
        + _fill(oval(74, 22, 3.5) + oval(24, 72, 3.5), light),
    )


def terrazzo(dark: str, light: str, other: str) -> Tile:
    rng = Random("terrazzo")
    chips = []
    for _ in range(26):
        x, y, size = rng.uniform(8, 142), rng.uniform(8, 142), rng.uniform(4, 10)
        corners = [
            (x + size * a * rng.uniform(0.6, 1.2), y + size * b * rng.uniform(0.6, 1.2))
            for a, b in ((-1, -0.6), (0.3, -1), (1, 0.1), (0.2, 1), (-0.9, 0.6))
        ]
        chips.append(_fill(polygon(*corners), rng.choice((dark, other, light, "#c98a6b")), 0.8))
    return 150, 150, "".join(chips)


def speckle(dark: str, light: str, other: str) -> Tile:
    rng = Random("speckle")
    spots = "".join(
        oval(rng.uniform(3, 87), rng.uniform(3, 87), rng.uniform(0.9, 2.6)) for _ in range(34)
    )
    return 90, 90, _fill(spots, dark, 0.75)


def looped(dark: str, light: str, other: str) -> Tile:
    return (
        14,
        14,
        _fill(oval(4, 4, 3) + oval(11, 11, 3), dark, 0.28)
        + _fill(oval(11, 3, 2.6) + oval(4, 10, 2.6), light, 0.4),
    )


def waffle(dark: str, light: str, other: str) -> Tile:
    return 26, 26, _fill("M4 4h18v18h-18z", dark, 0.28) + _line("M1 1h24M1 1v24", light, 2.4, 0.6)


def brushed(dark: str, light: str, other: str) -> Tile:
    return 60, 9, _line("M-2 2h64", light, 1.2, 0.35) + _line("M-2 6h64", dark, 1.2, 0.22)


def fur(dark: str, light: str, other: str) -> Tile:
    return (
        30,
        26,
        _line("M4 4q3 5 1 9M16 14q3 5 1 9M24 2q3 5 1 9", dark, 2, 0.35)
        + _line("M10 8q3 5 1 9M22 17q2 4 1 8M3 18q2 3 1 7", light, 2, 0.45),
    )


def marble(dark: str, light: str, other: str) -> Tile:
    return (
        260,
        260,
        _line("M-10 60q60 -30 100 20t90 20t100 -40M40 -10q10 70 60 90t50 90t30 100", dark, 3, 0.4)
        + _line("M-10 190q70 -40 120 0t160 -20M200 -10q-20 60 10 120", dark, 1.6, 0.4),
    )


def cork(dark: str, light: str, other: str) -> Tile:
    rng = Random("cork")
    spots = [
        _fill(
            oval(rng.uniform(3, 57), rng.uniform(3, 57), rng.uniform(1.5, 4), 1.6),
            rng.choice((dark, light)),
            0.6,
        )
        for _ in range(22)
    ]
    return 60, 60, "".join(spots)


def patchwork(dark: str, light: str, other: str) -> Tile:
    return (
        120,
        120,
        _fill("M0 0h60v60h-60z", other, 0.85)
        + _fill("M60 60h60v60h-60z", dark, 0.7)
        + _line("M60 -2v124M-2 60h124M0 -2v124M-2 0h124", light, 2, 0.7),
    )


TEXTURES: dict[str, Callable[[str, str, str], Tile]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        brushed, cable, checks, cork, dots, flowers, fur, geometric, grain, herringbone, knit,
        leaves, looped, marble, patchwork, pinstripes, quilt, rattan, rib, speckle, stars, stripes,
        tartan, terrazzo, upright_grain, upright_stripes, waffle, waves, weave,
    )
}  # fmt: skip


def tile(name: str, colour: str) -> Tile:
    """The tile of texture `name` on a surface of `colour`."""
    light_surface = luminance(colour) > 0.62
    other = darker(colour, 0.42) if light_surface else mix(lighter(colour, 0.72), "#fff4df", 0.5)
    return TEXTURES[name](darker(colour, 0.3), lighter(colour, 0.45), other)
