"""Pictures of unknown origin into the shop's media: limited, decoded, and written anew."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
LARGE = 960
SMALL = 480
MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
QUALITY = 84


class PictureError(Exception):
    """A picture that cannot be used, and why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Names in the storage. A source that is small itself has one file under both names."""

    large: str
    small: str


def store(content: bytes, folder: str, storage: Storage = default_storage) -> Picture:
    """Write a picture as WebP in two sizes, named by its content, so that a second call is free.

    Metadata, colour profiles and whatever else the file carried stay behind.

    Raises:
        PictureError: too large, damaged, or of a format that browsers do not show.
    """
    key = hashlib.blake2b(content, digest_size=12).hexdigest()
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
    if len(content) > MAX_BYTES:
        raise PictureError(f"larger than {MAX_BYTES:,} bytes")
    try:
        image: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
        # Only the header has been read: a bomb is refused before it is unpacked.
        if image.width * image.height > MAX_PIXELS:
            raise PictureError(f"{image.width} × {image.height} pixels are too many")
        image = ImageOps.exif_transpose(image)
        transparent = "A" in image.getbands() or "transparency" in image.info
        return image.convert("RGBA" if transparent else "RGB")
    except UnidentifiedImageError:
        raise PictureError(f"not a picture of the formats {', '.join(FORMATS)}") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(f"damaged picture: {error}") from error


def _encoded(image: Image.Image, side: int) -> bytes:
    fitted = image.copy()
    fitted.thumbnail((side, side), Image.Resampling.LANCZOS)
    target = io.BytesIO()
    fitted.save(target, "WEBP", quality=QUALITY, method=4)
    return target.getvalue()
