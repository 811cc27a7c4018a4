"""What a drawing function is given, and the register of drawing functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from demo_catalogue.generator.drawing.canvas import SIZE, Canvas, Skin
from demo_catalogue.generator.records import Drawing


@dataclass(frozen=True, slots=True)
class Subject:
    """A product as the illustrator sees it: two surfaces and the options of its shape."""

    skin: Skin
    accent: Skin
    options: Mapping[str, str]

    @classmethod
    def of(cls, drawing: Drawing) -> Subject:
        """The subject of a drawing."""
        return cls(
            Skin(drawing.colour, drawing.texture),
            Skin(drawing.accent, drawing.accent_texture),
            dict(drawing.options),
        )

    def __getitem__(self, option: str) -> str:
        return self.options.get(option, "")

    def count(self, option: str, default: int) -> int:
        """The whole number an option starts with ("3 drawers" or "3" is 3)."""
        digits = self[option].split(" ")[0]
        return int(digits) if digits.isdigit() else default

    @property
    def place(self) -> int:
        """The product's number within its type: for small differences without a name."""
        return self.count("place", 0)


Illustrator = Callable[[Canvas, Subject], None]
ILLUSTRATORS: dict[str, tuple[Illustrator, int]] = {}
STANDING, LYING, HANGING = 560, 330, SIZE  # where the floor of the studio begins


def illustrates(*kinds: str, horizon: int = STANDING) -> Callable[[Illustrator], Illustrator]:
    """Registers a function as the one that draws products of `kinds`, with its horizon."""

    def register(function: Illustrator) -> Illustrator:
        for kind in kinds:
            ILLUSTRATORS[kind] = function, horizon
        return function

    return register
