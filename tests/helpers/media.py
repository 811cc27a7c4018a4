"""Real pictures and videos, made where a test needs them, and the processes that decode them."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterable
from fractions import Fraction

import av
import psutil
from PIL import Image, ImageDraw

from shopreco.media import Decoder

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)
VIDEO_SIZE = (160, 120)
QUICK = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def drawing(
    colour: tuple[int, int, int] = RED, size: tuple[int, int] = VIDEO_SIZE, seed: int = 0
) -> Image.Image:
    """A coloured background with a few boxes on it, other boxes for other seeds."""
    image = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(image)
    random_ = random.Random(seed)
    for _ in range(4):
        x, y = random_.randrange(size[0] // 2), random_.randrange(size[1] // 2)
        draw.rectangle((x, y, x + size[0] // 5, y + size[1] // 5), fill="white")
    return image


def video(
    scenes: Iterable[tuple[Image.Image, int]],
    format: str = "mp4",
    codec: str = "libx264",
    frame_rate: int | Fraction = 25,
    turned: int = 0,
    title: str = "",
    **options: str,
) -> bytes:
    """Each image for so many frames, in one video that plays `turned` degrees anticlockwise."""
    scenes = list(scenes)
    stream = io.BytesIO()
    with av.open(stream, "w", format=format) as container:
        track = container.add_stream(codec, rate=frame_rate, options=QUICK.get(codec, {}) | options)
        track.width, track.height = scenes[0][0].size
        track.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if title:
            container.metadata["title"] = title
        if turned:
            track.set_display_rotation(turned)
        images = (image for image, frames in scenes for _ in range(frames))
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_image(image)
            frame.pts, frame.time_base = index, Fraction(1, frame_rate)
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return stream.getvalue()


def sound() -> bytes:
    """An MP4 without a picture: one second of silence."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate = 44_100
        for index in range(43):
            frame.pts = index * 1024
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return stream.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, colour_type: int = 2) -> bytes:
    """A PNG that declares this size and contains these chunks, whatever they are."""
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + b"".join(chunks)


def main_colour(image: Image.Image) -> str:
    """'red', 'green' or 'blue': the strongest channel of the average."""
    average = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(average, tuple)
    return ("red", "green", "blue")[average.index(max(average))]


def process_of(decoder: Decoder) -> psutil.Process:
    """The process that decodes for `decoder`, which has just started one if it had none."""
    decoder.picture(encoded(drawing(), "PNG"))
    processes = [
        child
        for child in psutil.Process().children()
        if "shopreco.media.process" in child.cmdline()
    ]
    return max(processes, key=psutil.Process.create_time)
