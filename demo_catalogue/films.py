"""Make short videos of drawn products. Runs in processes of its own, so it knows no Django."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import cos, pi, sin

import av
import resvg_py
from PIL import Image

SIZE = 480
SECONDS = 3
FRAMES_PER_SECOND = 20
FADE = 0.3  # of the time that a scene is seen
NEARER = 0.12  # how much larger the product is when the camera is nearest
SWAY = 0.03  # how far the camera goes to each side, in widths of the picture


def film(scenes: Sequence[tuple[str, str]]) -> bytes:
    """Make a square MP4 (H.264) that repeats without a jump.

    The camera moves to and fro past a product, which meanwhile changes through all its scenes. A
    scene is two SVG documents: the background, which stands still, and the product before it."""
    drawn = [(_drawn(behind).convert("RGB"), _drawn(product)) for behind, product in scenes]
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        # One thread each: whoever makes many films makes them in many processes.
        track = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        track.width = track.height = SIZE
        track.pix_fmt = "yuv420p"
        track.options = {"crf": "21", "preset": "fast", "threads": "1"}
        for number, picture in enumerate(_frames(drawn)):
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return file.getvalue()


def _drawn(svg: str) -> Image.Image:
    png = resvg_py.svg_to_bytes(svg_string=svg, width=SIZE, height=SIZE, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


def _frames(scenes: Sequence[tuple[Image.Image, Image.Image]]) -> Iterator[Image.Image]:
    total = SECONDS * FRAMES_PER_SECOND
    for number in range(total):
        time = number / total
        scene, progress = divmod(time * len(scenes), 1)
        picture = _seen(*scenes[int(scene)], time)
        fading = (progress - (1 - FADE)) / FADE
        if len(scenes) > 1 and fading > 0:
            following = scenes[(int(scene) + 1) % len(scenes)]
            picture = Image.blend(picture, _seen(*following, time), fading)
        yield picture


def _seen(behind: Image.Image, product: Image.Image, time: float) -> Image.Image:
    """A scene as the camera sees it at a `time` from 0 to 1."""
    scale = 1 + NEARER * (1 - cos(2 * pi * time)) / 2
    left = SIZE * (0.5 - SWAY * sin(2 * pi * time) - 0.5 / scale)
    top = SIZE * (0.6 - 0.6 / scale)
    window = (1 / scale, 0, left, 0, 1 / scale, top)
    moved = product.transform(
        product.size, Image.Transform.AFFINE, window, Image.Resampling.BILINEAR
    )
    picture = behind.copy()
    picture.paste(moved, mask=moved)
    return picture
