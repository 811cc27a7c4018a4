"""Which frame of an animated picture is taken for it."""

from __future__ import annotations

import pytest
from PIL import Image

from shopreco.media import Limits
from shopreco.media.pictures import decode_picture
from tests.helpers.media import BLUE, GREEN, RED, drawing, encoded, main_colour

LIMITS = Limits()
SIZE = (160, 120)
WHITE = (255, 255, 255)
FORMATS = ["GIF", "WEBP", "PNG", "AVIF"]


def animated(format: str, *frames: Image.Image, **options: object) -> bytes:
    first, *others = (frame if format == "GIF" else frame.convert("RGBA") for frame in frames)
    return encoded(first, format, save_all=True, append_images=others, **options)


def plain(colour: tuple[int, ...] | str) -> Image.Image:
    return Image.new("RGBA", SIZE, colour)


def shown(data: bytes, limits: Limits = LIMITS) -> Image.Image:
    return decode_picture(data, limits)


@pytest.mark.parametrize("format", FORMATS)
def test_the_first_frame_that_shows_something_is_taken(format: str) -> None:
    assert main_colour(shown(animated(format, drawing(GREEN), drawing(RED)))) == "green"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("empty", [(0, 0, 0, 0), (0, 0, 0, 255), (255, 255, 255, 255)])
def test_empty_frames_before_it_are_passed_over(format: str, empty: tuple[int, ...]) -> None:
    other = (*empty[:3], empty[3] // 2)
    frames = plain(empty), plain(other), drawing(GREEN), drawing(RED)

    assert main_colour(shown(animated(format, *frames))) == "green"


@pytest.mark.parametrize("format", FORMATS)
def test_of_plain_frames_the_first_that_can_be_seen_is_taken(format: str) -> None:
    assert main_colour(shown(animated(format, plain(BLUE), plain(RED)))) == "blue"
    assert main_colour(shown(animated(format, plain((0, 0, 0, 0)), plain(BLUE)))) == "blue"


@pytest.mark.parametrize("format", FORMATS)
def test_where_no_frame_shows_anything_the_picture_is_white(format: str) -> None:
    frames = [plain((n, n, n, 0)) for n in range(3)]

    assert shown(animated(format, *frames)).getpixel((80, 60)) == WHITE


def test_looking_for_a_frame_comes_to_an_end() -> None:
    frames = [plain((n, n, n, 255)) for n in range(5)]
    data = animated("WEBP", *frames, drawing(RED), lossless=True)
    few = Limits(animation_pixels=3 * SIZE[0] * SIZE[1])

    assert shown(data).getpixel((9, 9)) != (0,) * 3
    assert shown(data, few).getpixel((9, 9)) == (0,) * 3


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_a_cut_in_a_later_frame_is_none_in_the_first(format: str) -> None:
    data = animated(format, drawing(GREEN), drawing(RED), drawing(BLUE))

    assert main_colour(shown(data[: len(data) * 8 // 10])) == "green"


@pytest.mark.parametrize("kind", [b"acTL", b"fcTL", b"fdAT"])
def test_a_png_whose_animation_is_broken_is_a_picture(kind: bytes) -> None:
    data = animated("PNG", drawing(GREEN), drawing(RED))
    at = data.index(kind)

    assert main_colour(shown(data[: at + 5] + b"\x77" + data[at + 6 :])) == "green"


# GIFs that do not fill their screen


def gif_on_a_larger_screen(*frames: Image.Image, at: tuple[int, int] = (0, 0)) -> bytes:
    data = bytearray(animated("GIF", *frames))
    data[6:10] = b"".join(side.to_bytes(2, "little") for side in (400, 300))
    start = data.index(b"\x2c\x00\x00\x00\x00") + 1
    data[start : start + 4] = b"".join(offset.to_bytes(2, "little") for offset in at)
    return bytes(data)


def test_what_a_gif_does_not_draw_is_white() -> None:
    data = gif_on_a_larger_screen(drawing(RED).quantize(8), at=(100, 50))

    image = shown(data)

    assert image.size == (400, 300)
    assert {image.getpixel(at) for at in ((5, 5), (350, 250), (95, 60), (150, 45))} == {WHITE}
    assert main_colour(image.crop((100, 50, 260, 170))) == "red"


def test_what_the_second_frame_of_a_gif_does_not_draw_is_white() -> None:
    clear = Image.new("P", SIZE)
    data = gif_on_a_larger_screen(clear, drawing(RED).quantize(8))

    image = shown(data)

    assert (image.size, image.getpixel((350, 250))) == ((400, 300), WHITE)
    assert main_colour(image.crop((0, 0, 160, 120))) == "red"
