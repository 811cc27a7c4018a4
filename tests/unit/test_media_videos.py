"""Which frames of a video are kept, and which videos are not read."""

from __future__ import annotations

import io

import av
import pytest
from PIL import Image

from shopreco.media import Limits, MediaRejected, videos
from shopreco.media.scenes import Shot, choose_shots
from shopreco.media.videos import decode_frames
from tests.media import BLUE, GREEN, RED, drawing, main_colour, sound, video

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


def test_of_a_long_video_the_key_frames_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would take too long to decode whole: here, everything."""
    monkeypatch.setattr(videos, "WHOLE_PIXELS", 0)
    many_keys = [(drawing(colour, seed=seed), 8) for seed in range(4) for colour in (RED, BLUE)]
    data = video(many_keys, g="8", sc_threshold="0")
    few_keys = video([(drawing(GREEN), 100), (drawing(RED), 100)], g="100", sc_threshold="0")

    assert len(decode_frames(data, LIMITS)) == 8
    assert colours(few_keys) == ["green", "red"]


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
        "The video lasts 0.1 minutes, more than the 0.1 that are read."
    )


def test_sound_alone_is_no_video() -> None:
    assert refusal(sound()) == "The file has no moving picture, or it is damaged."


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

    assert refusal(bytes(data)) == "No frame of the video can be decoded: it is damaged."
