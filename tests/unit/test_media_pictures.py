"""What becomes of a shop's pictures on their way to an encoder."""

from __future__ import annotations

import io

import pytest
from PIL import ExifTags, Image, ImageDraw, features

from shopreco.media import Limits, MediaRejected
from shopreco.media.pictures import decode_picture
from tests.helpers.media import RED, drawing, encoded, png, png_chunk

LIMITS = Limits()


def decode(image: Image.Image, format: str = "PNG", **options: object) -> Image.Image:
    return decode_picture(encoded(image, format, **options), LIMITS)


def colour_at(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    colour = image.getpixel((x, y))
    assert isinstance(colour, tuple)
    return colour


def assert_near(colour: tuple[int, ...], expected: tuple[int, ...], by: int = 8) -> None:
    assert all(abs(a - b) <= by for a, b in zip(colour, expected, strict=True)), colour


# Formats and modes


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_the_usual_formats_are_read(format: str) -> None:
    if format == "AVIF" and not features.check("avif"):
        pytest.skip("this build of Pillow reads no AVIF")

    image = decode(Image.new("RGB", (30, 20), RED), format)

    assert (image.mode, image.size) == ("RGB", (30, 20))
    assert_near(colour_at(image, 15, 10), RED)


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_print_colours_become_screen_colours(format: str) -> None:
    image = decode(Image.new("CMYK", (30, 20), (0, 255, 255, 0)), format)

    assert_near(colour_at(image, 15, 10), (255, 0, 0), by=30)


def test_what_is_transparent_is_white() -> None:
    clear = Image.new("RGBA", (30, 20), (*RED, 0))
    ImageDraw.Draw(clear).rectangle((0, 0, 9, 19), fill=(*RED, 255))

    for image in (clear, clear.convert("LA"), clear.convert("P"), clear.quantize(4)):
        decoded = decode(image)
        assert decoded.mode == "RGB"
        assert_near(colour_at(decoded, 20, 10), (255, 255, 255))
        assert colour_at(decoded, 4, 10) != (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_colour_that_stands_for_transparent_is_white(mode: str) -> None:
    black = 0 if mode == "L" else (0, 0, 0)

    assert colour_at(decode(Image.new(mode, (9, 9)), transparency=black), 4, 4) == (255, 255, 255)


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bits_keep_their_brightness(format: str) -> None:
    image = decode(Image.new("I;16", (30, 20), 0x8000), format)

    assert_near(colour_at(image, 15, 10), (128, 128, 128))


@pytest.mark.parametrize("mode", ["I", "F"])
def test_depths_without_a_white_are_stretched(mode: str) -> None:
    deep = Image.new(mode, (30, 20), 1000)
    deep.paste(250_000, (0, 0, 15, 20))

    image = decode(deep, "TIFF")

    assert_near(colour_at(image, 3, 10), (255, 255, 255))
    assert_near(colour_at(image, 26, 10), (0, 0, 0))


# Size and direction


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_large_pictures_become_small_and_keep_their_shape(format: str) -> None:
    assert decode(drawing(size=(3000, 1500)), format).size == (512, 256)
    assert decode(drawing(size=(40, 4000)), format).size == (5, 512)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_pictures_are_turned_as_the_camera_says(format: str, orientation: int) -> None:
    """The bright corner of the stored picture is where EXIF says that it belongs."""
    corner = {1: "nw", 2: "ne", 3: "se", 4: "sw", 5: "nw", 6: "ne", 7: "se", 8: "sw"}[orientation]
    stored = Image.new("RGB", (60, 40), RED)
    stored.paste("white", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation

    image = decode(stored, format, exif=exif)

    assert image.size == ((60, 40) if orientation < 5 else (40, 60))
    x = 5 if "w" in corner else image.width - 5
    y = 5 if "n" in corner else image.height - 5
    assert_near(colour_at(image, x, y), (255, 255, 255), by=30)


def test_an_orientation_that_does_not_exist_is_ignored() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 77

    assert decode(Image.new("RGB", (60, 40)), "JPEG", exif=exif).size == (60, 40)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", [b"Exif\x00\x00nonsense", b"MM\x00*\x00", b"nonsense"])
def test_damaged_exif_does_not_damage_the_picture(format: str, exif: bytes) -> None:
    assert decode(Image.new("RGB", (60, 40)), format, exif=exif).size == (60, 40)


# Refusals


def refusal(data: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(MediaRejected) as raised:
        decode_picture(data, limits)
    return str(raised.value)


def test_pixels_are_counted_before_they_are_decoded() -> None:
    bomb = png(12_000, 10_000, png_chunk(b"IDAT", b"never read"))

    assert refusal(bomb) == (
        "The picture's 12000 × 10000 pixels are too many: that is 120.0 megapixels, and up to 50.0 "
        "are read, so make it smaller."
    )


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xef\xbb\xbf\n<?xml version='1.0'?>\n<!-- drawn by hand -->\n<SVG/>",
        b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' ''><svg/>",
    ],
)
def test_svg_has_a_reason_of_its_own(data: bytes) -> None:
    assert refusal(data) == "SVG pictures are not read: upload a PNG or JPEG."


def test_relatives_of_pictures_have_reasons_of_their_own() -> None:
    assert "HEIC" in refusal(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
    assert "HEIC" not in refusal(b"\x00\x00\x00\x18ftypmsf1\x00\x00\x00\x00avis")
    assert "PDF" in refusal(b"%PDF-1.7\n")


@pytest.mark.parametrize("format", ["PPM", "ICO", "EPS", "TGA", "PCX", "JPEG2000"])
def test_formats_that_no_shop_uses_are_not_read(format: str) -> None:
    if format == "JPEG2000" and not features.check("jpg_2000"):
        pytest.skip("this build of Pillow writes no JPEG 2000")

    assert "not a picture that is read" in refusal(encoded(drawing(), format))


def test_a_cut_off_picture_is_not_half_read() -> None:
    data = encoded(drawing(size=(400, 400)), "JPEG")

    with pytest.raises(OSError, match="truncated"):
        decode_picture(data[: len(data) // 2], LIMITS)


def test_pillow_does_not_warn(recwarn: pytest.WarningsRecorder) -> None:
    """A hundred megapixels, which Pillow would mention, and metadata that is none."""
    refusal(png(10_000, 10_000))
    damaged = encoded(drawing(), "TIFF")
    broken_exif = encoded(drawing(), "JPEG", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff")

    decode_picture(damaged, LIMITS)
    decode_picture(broken_exif, LIMITS)

    assert list(recwarn) == []


def test_the_limits_are_the_callers() -> None:
    data = encoded(drawing(size=(100, 80)), "PNG")

    assert decode_picture(data, Limits(side=50)).size == (50, 40)
    assert "0.0" in refusal(data, Limits(picture_pixels=7_999))
    assert Image.open(io.BytesIO(data)).size == (100, 80)
