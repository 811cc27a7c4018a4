"""Pictures and videos that every browser shows, as people's tools write them.

Whatever reads a picture, the feed that stores it or the worker that encodes it, reads the same.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import pytest
from django.core.files.storage import InMemoryStorage
from PIL import Image

from demo_catalogue.pictures import LARGE, SMALL, PictureError, store
from shopreco.media import Decoder, MediaRejected
from tests.helpers.media import (
    BLUE,
    GREEN,
    RED,
    drawing,
    encoded,
    main_colour,
    png,
    png_chunk,
    video,
)

MEBIBYTE = 2**20
SIZE = (300, 200)
DRAWING = drawing(size=SIZE)
Reader = Callable[[bytes], Image.Image]


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as shared:
        yield shared


def stored(data: bytes) -> Image.Image:
    """What the feed makes of a picture, as the shop's pages show it on white."""
    storage = InMemoryStorage()
    picture = store(data, "catalogue", storage)
    with storage.open(picture.large) as file:
        image = Image.open(io.BytesIO(file.read())).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


@pytest.fixture(params=["worker", "feed"])
def read(request: pytest.FixtureRequest, decoder: Decoder) -> Reader:
    return decoder.picture if request.param == "worker" else stored


def assert_shows(image: Image.Image, expected: Image.Image, by: float = 6) -> None:
    """On the average, for the feed stores what it reads as WebP."""
    assert image.size == expected.size
    pairs = zip(image.tobytes(), expected.convert("RGB").tobytes(), strict=True)
    assert sum(abs(a - b) for a, b in pairs) / len(image.tobytes()) < by


def behind_the_header(data: bytes, *chunks: bytes) -> bytes:
    return data[:33] + b"".join(chunks) + data[33:]


def reason(read: Callable[[bytes], object], data: bytes) -> str:
    with pytest.raises((MediaRejected, PictureError)) as raised:
        read(data)
    return str(raised.value)


# BH-25: side data decides about the picture


def side_data() -> Iterator[tuple[str, bytes]]:
    packed = zlib.compress(bytes(2 * MEBIBYTE))
    data = encoded(DRAWING, "PNG")
    profile = png_chunk(b"iCCP", b"profile\0\0" + packed)
    history = png_chunk(b"zTXt", b"Raw profile type xmp\0\0" + packed)
    unicode_history = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed)
    yield "a profile of 2 MB", behind_the_header(data, profile)
    yield "an editor's history of 2 MB", behind_the_header(data, history)
    yield "the same in Unicode", behind_the_header(data, unicode_history)
    yield "all of them, many times", behind_the_header(data, profile, history * 90)
    for format in ("PNG", "JPEG", "WEBP", "AVIF"):
        name = f"a broken profile in {format}"
        yield name, encoded(DRAWING, format, icc_profile=b"not a profile" * 99)
    for format in ("PNG", "JPEG", "WEBP"):
        yield f"broken EXIF in {format}", encoded(DRAWING, format, exif=b"Exif\0\0MM\0*\0\0\xff")


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in side_data()])
def test_side_data_does_not_decide_about_a_picture(read: Reader, data: bytes) -> None:
    assert_shows(read(data), DRAWING)


# BH-26: complete data, incomplete wrapping


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}])
def test_a_jpeg_without_its_end_is_read(read: Reader, options: dict[str, object]) -> None:
    data = encoded(DRAWING, "JPEG", **options)
    assert data.endswith(b"\xff\xd9")

    assert_shows(read(data[:-2]), DRAWING)
    assert_shows(read(data[:-1]), DRAWING)


def test_a_png_without_its_end_is_read(read: Reader) -> None:
    assert_shows(read(encoded(DRAWING, "PNG")[:-12]), DRAWING)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_file_that_is_cut_in_the_middle_is_not(read: Reader, format: str) -> None:
    data = encoded(DRAWING, format)

    said = reason(read, data[: len(data) // 2])

    assert "damaged" in said
    assert re.search(r"upload (it again|a JPEG or PNG)|save it as a JPEG or PNG", said)


# BH-27: pixels that are not square


def film(size: tuple[int, int], pixel: Fraction, format: str) -> bytes:
    """A circle that fills the height, as it is stored."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=format) as container:
        track = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        track.width, track.height = size
        track.pix_fmt = "yuv420p"
        track.codec_context.sample_aspect_ratio = pixel
        for time in range(3):
            frame = av.VideoFrame.from_image(drawing(size=size))
            frame.pts, frame.time_base = time, Fraction(1, 25)
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("size", "pixel", "format", "shown"),
    [
        ((320, 320), Fraction(9, 16), "mp4", (180, 320)),
        ((320, 320), Fraction(2), "mp4", (512, 256)),
        ((720, 576), Fraction(64, 45), "mpegts", (512, 288)),
        ((720, 576), Fraction(16, 15), "mpegts", (512, 384)),
        ((320, 320), Fraction(1), "mp4", (320, 320)),
    ],
)
def test_frames_have_the_shape_in_which_a_video_is_played(
    decoder: Decoder, size: tuple[int, int], pixel: Fraction, format: str, shown: tuple[int, int]
) -> None:
    (frame,) = decoder.frames(film(size, pixel, format))

    assert frame.size == shown
    assert_shows(frame, drawing(size=size).resize(shown))


# BH-28: two readers of pictures, one of them careful


def ramp(bits: int) -> bytes:
    """A grey PNG, from black to white."""
    width = 256
    values = [column * 257 if bits == 16 else column for column in range(width)]
    row = b"\0" + b"".join(value.to_bytes(bits // 8, "big") for value in values)
    header = struct.pack(">IIBBBBB", width, 40, bits, 0, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(row * 40)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def test_a_ramp_of_sixteen_bits_is_a_ramp(read: Reader) -> None:
    image = read(ramp(16)).convert("L")

    shades = [image.getpixel((column, 20)) for column in range(0, 256, 15)]
    assert shades == pytest.approx(list(range(0, 256, 15)), abs=6)
    assert_shows(image.convert("RGB"), read(ramp(8)), by=2)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_every_format_is_read_by_both(read: Reader, format: str) -> None:
    assert_shows(read(encoded(DRAWING, format)), DRAWING)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_an_animation_that_begins_with_nothing_is_its_first_picture(
    read: Reader, format: str
) -> None:
    empty = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    frames = [drawing(colour, SIZE).convert("RGBA") for colour in (GREEN, RED)]

    image = read(encoded(empty, format, save_all=True, append_images=frames))

    assert_shows(image, drawing(GREEN, SIZE))


def test_what_is_transparent_stays_so_in_the_shop() -> None:
    cut_out = drawing(BLUE, (1200, 800)).convert("RGBA")
    cut_out.paste((0, 0, 0, 0), (600, 0, 1200, 800))
    storage = InMemoryStorage()

    picture = store(encoded(cut_out, "PNG"), "catalogue", storage)

    for name, side in ((picture.large, LARGE), (picture.small, SMALL)):
        with storage.open(name) as file:
            image = Image.open(io.BytesIO(file.read()))
            image.load()
        assert (image.format, image.mode, image.width) == ("WEBP", "RGBA", side)
        assert image.getchannel("A").getpixel((side - 9, 50)) == 0
    opaque = store(encoded(drawing(), "PNG"), "catalogue", storage)
    with storage.open(opaque.large) as file:
        assert Image.open(io.BytesIO(file.read())).mode == "RGB"


def test_a_picture_from_a_feed_is_decoded_where_it_can_do_no_harm(read: Reader) -> None:
    """Its size is told before it is unpacked, and a bomb costs only itself."""
    bomb = png(60_000, 60_000, png_chunk(b"IDAT", zlib.compress(bytes(MEBIBYTE))))

    assert "60000 × 60000 pixels are too many" in reason(read, bomb)
    assert main_colour(read(encoded(drawing(GREEN), "PNG"))) == "green"


# Reasons


REFUSED = {
    "text": b"no picture",
    "nothing": b"",
    "a PDF": b"%PDF-1.7\n",
    "an SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "JPEG 2000": encoded(DRAWING, "JPEG2000"),
    "too many pixels": png(10_000, 10_000),
    "too few rows": png(10, 10, png_chunk(b"IDAT", zlib.compress(bytes(99)))),
    "a broken stream": png(10, 10, png_chunk(b"IDAT", b"not compressed")),
    "half a file": encoded(DRAWING, "JPEG")[:2000],
    "half a header": encoded(DRAWING, "JPEG")[:200],
    "half a WebP": encoded(DRAWING, "WEBP")[:400],
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_reason_says_cause_and_fix_in_one_sentence_without_a_librarys_words(
    read: Reader, name: str
) -> None:
    said = reason(read, REFUSED[name])

    assert re.search(r"(upload|save|make) (it|a|an)\b", said), said
    assert re.fullmatch(r"[^.]*(\d\.\d[^.]*)*\.", said), said
    assert not re.search(r"[A-Za-z]_|Plugin|PIL|bytes not processed|chunk|decoder", said), said


@pytest.mark.parametrize(
    "data",
    [b"no video", video([(drawing(), 3)])[:300], video([(drawing(), 3)], "matroska", "ffv1")],
)
def test_so_does_that_of_a_video(decoder: Decoder, data: bytes) -> None:
    assert re.search(r": (upload|save) (it|an) ", reason(decoder.frames, data))
