"""A loaded picture of any depth → eight bits of RGB or RGBA. Runs in the decoder process."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from PIL.Image import Image

WHITE = (255, 255, 255, 255)
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0  # of a TIFF


def in_colours(image: Image) -> Image:
    """RGB, or RGBA where something may be transparent; the image itself where it is that."""
    if image.mode.startswith("I;16"):
        image = _sixteen_bits(image)
    elif image.mode in {"I", "F"}:
        image = _stretched(image)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _sixteen_bits(image: Image) -> Image:
    """Grey keeps its upper eight bits. The lower ones only tell which value is transparent."""
    from PIL import Image, ImageChops

    data = image.tobytes("raw", "I;16B")
    upper, lower = (Image.frombytes("L", image.size, data[byte::2]) for byte in (0, 1))
    tags = getattr(image, "tag_v2", {})
    grey = ImageChops.invert(upper) if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO else upper
    key = image.info.get("transparency")
    if not isinstance(key, int):
        return grey
    alpha = ImageChops.lighter(_unlike(upper, key >> 8), _unlike(lower, key & 255))
    return Image.merge("LA", (grey, alpha))


def _unlike(image: Image, value: int) -> Image:
    return image.point([0 if each == value else 255 for each in range(256)])


def _stretched(image: Image) -> Image:
    """Other depths have no agreed white."""
    darkest, brightest = cast("tuple[float, float]", image.getextrema())
    scale = 255 / ((brightest - darkest) or 1)
    shallow = image.point(lambda value: value * scale - darkest * scale).convert("L")
    shallow.info.pop("transparency", None)
    return shallow


def on_white(image: Image) -> Image:
    """The image as RGB, with white behind what is transparent."""
    from PIL import Image

    if image.mode != "RGBA":
        return image
    paper = Image.new("RGBA", image.size, WHITE)
    return Image.alpha_composite(paper, image).convert("RGB")
