"""A picture's bytes → one small upright image. Runs in the decoder process."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from shopreco.media.animation import first_shown, frames
from shopreco.media.colours import on_white
from shopreco.media.damage import is_damage
from shopreco.media.endings import completed
from shopreco.media.errors import MediaRejected
from shopreco.media.essentials import JPEG, essentials
from shopreco.media.limits import Limits

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = (b"avif", b"avis")
HEAD = 1024  # bytes in which an SVG names itself


def decode_picture(data: bytes, limits: Limits) -> Image:
    """RGB, turned upright, transparency on white, of an animation the first frame that shows
    something.

    Raises `MediaRejected`; for a damaged file also whatever Pillow raises.
    """
    return on_white(decode_cutout(data, limits))


def decode_cutout(data: bytes, limits: Limits) -> Image:
    """RGBA, otherwise as `decode_picture`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _refuse_relatives(data)
        parts = essentials(data)
        try:
            image = _decode(parts.data, parts.orientation, limits)
        except Exception as error:
            if not parts.still or not (is_damage(error) or isinstance(error, MediaRejected)):
                raise
            image = _decode(parts.still, parts.orientation, limits)
        return image.convert("RGBA")


def _decode(data: bytes, orientation: int | None, limits: Limits) -> Image:
    image = _loaded(data, limits)
    shown = first_shown(frames(image, limits))
    return _upright(shown, _orientation(image) if orientation is None else orientation)


def _loaded(data: bytes, limits: Limits) -> Image:
    image = _opened(data, limits)
    try:
        image.load()
    except OSError as error:
        if not data.startswith(JPEG) or not is_damage(error):
            raise
        whole = completed(data, lambda ended: _with_pixels(_opened(ended, limits)))
        if whole is None:
            raise
        return whole
    return image


def _with_pixels(image: Image) -> Image:
    image.load()
    return image


def _opened(data: bytes, limits: Limits) -> Image:
    from PIL import Image, UnidentifiedImageError

    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise MediaRejected(
            "The file is not a picture that is read (JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF), "
            "or it is damaged: upload a JPEG or PNG."
        ) from None
    _refuse_size(image, limits)
    image.draft(None, (limits.side, limits.side))
    return image


def _refuse_relatives(data: bytes) -> None:
    """Refuse kinds of files that people take for readable pictures, and say what to do instead."""
    head = data[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if (
        head.startswith((b"<svg", b"<?xml", b"<!doctype svg"))
        and b"<svg" in data[: 4 * HEAD].lower()
    ):
        raise MediaRejected("SVG pictures are not read: upload a PNG or JPEG.")
    brands = data[8:64]
    if (
        data[4:8] == b"ftyp"
        and brands[:4] in HEIC_BRANDS
        and not any(brand in brands for brand in AVIF_BRANDS)
    ):
        raise MediaRejected("HEIC pictures are not read: upload a JPEG.")
    if head.startswith(b"%pdf"):
        raise MediaRejected("The file is a PDF: upload a PNG or JPEG.")


def _refuse_size(image: Image, limits: Limits) -> None:
    pixels = image.width * image.height
    if pixels > limits.picture_pixels:
        raise MediaRejected(
            f"The picture's {image.width} × {image.height} pixels are too many: that is "
            f"{pixels / 1e6:,.1f} megapixels, and up to {limits.picture_pixels / 1e6:,.1f} are "
            "read, so make it smaller."
        )


def _orientation(image: Image) -> object:
    """None for a TIFF, which Pillow turns when it loads it."""
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
