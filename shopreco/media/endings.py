"""JPEGs whose end is missing, though every pixel is there. Runs in the decoder process.

A library asks for what follows the last pixel. If the pixels stay the same whatever is put there,
none was missing; of a file that was cut off, the missing ones would change.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

END = b"\xff\xd9"
PROGRESSIVE = re.compile(rb"\xff\xc2..\x08.{4}", re.DOTALL)  # up to the number of components
SCAN = re.compile(rb"\xff\xda..", re.DOTALL)  # the same
WHOLE_BLOCK = 2**64 - 1  # a bit for each coefficient
RESTARTS = 8  # markers that follow each other in a circle
NOISE = b"".join(blake2b(bytes([n])).digest() for n in range(4))
OPPOSITE = bytes(byte ^ 0xFF for byte in NOISE)  # what one bears out by chance, the other does not


def completed(data: bytes, load: Callable[[bytes], Image]) -> Image | None:
    """The picture, if its file lacks nothing but the end. Raises what `load` raises."""
    from PIL import ImageChops

    if not _has_last_scans(data):
        return None
    data = data.rstrip(b"\xff")  # half a marker
    shown = load(data + END)
    for noise in (NOISE, OPPOSITE):
        other = load(data + _after(data, noise.replace(b"\xff", b"\xfe")) + END)
        if other.size != shown.size or ImageChops.difference(shown, other).getbbox():
            return None
    return shown


def _after(data: bytes, noise: bytes) -> bytes:
    """With the markers at which a decoder starts anew where an interval is missing."""
    last = max((match.start() for match in re.finditer(rb"\xff[\xd0-\xd7]", data)), default=-1)
    following = data[last + 1] - 0xD0 + 1 if last >= 0 else 0
    return noise + b"".join(
        bytes([0xFF, 0xD0 + (following + number) % RESTARTS]) + noise for number in range(RESTARTS)
    )


def _has_last_scans(data: bytes) -> bool:
    """A progressive file draws the same pixels ever finer: a cut between two scans shows nowhere
    else. The last scan of a coefficient leaves no bit of it out."""
    frame = PROGRESSIVE.search(data)
    if frame is None:
        return True
    at = frame.end() + 1
    drawn = dict.fromkeys(data[at : at + 3 * data[at - 1] : 3], 0)
    for scan in SCAN.finditer(data):
        at = scan.end() + 1
        bounds = at + 2 * data[at - 1]
        first, last, bits = data[bounds : bounds + 3]
        if bits & 0x0F == 0:
            for component in data[at:bounds:2]:
                drawn[component] |= (1 << last + 1) - (1 << first)
    return all(coefficients == WHOLE_BLOCK for coefficients in drawn.values())
