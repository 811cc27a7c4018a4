"""Which frames of a video are kept, and which videos are not read."""

from __future__ import annotations

import io
import struct
from fractions import Fraction

import av
import pytest
from PIL import Image

from shopreco.media import Limits, MediaRejected
from shopreco.media.scenes import Shot, choose_shots
from shopreco.media.videos import decode_frames
from tests.helpers.media import BLUE, GREEN, RED, drawing, main_colour, sound, video

LIMITS = Limits()
SCENES = [(drawing(RED), 12), (drawing(GREEN), 60), (drawing(BLUE), 12)]
CONTAINERS = [
    ("mp4", "libx264"),
    ("mp4", "libx265"),
    ("webm", "libvpx-vp9"),
    ("avi", "mpeg4"),
    ("mov", "mjpeg"),
    ("mpegts", "libx264"),
]


def colours(data: bytes, limits: Limits = LIMITS) -> list[str]:
    return [main_colour(image) for image in decode_frames(data, limits)]


def refusal(data: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(MediaRejected) as raised:
        decode_frames(data, limits)
    return str(raised.value)


# Choice


@pytest.mark.parametrize(("format", "codec"), CONTAINERS)
def test_one_frame_of_every_scene_in_order(format: str, codec: str) -> None:
    assert colours(video(SCENES, format, codec)) == ["red", "green", "blue"]


def test_frames_are_spread_over_a_moving_scene() -> None:
    """A picture that turns slowly: no cut, but always another view."""
    scene = drawing(size=(160, 160))
    turning = [(scene.rotate(4 * step), 1) for step in range(60)]

    images = decode_frames(video(turning), Limits(frames=5))

    assert len(images) == 5
    first, last = drawing(size=(160, 160)), scene.rotate(4 * 59)
    assert Shot.of(images[0], 0).difference(Shot.of(first, 0)) < 0.05
    assert Shot.of(images[-1], 0).difference(Shot.of(last, 0)) < 0.05


def test_frames_of_one_plain_colour_are_left_out() -> None:
    black = Image.new("RGB", (160, 120))

    assert colours(video([(black, 10), (drawing(GREEN), 10), (black, 10)])) == ["green"]
    assert len(decode_frames(video([(black, 10)]), LIMITS)) == 1


def test_there_are_no_more_frames_than_wanted() -> None:
    many = [(drawing(colour, seed=seed), 5) for seed in range(4) for colour in (RED, GREEN, BLUE)]

    assert len(decode_frames(video(many), LIMITS)) == LIMITS.frames
    assert len(decode_frames(video(many), Limits(frames=1))) == 1


def test_of_a_long_video_the_key_frames_are_read() -> None:
    """What would take too long to decode whole: here, everything."""
    many_keys = [(drawing(colour, seed=seed), 8) for seed in range(4) for colour in (RED, BLUE)]
    data = video(many_keys, g="8", sc_threshold="0")
    few_keys = video([(drawing(GREEN), 100), (drawing(RED), 100)], g="100", sc_threshold="0")

    assert len(decode_frames(data, LIMITS, whole_pixels=0)) == 8
    few = decode_frames(few_keys, LIMITS, whole_pixels=0)
    assert [main_colour(image) for image in few] == ["green", "red"]


def test_the_same_video_gives_the_same_frames() -> None:
    data = video(SCENES)

    once, again = (decode_frames(data, LIMITS) for _ in range(2))

    assert [image.tobytes() for image in once] == [image.tobytes() for image in again]


def test_chosen_frames_are_in_order_of_time() -> None:
    shots = [Shot.of(drawing(RED, seed=seed), seed) for seed in range(9)]

    chosen = choose_shots(shots[::-1], 4)

    assert [shot.time for shot in chosen] == sorted(shot.time for shot in chosen)
    assert len(chosen) == 4


# Shape


def test_frames_are_small_and_keep_their_shape() -> None:
    (image,) = decode_frames(video([(drawing(size=(1280, 640)), 3)]), LIMITS)

    assert (image.mode, image.size) == ("RGB", (512, 256))


def test_videos_are_turned_as_the_camera_says() -> None:
    lying = drawing()
    lying.paste("black", (0, 0, 40, 40))

    (image,) = decode_frames(video([(lying, 5)], turned=90), LIMITS)

    assert image.size == (120, 160)
    assert sum(image.getpixel((5, 155))) < 60, "the corner that was top left is bottom left"


def shaped(
    pixel: Fraction,
    size: tuple[int, int] = (320, 320),
    format: str = "mp4",
    codec: str = "libx264",
    matrix: tuple[int, int, int, int] | None = None,
) -> bytes:
    """A video whose pixels have this shape, black in its first corner."""
    drawn = Image.new("RGB", size, RED)
    drawn.paste("black", (0, 0, size[0] // 3, size[1] // 3))
    stream = io.BytesIO()
    with av.open(stream, "w", format=format) as container:
        track = container.add_stream(codec, rate=25)
        track.width, track.height = size
        track.pix_fmt = "yuv420p"
        track.codec_context.sample_aspect_ratio = pixel
        if matrix:
            a, b, c, d = (value << 16 for value in matrix)
            track.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        frame = av.VideoFrame.from_image(drawn)
        frame.pts = 0
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return stream.getvalue()


def black_corner(image: Image.Image) -> str:
    right, bottom = image.width - 6, image.height - 6
    corners = {"nw": (5, 5), "ne": (right, 5), "sw": (5, bottom), "se": (right, bottom)}
    (corner,) = (name for name, at in corners.items() if max(image.getpixel(at)) < 60)
    return corner


@pytest.mark.parametrize(
    ("format", "codec"),
    [("mp4", "libx264"), ("matroska", "libx264"), ("avi", "mpeg4"), ("mpegts", "libx264")],
)
def test_pixels_that_are_not_square_are_made_so(format: str, codec: str) -> None:
    (image,) = decode_frames(shaped(Fraction(2), format=format, codec=codec), LIMITS)

    assert image.size == (512, 256)


def test_a_shape_that_the_container_alone_names_is_applied() -> None:
    data = shaped(Fraction(1))
    square, tall = (b"pasp" + struct.pack(">II", *shape) for shape in ((1, 1), (9, 16)))
    assert square in data

    (image,) = decode_frames(data.replace(square, tall), LIMITS)

    assert image.size == (180, 320)


@pytest.mark.parametrize("pixel", [Fraction(1, 500), Fraction(500)])
def test_a_shape_that_no_pixel_has_is_not_believed(pixel: Fraction) -> None:
    (image,) = decode_frames(shaped(pixel), LIMITS)

    assert image.size == (320, 320)


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [
        ((1, 0, 0, 1), "nw"),
        ((-1, 0, 0, 1), "ne"),
        ((1, 0, 0, -1), "sw"),
        ((-1, 0, 0, -1), "se"),
        ((0, 1, -1, 0), "ne"),
        ((0, -1, 1, 0), "sw"),
        ((0, 1, 1, 0), "nw"),
        ((0, -1, -1, 0), "se"),
    ],
)
def test_pixels_are_made_square_before_videos_are_turned_or_mirrored(
    matrix: tuple[int, int, int, int], corner: str
) -> None:
    (image,) = decode_frames(shaped(Fraction(9, 16), matrix=matrix), LIMITS)

    assert image.size == ((180, 320) if matrix[0] else (320, 180))
    assert black_corner(image) == corner


def test_a_tag_in_another_encoding_does_not_refuse_a_video() -> None:
    stream = io.BytesIO(video([(drawing(RED), 3)], title="Stuhl"))
    data = stream.getvalue()
    assert b"Stuhl" in data

    assert colours(data.replace(b"Stuhl", b"St\xfchl")) == ["red"]


# Refusals


def test_size_and_length_are_limited() -> None:
    data = video(SCENES)

    assert "megapixels" in refusal(data, Limits(video_pixels=10_000))
    assert refusal(data, Limits(video_seconds=3)) == (
        "The video lasts 0.1 minutes, more than the 0.1 that are read: upload a shorter one."
    )


def test_sound_alone_is_no_video() -> None:
    assert "no moving picture" in refusal(sound())


def test_codecs_that_no_shop_uses_are_not_read() -> None:
    assert "coded as ffv1" in refusal(video(SCENES, "matroska", "ffv1"))


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"<?xml version='1.0'?><MPD><BaseURL>http://127.0.0.1/</BaseURL></MPD>",
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n",
        b"random text that names no kind",
    ],
)
def test_files_that_name_other_files_are_not_followed(data: bytes) -> None:
    assert "not a video that is read" in refusal(data)


def test_a_damaged_middle_is_left_out() -> None:
    data = bytearray(video(SCENES, "mpegts"))
    for position in range(len(data) // 3, len(data) // 2):
        data[position] ^= 0x55

    assert {"red", "blue"} <= set(colours(bytes(data)))


def test_nothing_but_damage_is_refused() -> None:
    stream = io.BytesIO(video(SCENES, "avi", "mpeg4"))
    with av.open(stream) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(stream.getvalue())
    for position, size in packets:
        data[position : position + size] = bytes(size)

    assert "No frame of the video can be decoded" in refusal(bytes(data))
