"""Pictures and videos, decoded in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shopreco.media import Decoder, Limits, MediaRejected
from tests.helpers.media import BLUE, GREEN, RED, drawing, encoded, main_colour, video

PICTURES = {
    name: encoded(drawing(colour), "PNG")
    for name, colour in (("red", RED), ("green", GREEN), ("blue", BLUE))
}
RED_PICTURE = PICTURES["red"]


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as shared:
        yield shared


# Files


def test_pictures_and_videos_come_back(decoder: Decoder) -> None:
    assert decoder.picture(RED_PICTURE).getpixel((159, 119)) == RED
    frames = decoder.frames(video([(drawing(GREEN), 10), (drawing(BLUE), 10)]))
    assert [main_colour(frame) for frame in frames] == ["green", "blue"]
    assert {(frame.mode, frame.size) for frame in frames} == {("RGB", (160, 120))}


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {"progressive": True, "exif": b"Exif\x00\x00"}),
        ("PNG", {"icc_profile": b"not a profile"}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "jpeg"}),
        ("AVIF", {}),
    ],
)
def test_all_formats_are_read_where_no_file_can_be_opened(
    decoder: Decoder, format: str, options: dict[str, object]
) -> None:
    """Nor can a library be loaded there: all that reading needs must be loaded beforehand."""
    assert main_colour(decoder.picture(encoded(drawing(), format, **options))) == "red"


@pytest.mark.parametrize("codec", ["libx264", "libvpx-vp9", "libx265", "mpeg4"])
def test_all_codecs_are_read_where_no_file_can_be_opened(decoder: Decoder, codec: str) -> None:
    assert len(decoder.frames(video([(drawing(), 5)], "matroska", codec))) == 1


@pytest.mark.parametrize("read", [Decoder.picture, Decoder.frames])
def test_size_is_checked_before_a_file_is_sent(read: Callable[[Decoder, bytes], object]) -> None:
    decoder = Decoder(Limits(picture_bytes=2**20, video_bytes=2**20))

    for data, reason in ((b"", "is empty"), (bytes(2**20 + 1), "1.0 MB")):
        with pytest.raises(MediaRejected, match=reason):
            read(decoder, data)


def test_a_rejection_says_why_and_stops_nothing(decoder: Decoder) -> None:
    for data in (b"not a picture", RED_PICTURE[:-200]):
        with pytest.raises(MediaRejected, match="damaged"):
            decoder.picture(data)
        with pytest.raises(MediaRejected, match="damaged"):
            decoder.frames(data)

    assert main_colour(decoder.picture(RED_PICTURE)) == "red"


def test_threads_take_turns(decoder: Decoder) -> None:
    names = list(PICTURES) * 10
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda name: decoder.picture(PICTURES[name]), names))

    assert [main_colour(answer) for answer in answers] == names
