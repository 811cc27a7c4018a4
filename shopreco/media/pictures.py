"""A picture's bytes → one small upright RGB image. Runs in the decoder process."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, cast

from shopreco.media.damage import is_damage
from shopreco.media.errors import MediaRejected
from shopreco.media.limits import Limits

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
HEAD = 1024  # bytes in which an SVG names itself
WHITE = (255, 255, 255, 255)


def decode_picture(data: bytes, limits: Limits) -> Image:
    """RGB, turned upright, transparency on white, the first frame of an animation.

    Raises `MediaRejected`; for a damaged file also whatever Pillow raises.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _decode(data, limits)


def _decode(data: bytes, limits: Limits) -> Image:
    from PIL import Image, UnidentifiedImageError

    _refuse_relatives(data)
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise MediaRejected(
            "The file is not a picture that is read (JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF), "
            "or it is damaged."
        ) from None
    _refuse_size(image, limits)
    image.draft(None, (limits.side, limits.side))
    image.load()
    orientation = _orientation(image)

    image = _eight_bits(image)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    image.thumbnail((limits.side, limits.side), Image.Resampling.LANCZOS)
    if mode == "RGBA":
        paper = Image.new("RGBA", image.size, WHITE)
        image = Image.alpha_composite(paper, image).convert("RGB")
    return _upright(image, orientation)


def _refuse_relatives(data: bytes) -> None:
    """Files that people take for pictures that are read, each with what to do instead."""
    head = data[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if (
        head.startswith((b"<svg", b"<?xml", b"<!doctype svg"))
        and b"<svg" in data[: 4 * HEAD].lower()
    ):
        raise MediaRejected("SVG pictures are not read: upload a PNG or JPEG.")
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS and b"avif" not in data[:64]:
        raise MediaRejected("HEIC pictures are not read: upload a JPEG.")
    if head.startswith(b"%pdf"):
        raise MediaRejected("The file is a PDF: upload a PNG or JPEG.")


def _refuse_size(image: Image, limits: Limits) -> None:
    pixels = image.width * image.height
    if pixels > limits.picture_pixels:
        raise MediaRejected(
            f"The picture has {pixels / 1e6:,.1f} megapixels, more than the "
            f"{limits.picture_pixels / 1e6:,.1f} that are read."
        )


def _eight_bits(image: Image) -> Image:
    """Sixteen bits keep their upper eight; other depths have no agreed white and are stretched."""
    if image.mode.startswith("I;16"):
        deep, scale, offset = image.convert("I"), 1 / 256, 0.0
    elif image.mode in {"I", "F"}:
        darkest, brightest = cast("tuple[float, float]", image.getextrema())
        scale = 255 / ((brightest - darkest) or 1)
        deep, offset = image, -darkest * scale
    else:
        return image
    shallow = deep.point(lambda value: value * scale + offset).convert("L")
    shallow.info.pop("transparency", None)
    return shallow


def _orientation(image: Image) -> object:
    """As EXIF declares it; None for TIFF and AVIF, which Pillow turns when it loads them."""
    from PIL import ExifTags

    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except Exception as error:
        if not is_damage(error):
            raise
        return None  # the picture itself may be sound


def _upright(image: Image, orientation: object) -> Image:
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)
