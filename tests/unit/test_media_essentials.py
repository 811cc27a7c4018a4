"""What of a picture's file decides: its pixels. Not what stands beside them."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator

import pytest
from PIL import ExifTags, Image

from shopreco.media import Limits
from shopreco.media.essentials import essentials, orientation_of
from shopreco.media.pictures import decode_picture
from tests.helpers.media import RED, drawing, encoded, png_chunk

LIMITS = Limits()
SIGNATURE = b"\x89PNG\r\n\x1a\n"
WHITE = (255, 255, 255)
CLOUDS = Image.frombytes("RGB", (60, 40), random.Random(7).randbytes(60 * 40 * 3))
PHOTO = CLOUDS.resize((301, 203), Image.Resampling.BICUBIC)
BROKEN = [b"", b"II", b"MM\x00*\x00\x00\x00\x08\xff\xff", b"nonsense", bytes(9), b"II*\x00" * 9]
ROTATED = Image.Transpose.ROTATE_270
TURNED = Image.Exif()
TURNED[ExifTags.Base.Orientation] = 6


def shown(data: bytes) -> Image.Image:
    return decode_picture(data, LIMITS)


def grey_at(image: Image.Image, *columns: int) -> list[int]:
    pixels = [image.getpixel((column, 0)) for column in columns]
    assert all(isinstance(pixel, tuple) and len(set(pixel)) == 1 for pixel in pixels), pixels
    return [pixel[0] for pixel in pixels if isinstance(pixel, tuple)]


# PNG


def raw_png(width: int, depth: int, colours: int, row: bytes, *chunks: bytes) -> bytes:
    """One row, whatever the depth."""
    header = struct.pack(">IIBBBBB", width, 1, depth, colours, 0, 0, 0)
    return SIGNATURE + b"".join(
        [
            png_chunk(b"IHDR", header),
            *chunks,
            png_chunk(b"IDAT", zlib.compress(b"\0" + row)),
            png_chunk(b"IEND", b""),
        ]
    )


def with_chunks(data: bytes, *chunks: bytes) -> bytes:
    """Behind the header."""
    return data[:33] + b"".join(chunks) + data[33:]


def beside_a_png() -> Iterator[tuple[str, bytes]]:
    packed = zlib.compress(bytes(3 * 2**20))
    yield "a profile of 3 MB", png_chunk(b"iCCP", b"p3\0\0" + packed)
    yield "a profile that is none", png_chunk(b"iCCP", b"p3\0\x07" + bytes(9))
    yield "a packed text of 3 MB", png_chunk(b"zTXt", b"history\0\0" + packed)
    yield "a packed text of 3 MB in Unicode", png_chunk(b"iTXt", b"XML:x\0\1\0\0\0" + packed)
    yield "eighty texts of 3 MB", png_chunk(b"zTXt", b"history\0\0" + packed) * 80
    yield "a text of 20 MB", png_chunk(b"tEXt", b"Comment\0" + bytes(20 * 2**20))
    yield "a size of pixels that is cut off", png_chunk(b"pHYs", b"\0")
    yield "a gamma that is cut off", png_chunk(b"gAMA", b"\0") + png_chunk(b"cHRM", b"\0")
    yield "a chunk that nobody knows", png_chunk(b"abCd", b"what?")
    yield "a wrong checksum", png_chunk(b"tEXt", b"Comment\0x")[:-1] + b"!"
    yield "a key that is too short", png_chunk(b"tRNS", b"\0")
    yield "a key of a palette", png_chunk(b"tRNS", bytes(300))
    for exif in BROKEN:
        yield f"EXIF {exif!r}", png_chunk(b"eXIf", exif)


@pytest.mark.parametrize("chunk", [pytest.param(data, id=name) for name, data in beside_a_png()])
def test_what_stands_beside_the_pixels_of_a_png_decides_nothing(chunk: bytes) -> None:
    data = encoded(drawing(), "PNG")

    assert shown(with_chunks(data, chunk)).tobytes() == shown(data).tobytes()


@pytest.mark.parametrize("lost", [1, 4, 12, 14, 16])
def test_a_png_lacks_nothing_without_its_end(lost: int) -> None:
    """Up to the checksums of the file and of the compressed pixels."""
    data = encoded(drawing(), "PNG")

    assert shown(data[:-lost]).tobytes() == drawing().tobytes()
    assert shown(data + b"<!-- cached -->").tobytes() == drawing().tobytes()


@pytest.mark.parametrize(
    ("depth", "row", "key"),
    [
        (1, b"\x40", 1),
        (2, b"\x1b", 1),
        (4, b"\x05\xf0", 5),
        (8, b"\x00\x55\xff", 0x55),
        (16, b"\x00\x00\x55\x01\x55\x02", 0x5501),
    ],
)
def test_the_grey_that_is_transparent_is_found_at_every_depth(
    depth: int, row: bytes, key: int
) -> None:
    image = shown(raw_png(2, depth, 0, row, png_chunk(b"tRNS", key.to_bytes(2, "big"))))

    assert grey_at(image, 0, 1) == [0, 255]


def test_greys_that_only_resemble_it_are_not() -> None:
    row = b"\x55\x02\x54\x01\x55\x01"

    image = shown(raw_png(3, 16, 0, row, png_chunk(b"tRNS", b"\x55\x01")))

    assert grey_at(image, 0, 1, 2) == [0x55, 0x54, 255]


def test_the_colour_that_is_transparent_is_found_in_sixteen_bits() -> None:
    row = struct.pack(">6H", 0x8001, 0x1002, 0x2003, 0x4000, 0x4000, 0x4000)
    key = png_chunk(b"tRNS", row[:6])

    image = shown(raw_png(2, 16, 2, row, key))

    assert [image.getpixel((x, 0)) for x in (0, 1)] == [WHITE, (0x40,) * 3]


def test_sixteen_bits_with_transparency_keep_their_brightness() -> None:
    grey = raw_png(2, 16, 4, struct.pack(">4H", 0x8000, 0xFFFF, 0, 0))
    colour = raw_png(2, 16, 6, struct.pack(">8H", *[0x8000] * 3, 0xFFFF, 0, 0, 0, 0))

    for data in (grey, colour):
        assert grey_at(shown(data), 0, 1) == [0x80, 255]


def test_a_palette_may_be_transparent_by_parts() -> None:
    palette = png_chunk(b"PLTE", bytes([0, 0, 0] * 3))
    data = raw_png(3, 8, 3, b"\0\1\2", palette, png_chunk(b"tRNS", b"\xff\x80"))

    assert grey_at(shown(data), 0, 1, 2) == [0, 127, 0]


# JPEG


def with_segment(data: bytes, marker: int, body: bytes) -> bytes:
    return data[:2] + bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body + data[2:]


@pytest.mark.parametrize(
    ("marker", "body"),
    [
        (0xE0, b"JFIF\0"),
        (0xE0, b"JFXX\0\x10" + encoded(drawing(), "JPEG")),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation='6'"),
        (0xE2, b"ICC_PROFILE\0\x01\x02" + bytes(99)),
        (0xE2, b"ICC_PROFILE\0"),
        (0xE2, b"MPF\0MM\0*\0\0\0\x08\0\0"),
        (0xE2, b"MPF\0II*\0\xff\xff\xff\xff"),
        (0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff"),
        (0xEE, b"Adobe"),
        (0xFE, b"\xff\xd8\xff\xd9 a comment"),
        *((0xE1, b"Exif\0\0" + exif) for exif in BROKEN),
    ],
)
def test_what_stands_before_the_pixels_of_a_jpeg_decides_nothing(marker: int, body: bytes) -> None:
    data = encoded(drawing(), "JPEG")

    assert shown(with_segment(data, marker, body)).tobytes() == shown(data).tobytes()


@pytest.mark.parametrize("junk", [b"\xff\xff", b"\0\0", b"junk", b"\xff\x01"])
def test_junk_between_the_segments_of_a_jpeg_is_passed_over(junk: bytes) -> None:
    data = encoded(drawing(), "JPEG")

    assert shown(data[:20] + junk + data[20:]).tobytes() == shown(data).tobytes()


def test_the_numbers_of_a_jpeg_stay_the_colours_that_they_are() -> None:
    """Adobe's marker says that they are not luminance and chrominance, or ink turned round."""
    for image in (Image.new("CMYK", (64, 64), (0, 255, 255, 0)), Image.new("RGB", (64, 64), RED)):
        data = encoded(image, "JPEG", quality=95, keep_rgb=True)

        red, green, blue = shown(data).getpixel((30, 30))  # type: ignore[misc]  # of an RGB picture

        assert red >= 195
        assert max(green, blue) <= 35


JPEGS: dict[str, dict[str, object]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "optimised": {"optimize": True, "quality": 95, "subsampling": 0},
    "with restarts": {"restart_marker_rows": 1},
    "with many restarts": {"restart_marker_blocks": 3},
    "progressive with restarts": {"progressive": True, "restart_marker_blocks": 7},
}


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_lacks_nothing_without_its_end(kind: str, mode: str) -> None:
    data = encoded(PHOTO.convert(mode), "JPEG", **JPEGS[kind])

    for lost in (1, 2):
        assert shown(data[:-lost]).tobytes() == shown(data).tobytes()


@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_that_is_cut_in_its_pixels_is_not_read(kind: str) -> None:
    data = encoded(PHOTO, "JPEG", **JPEGS[kind])
    restarts = [at for at in range(len(data) * 2 // 3, len(data) - 9) if is_restart(data, at)]
    scans = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"][1:]

    for cut in (*range(700, len(data) - 20, len(data) // 20), *restarts[:20], *scans):
        for end in (cut, cut + 1, cut + 2):
            with pytest.raises((OSError, ValueError, LookupError)):
                shown(data[:end])


def is_restart(data: bytes, at: int) -> bool:
    return data[at] == 0xFF and 0xD0 <= data[at + 1] <= 0xD7


# WebP, AVIF


def with_riff_chunk(data: bytes, kind: bytes, body: bytes, length: int) -> bytes:
    """A WebP with another chunk at its end, which declares this length."""
    chunk = kind + length.to_bytes(4, "little") + body + bytes(len(body) % 2)
    flagged = data[:20] + bytes([data[20] | 0x08 | 0x20]) + data[21:] + chunk
    return flagged[:4] + (len(flagged) - 8).to_bytes(4, "little") + flagged[8:]


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("body", BROKEN)
@pytest.mark.parametrize("kind", [b"EXIF", b"ICCP", b"XMP ", b"what"])
def test_what_stands_behind_the_pixels_of_a_webp_decides_nothing(
    kind: bytes, body: bytes, lossless: bool
) -> None:
    data = encoded(drawing(), "WEBP", lossless=lossless, exif=TURNED)
    turned = shown(encoded(drawing(), "WEBP", lossless=lossless)).transpose(ROTATED)

    for length in (len(body), len(body) + 9, 2**32 - 1):
        image = shown(with_riff_chunk(data, kind, body, length))
        assert image.tobytes() == turned.tobytes()


def test_a_webp_may_lie_about_its_length() -> None:
    data = encoded(drawing(), "WEBP")

    for length in (0, 2**32 - 1):
        lying = data[:4] + length.to_bytes(4, "little") + data[8:]
        assert shown(lying).tobytes() == shown(data).tobytes()


def test_a_webp_that_is_cut_in_its_pixels_is_not_read() -> None:
    for lossless in (False, True):
        data = encoded(PHOTO, "WEBP", lossless=lossless)
        for share in (0.1, 0.5, 0.9, 0.99):
            with pytest.raises(OSError, match=r"decoder object|truncated"):
                shown(data[: int(len(data) * share)])


@pytest.mark.parametrize("exif", BROKEN)
def test_broken_exif_does_not_damage_an_avif(exif: bytes) -> None:
    data = encoded(drawing(), "AVIF", exif=b"MM\0*\0\0\0\x08\0\0" + bytes(90))
    whole = b"MM\0*\0\0\0\x08\0\0" + bytes(90)
    assert whole in data

    image = shown(data.replace(whole, exif.ljust(100, b"\xff")))

    assert image.tobytes() == shown(encoded(drawing(), "AVIF")).tobytes()


# EXIF


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [1, 3, 4])
def test_an_orientation_is_found_in_either_byte_order(order: str, kind: int) -> None:
    start = b"II*\0" if order == "<" else b"MM\0*"
    value = struct.pack(order + {1: "Bxxx", 3: "Hxx", 4: "I"}[kind], 6)
    entry = struct.pack(order + "HHI", 0x0112, kind, 1) + value
    maker = struct.pack(order + "HHI4s", 0x010F, 2, 4, b"abc\0")

    assert orientation_of(start + struct.pack(order + "IH", 8, 2) + maker + entry) == 6


@pytest.mark.parametrize("exif", BROKEN)
def test_broken_exif_says_that_a_picture_is_upright(exif: bytes) -> None:
    assert orientation_of(exif) == 1


def test_what_is_no_picture_is_handed_on() -> None:
    for data in (b"", b"\xff\xd8", b"\xff\xd8\xff", SIGNATURE, b"RIFF\0\0\0\0WEBP", b"GIF89a"):
        assert essentials(data).data.startswith(data[:4])
    assert Image.open(io.BytesIO(essentials(encoded(drawing(), "BMP")).data)).format == "BMP"
