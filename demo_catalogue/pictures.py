"""Store pictures of unknown origin: limit them, decode them, write them anew."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from PIL import Image

from shopreco.media import Decoder, DecoderFailed, Limits, MediaRejected

LARGE = 960
SMALL = 480
MAX_BYTES = Limits.picture_bytes
MAX_PIXELS = Limits.picture_pixels
QUALITY = 84
READING = b"2"
"""Changes with how pictures are read, so that what was stored before is read anew."""


class PictureError(Exception):
    """A picture that cannot be used, and why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Names in the storage. A source that is small itself has one file under both names."""

    large: str
    small: str


def store(content: bytes, folder: str, storage: Storage = default_storage) -> Picture:
    """Write a picture as WebP in two sizes, named by its content, so that a second call is free.

    It is read by the decoder that the worker reads it with. Metadata, colour profiles and whatever
    else the file carried stay behind.

    Raises:
        PictureError: too large, damaged, or of a format that is not read.
        DecoderUnavailable: no picture can be read here.
    """
    key = hashlib.blake2b(content, digest_size=12, person=READING).hexdigest()
    large, small = f"{folder}/{key}.webp", f"{folder}/{key}-{SMALL}.webp"
    if storage.exists(large):
        return Picture(large, small if storage.exists(small) else large)
    image = _decoded(content)
    if max(image.size) > SMALL:
        # The smaller first: where the larger exists, both do.
        storage.save(small, ContentFile(_encoded(image, SMALL)))
        storage.save(large, ContentFile(_encoded(image, LARGE)))
        return Picture(large, small)
    storage.save(large, ContentFile(_encoded(image, LARGE)))
    return Picture(large, large)


def read_below(folder: Path, relative: str) -> bytes:
    """The bytes of a file that a feed names by a path relative to itself.

    Raises:
        PictureError: the path leads out of the folder, or to no file, or to one that is too big.
    """
    root = folder.resolve()
    try:
        path = (root / relative).resolve()
        if not path.is_relative_to(root):
            raise PictureError(f"picture {relative!r} lies outside the feed's folder")
        if not path.is_file():
            raise PictureError(f"picture {relative!r} does not exist")
        if path.stat().st_size > MAX_BYTES:
            raise PictureError(f"picture {relative!r} is larger than {MAX_BYTES:,} bytes")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise PictureError(f"picture {relative!r} cannot be read: {error}") from error


def _decoded(content: bytes) -> Image.Image:
    """RGB, or RGBA where something of it is transparent."""
    limits = Limits(side=LARGE, picture_bytes=MAX_BYTES, picture_pixels=MAX_PIXELS)
    try:
        image = _decoder(limits).cutout(content)
    except (MediaRejected, DecoderFailed) as error:
        # A note begins with where the file is named.
        raise PictureError(str(error).removeprefix("The file is ")) from error
    opaque = image.getchannel("A").getextrema() == (255, 255)
    return image.convert("RGB") if opaque else image


@cache
def _decoder(limits: Limits) -> Decoder:
    return Decoder(limits)


def _encoded(image: Image.Image, side: int) -> bytes:
    fitted = image.copy()
    fitted.thumbnail((side, side), Image.Resampling.LANCZOS)
    target = io.BytesIO()
    fitted.save(target, "WEBP", quality=QUALITY, method=4)
    return target.getvalue()
