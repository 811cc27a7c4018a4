"""What the worker and its decoder process say to each other, over pipes.

A message is a length (4 bytes, big-endian), so many bytes of JSON, and the bytes that the JSON
announces. Nothing is pickled, and neither side believes the other's sizes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from shopreco.media.limits import Limits

# Requests
PICTURE = "picture"
CUTOUT = "cutout"
FRAMES = "frames"
# Answers
READY = "ready"
UNAVAILABLE = "unavailable"
REJECTED = "rejected"
FAILED = "failed"
IMAGES = "images"

MAX_HEADER_BYTES = 2**16
CHANNELS = 3
CUTOUT_CHANNELS = 4


@dataclass(frozen=True)
class Message:
    """`text` is a reason; `sizes` are the (width, height) of the images in `payload`: RGBA if a
    cutout was asked for, else RGB. Of a reason it holds the traceback."""

    kind: str
    payload: bytes = b""
    text: str = ""
    sizes: tuple[tuple[int, int], ...] = ()


def write_message(stream: IO[bytes], message: Message) -> None:
    header = {
        "kind": message.kind,
        "text": message.text,
        "sizes": message.sizes,
        "bytes": len(message.payload),
    }
    encoded = json.dumps(header).encode()
    stream.write(len(encoded).to_bytes(4, "big") + encoded)
    stream.write(message.payload)
    stream.flush()


def read_message(stream: IO[bytes], longest_payload: int) -> Message:
    """The next message. Raises `EOFError` at the end, `ValueError` for what is no message."""
    header_length = int.from_bytes(_read(stream, 4), "big")
    if header_length > MAX_HEADER_BYTES:
        raise ValueError(f"a header of {header_length} bytes")
    header = json.loads(_read(stream, header_length))
    try:
        payload_length = int(header["bytes"])
        kind, text = str(header["kind"]), str(header["text"])
        sizes = tuple((int(width), int(height)) for width, height in header["sizes"])
    except (KeyError, TypeError) as error:
        raise ValueError("a header without its parts") from error
    if not 0 <= payload_length <= longest_payload:
        raise ValueError(f"a payload of {payload_length} bytes")
    return Message(kind, _read(stream, payload_length), text, sizes)


def images_message(images: Sequence[Image]) -> Message:
    """`images` must all be RGB, or all RGBA."""
    return Message(
        IMAGES,
        payload=b"".join(image.tobytes() for image in images),
        sizes=tuple(image.size for image in images),
    )


def read_images(
    message: Message, limits: Limits, channels: int = CHANNELS
) -> list[NDArray[np.uint8]]:
    """The images of an answer, (height, width, channels) each.

    Raises `ValueError` if they are not within `limits`.
    """
    import numpy as np  # not in the decoder process, where its threads count as address space

    lengths = [width * height * channels for width, height in message.sizes]
    if (
        message.kind != IMAGES
        or not 1 <= len(lengths) <= limits.frames
        or not all(1 <= side <= limits.side for size in message.sizes for side in size)
        or sum(lengths) != len(message.payload)
    ):
        raise ValueError("an answer without images, or with others than asked for")
    images = []
    start = 0
    for (width, height), length in zip(message.sizes, lengths, strict=True):
        pixels = np.frombuffer(message.payload, np.uint8, length, start)
        images.append(pixels.reshape(height, width, channels))
        start += length
    return images


def longest_answer(limits: Limits) -> int:
    """Bytes of as many images as there may be, each as large as may be."""
    return max(limits.frames, 1) * limits.side**2 * CUTOUT_CHANNELS


def longest_request(limits: Limits) -> int:
    return max(limits.picture_bytes, limits.video_bytes)


def _read(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError("the other side has ended")
    return data
