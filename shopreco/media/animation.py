"""Which frame of an animated picture is its picture. Runs in the decoder process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from shopreco.media.colours import in_colours, on_white
from shopreco.media.damage import is_damage
from shopreco.media.limits import Limits

if TYPE_CHECKING:
    from PIL.Image import Image

Box = tuple[int, int, int, int]

FORMATS = {"GIF", "PNG", "WEBP", "AVIF"}
REDUCED_TO = 2  # times the wanted size, as `thumbnail` does it


def frames(image: Image, limits: Limits) -> Iterator[Image]:
    """RGB or RGBA, no side longer than `limits.side`; of a picture that stands still, one.

    Damage behind the first frame ends them, and so does one that is too large.
    """
    image.load()
    drawn = _extents(image)
    yield _small(image, drawn, limits.side)
    if image.format not in FORMATS:
        return
    for number in range(1, limits.animation_pixels // (image.width * image.height)):
        try:
            image.seek(number)
            if image.width * image.height > limits.picture_pixels:
                return
            image.load()
        except Exception as error:
            if not (is_damage(error) or isinstance(error, MemoryError)):
                raise
            return
        drawn += _extents(image)
        yield _small(image, drawn, limits.side)


def first_shown(images: Iterable[Image]) -> Image:
    """The first that is not one plain colour, else the first that is not transparent, else the
    first. Many animations fade in, or begin with nothing."""
    best: list[Image] = []
    for image in images:
        if not _is_plain(image):
            return image
        if not best or (_is_empty(best[0]) and not _is_empty(image)):
            best = [image]
    return best[0]


def _is_plain(image: Image) -> bool:
    extrema = cast("tuple[tuple[int, int], ...]", on_white(image).getextrema())
    return all(darkest == brightest for darkest, brightest in extrema)


def _is_empty(image: Image) -> bool:
    return image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0)


def _small(image: Image, drawn: list[Box], side: int) -> Image:
    from PIL.Image import Resampling

    small = _with_gaps(in_colours(image), drawn)
    if small is image and getattr(image, "is_animated", False):
        # The library goes on drawing upon its own.
        small = image.reduce(max(1, max(image.size) // (REDUCED_TO * side)))
    small.thumbnail((side, side), Resampling.LANCZOS)
    return small


def _extents(image: Image) -> list[Box]:
    """Where the current frame of a GIF has drawn."""
    extent: Box | None = getattr(image, "dispose_extent", None)
    return [extent] if extent and image.format == "GIF" else []


def _with_gaps(image: Image, drawn: list[Box]) -> Image:
    """What no frame has drawn is transparent. Pillow fills it with the first of the colours."""
    from PIL import Image, ImageChops

    whole = (0, 0, *image.size)
    if not drawn or whole in drawn:
        return image
    mask = Image.new("L", image.size)
    for extent in drawn:
        mask.paste(255, extent)
    image = image.convert("RGBA")
    image.putalpha(ImageChops.darker(image.getchannel("A"), mask))
    return image
