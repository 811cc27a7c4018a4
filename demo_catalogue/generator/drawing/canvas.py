"""A board of 800 by 800 to draw on: surfaces with colour, texture and light, and a studio."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from demo_catalogue.generator.drawing.colours import darker, lighter, mix
from demo_catalogue.generator.drawing.shapes import box, number, oval
from demo_catalogue.generator.drawing.textures import tile

SIZE = 800
URL = re.compile(r"url\(#\w+\)")
# Wall colours of the studio; `Canvas` takes one and the floor follows from it.
STUDIO = ("#efe6da", "#e3e8df", "#e2e7ec", "#f0e0d8", "#e9e4ee", "#ece7d3", "#dfe9e8")

# Light falling on a surface, as gradients of white and black over the shape's bounding box:
# (kind, attributes, ((offset, colour, opacity), ...)).
LIGHTS = {
    "round": (
        "linear",
        'x2="1" y2="0"',
        (
            (0, "#000", 0.22),
            (0.16, "#fff", 0.05),
            (0.3, "#fff", 0.36),
            (0.48, "#fff", 0),
            (0.52, "#000", 0),
            (0.82, "#000", 0.2),
            (1, "#000", 0.36),
        ),
    ),
    "metal": (
        "linear",
        'x2="1" y2="0"',
        (
            (0, "#000", 0.35),
            (0.12, "#fff", 0.1),
            (0.24, "#fff", 0.62),
            (0.36, "#fff", 0.02),
            (0.62, "#000", 0.28),
            (0.8, "#fff", 0.3),
            (0.9, "#000", 0.1),
            (1, "#000", 0.42),
        ),
    ),
    "sphere": (
        "radial",
        'cx=".36" cy=".3" r=".78"',
        ((0, "#fff", 0.5), (0.3, "#fff", 0.12), (0.5, "#000", 0), (1, "#000", 0.4)),
    ),
    "soft": (
        "radial",
        'cx=".4" cy=".3" r=".9"',
        ((0, "#fff", 0.26), (0.45, "#fff", 0), (0.55, "#000", 0), (1, "#000", 0.26)),
    ),
    "fall": (
        "linear",
        'x2="0" y2="1"',
        ((0, "#fff", 0.26), (0.45, "#fff", 0), (0.55, "#000", 0), (1, "#000", 0.24)),
    ),
    "flat": (
        "linear",
        'x2="1" y2="1"',
        ((0, "#fff", 0.2), (0.5, "#fff", 0), (0.55, "#000", 0), (1, "#000", 0.16)),
    ),
    "inside": (
        "linear",
        'x2="1" y2="0"',
        ((0, "#000", 0.45), (0.5, "#000", 0.28), (1, "#000", 0.08)),
    ),
    "none": ("linear", "", ()),
}


@dataclass(frozen=True, slots=True)
class Skin:
    """A surface: its colour and the name of its texture."""

    colour: str
    texture: str = "plain"

    def darker(self, share: float = 0.25) -> Skin:
        return Skin(darker(self.colour, share), self.texture)

    def lighter(self, share: float = 0.25) -> Skin:
        return Skin(lighter(self.colour, share), self.texture)

    def plain(self) -> Skin:
        return Skin(self.colour)

    def upright(self) -> Skin:
        """The same wood with its grain standing."""
        return Skin(self.colour, "upright-grain") if self.texture == "grain" else self


class Canvas:
    """Collects shapes. Ids are counted per canvas, so the same drawing is the same bytes."""

    def __init__(self) -> None:
        self._definitions: dict[str, str] = {}
        self._shapes: list[str] = []

    @classmethod
    def studio(cls, mood: int, horizon: int, *, deep: bool) -> Canvas:
        """An empty studio: a wall of one of the STUDIO colours, deeper behind light products, and
        a floor from `horizon` down; with SIZE there is only the wall."""
        canvas = cls()
        wall = STUDIO[mood % len(STUDIO)]
        if deep:
            wall = darker(mix(wall, "#b9a58e", 0.35), 0.06)
        glow = canvas._gradient(
            "radial", 'cx=".42" cy=".36" r=".8"', ((0, lighter(wall, 0.6), 1), (1, wall, 1))
        )
        canvas.fill(box(0, 0, SIZE, SIZE), glow)
        if horizon < SIZE:
            floor = canvas.fade(darker(wall, 0.12), lighter(wall, 0.25))
            melt = canvas._gradient("linear", 'x2="0" y2="1"', ((0, wall, 1), (1, wall, 0)))
            canvas.fill(box(0, horizon, SIZE, SIZE - horizon), floor)
            canvas.fill(box(0, horizon - 2, SIZE, 112), melt)
        return canvas

    def over(self, behind: Canvas) -> Canvas:
        """This drawing on top of the one `behind` it."""
        both = Canvas()
        for canvas in (behind, self):
            renamed = {}
            for markup, name in canvas._definitions.items():
                renamed[f"url(#{name})"] = both._define(markup)
            for shape in canvas._shapes:
                both._shapes.append(URL.sub(lambda found: renamed[found[0]], shape))  # noqa: B023 (used within the turn of the loop)
        return both

    # Paint

    def _define(self, markup: str) -> str:
        """A reference to a definition; `markup` has `@` where its id belongs."""
        name = self._definitions.setdefault(markup, f"d{len(self._definitions)}")
        return f"url(#{name})"

    def _gradient(
        self, kind: str, attributes: str, stops: tuple[tuple[float, str, float], ...]
    ) -> str:
        inside = "".join(
            f'<stop offset="{offset}" stop-color="{colour}" stop-opacity="{opacity}"/>'
            for offset, colour, opacity in stops
        )
        return self._define(f'<{kind}Gradient id="@" {attributes}>{inside}</{kind}Gradient>')

    def fade(self, top: str, bottom: str, *, across: bool = False) -> str:
        """Paint that runs from one colour to another, downward or from left to right."""
        ends = 'x2="1" y2="0"' if across else 'x2="0" y2="1"'
        return self._gradient("linear", ends, ((0, top, 1), (1, bottom, 1)))

    def glow(self, colour: str, strength: float = 0.8) -> str:
        """Paint that is strongest in the middle of a shape and gone at its rim."""
        return self._gradient(
            "radial", "", ((0, colour, strength), (0.4, colour, strength * 0.5), (1, colour, 0))
        )

    def _texture(self, skin: Skin, angle: float, scale: float) -> str:
        width, height, inside = tile(skin.texture, skin.colour)
        return self._define(
            f'<pattern id="@" width="{width}" height="{height}" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate({angle}) scale({scale})">{inside}</pattern>'
        )

    def _light(self, name: str) -> str:
        return self._gradient(*LIGHTS[name])

    # Shapes

    def fill(self, d: str, paint: str, opacity: float = 1) -> None:
        """One plain shape; holes follow the even-odd rule."""
        self._shapes.append(
            f'<path d="{d}" fill="{paint}" fill-opacity="{number2(opacity)}" fill-rule="evenodd"/>'
        )

    def line(self, d: str, paint: str, width: float, opacity: float = 1, dash: str = "") -> None:
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._shapes.append(
            f'<path d="{d}" fill="none" stroke="{paint}" stroke-width="{number(width)}" '
            f'stroke-opacity="{number2(opacity)}" stroke-linecap="round" '
            f'stroke-linejoin="round"{dashes}/>'
        )

    def solid(
        self, d: str, skin: Skin, light: str = "round", *, angle: float = 0, scale: float = 1
    ) -> None:
        """A lit body: its colour, then its texture, then light and shade over both."""
        self.fill(d, skin.colour)
        if skin.texture != "plain":
            self.fill(d, self._texture(skin, angle, scale))
        if light != "none":
            self.fill(d, self._light(light))

    def glass(self, d: str, tint: str = "#ffffff", strength: float = 0.3) -> None:
        """A clear body: a tint, darker rims and a bright edge."""
        self.fill(d, tint, strength)
        self.fill(d, self._light("round"), 0.45)
        self.line(d, lighter(tint, 0.6), 3, 0.75)

    def tube(self, d: str, skin: Skin, width: float) -> None:
        """A round bar along the line `d`: shaded below, with a thin highlight."""
        self.line(d, darker(skin.colour, 0.38), width)
        self.line(d, skin.colour, width * 0.72)
        self.line(d, lighter(skin.colour, 0.5), max(1.2, width * 0.2), 0.7)

    def shadow(self, cx: float, cy: float, rx: float, ry: float | None = None) -> None:
        """Where the object stands: a wide soft shadow and a dark one close to its foot."""
        ry = rx * 0.14 if ry is None else ry
        self.fill(
            oval(cx + rx * 0.08, cy + ry * 0.1, rx * 1.32, ry * 1.5), self.glow("#2a2430", 0.42)
        )
        self.fill(oval(cx, cy - ry * 0.1, rx * 1.02, ry * 0.62), self.glow("#1d1a22", 0.6))

    @contextmanager
    def moved(self, transform: str) -> Iterator[None]:
        """Draws what follows under an SVG transform."""
        self._shapes.append(f'<g transform="{transform}">')
        yield
        self._shapes.append("</g>")

    @contextmanager
    def clipped(self, d: str) -> Iterator[None]:
        """Draws what follows inside the outline `d` only."""
        clip = self._define(f'<clipPath id="@"><path d="{d}" clip-rule="evenodd"/></clipPath>')
        self._shapes.append(f'<g clip-path="{clip}">')
        yield
        self._shapes.append("</g>")

    def svg(self) -> str:
        definitions = "".join(
            markup.replace("@", name, 1) for markup, name in self._definitions.items()
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" '
            f'width="{SIZE}" height="{SIZE}"><defs>{definitions}</defs>'
            f"{''.join(self._shapes)}</svg>"
        )


def number2(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
