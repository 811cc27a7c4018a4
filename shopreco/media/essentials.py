"""What of a picture's file is the picture. Runs in the decoder process.

Colour profiles, histories, comments and thumbnails are left out before a library reads the file:
whatever their size, and broken or not, they decide nothing. Of EXIF the orientation is taken.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct, error, unpack_from

PNG = b"\x89PNG\r\n\x1a\n"
PNG_PIXELS = {b"IHDR", b"PLTE", b"IDAT"}
PNG_ANIMATION = {b"acTL", b"fcTL", b"fdAT"}
GREY, COLOUR, PALETTE = 0, 2, 3

JPEG = b"\xff\xd8"
JPEG_APPLICATIONS = range(0xE0, 0xF0)
JPEG_COMMENT = 0xFE
JPEG_SCAN, JPEG_END = 0xDA, 0xD9
JPEG_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
JPEG_COLOURS = {0xE0: (b"JFIF\0", 14), 0xEE: (b"Adobe", 12)}  # say which colours the numbers are
EXIF = b"Exif\0\0"

WEBP_SIDE_DATA = 0x20 | 0x08 | 0x04  # flags of VP8X: profile, EXIF, XMP
WEBP_PIXELS = {b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"}

ORIENTATION = 0x0112
LENGTH = Struct(">I")


@dataclass(frozen=True)
class Essentials:
    """`data` is a file that shows the same; `still` one without its animation, where it has one
    that can be taken off. `orientation` is EXIF's; None where the library applies its own."""

    data: bytes
    orientation: int | None = None
    still: bytes = b""


def essentials(data: bytes) -> Essentials:
    """Of what is no picture, or no whole one, as much as there is: the library refuses it."""
    if data.startswith(PNG):
        return _png(data)
    if data.startswith(JPEG):
        return _jpeg(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(data)
    if data[4:8] == b"ftyp":
        # An AVIF turns by properties of its own; a library that trips over its EXIF shows nothing.
        return Essentials(re.sub(rb"(infe.{8})Exif", rb"\1skip", data, flags=re.DOTALL))
    return Essentials(data)


def orientation_of(exif: bytes) -> int:
    """1 to 8; 1, which is upright, where it says none or is broken."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (start,) = unpack_from(order + "I", exif, 4)
        (count,) = unpack_from(order + "H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind = unpack_from(order + "HH", exif, entry)
            if tag == ORIENTATION:
                (value,) = unpack_from(order + {1: "B", 4: "I"}.get(kind, "H"), exif, entry + 8)
                return int(value) if 1 <= value <= 8 else 1
    except error:
        pass
    return 1


# PNG


def _png(data: bytes) -> Essentials:
    chunks, orientation, entries = [], 1, 0
    for kind, body in _png_chunks(data):
        if kind == b"PLTE":
            entries = len(body) // 3
        if kind in PNG_PIXELS or kind in PNG_ANIMATION:
            chunks.append((kind, body))
        elif kind == b"tRNS" and (key := _png_key(data, body, entries)):
            chunks.append((kind, key))
        elif kind == b"eXIf":
            orientation = orientation_of(body)
    still = [chunk for chunk in chunks if chunk[0] not in PNG_ANIMATION]
    return Essentials(
        _png_of(chunks), orientation, _png_of(still) if len(still) < len(chunks) else b""
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Those that are whole, and of the pixels also a last one that is cut off. A checksum decides
    about no pixel: the compressed data have one of their own."""
    start = len(PNG)
    while start + 8 <= len(data):
        (length,) = LENGTH.unpack_from(data, start)
        kind, body = data[start + 4 : start + 8], data[start + 8 : start + 8 + length]
        start += 12 + length
        if kind == b"IEND":
            return
        checksum = data[start - 4 : start]
        if kind in PNG_PIXELS or checksum == LENGTH.pack(zlib.crc32(kind + body)):
            yield kind, body


def _png_of(chunks: list[tuple[bytes, bytes]]) -> bytes:
    return PNG + b"".join(
        LENGTH.pack(len(body)) + kind + body + LENGTH.pack(zlib.crc32(kind + body))
        for kind, body in [*chunks, (b"IEND", b"")]
    )


def _png_key(data: bytes, body: bytes, entries: int) -> bytes:
    """Which values are transparent, on the scale that Pillow gives pixels; nothing where it does
    not fit the picture. Sixteen bits of grey keep their scale."""
    depth, colours = data[24], data[25]
    if colours == PALETTE:
        return body if 0 < len(body) <= entries else b""
    if len(body) != {GREY: 2, COLOUR: 6}.get(colours):
        return b""
    values = [value & ((1 << depth) - 1) for value in unpack_from(f">{len(body) // 2}H", body)]
    if colours == GREY and depth in {2, 4}:
        values = [value * 255 // ((1 << depth) - 1) for value in values]
    if colours == COLOUR and depth == 16:
        values = [value >> 8 for value in values]
    return b"".join(value.to_bytes(2, "big") for value in values)


# JPEG


def _jpeg(data: bytes) -> Essentials:
    """From the first scan on the file stays as it is."""
    parts, orientation = [JPEG], None
    at = len(JPEG)
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker in {0x00, 0xFF} or marker in JPEG_ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in {JPEG_SCAN, JPEG_END}:
            break
        segment = data[at : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")]
        body = segment[4:]
        if marker not in JPEG_APPLICATIONS and marker != JPEG_COMMENT:
            parts.append(segment)
        elif marker in JPEG_COLOURS:
            name, shortest = JPEG_COLOURS[marker]
            parts.append(segment if body.startswith(name) and len(body) >= shortest else b"")
        elif body.startswith(EXIF) and orientation is None:
            orientation = orientation_of(body[len(EXIF) :])
        at += max(len(segment), 2)
    if at < 0:
        at = len(data)
    return Essentials(b"".join(parts) + data[at:], orientation or 1)


# WebP


def _webp(data: bytes) -> Essentials:
    """A whole frame is a picture, also where a later one is cut off."""
    chunks: list[bytes] = []
    size, orientation, start = len(b"WEBP"), None, 12
    while start + 8 <= len(data):
        kind, length = (
            data[start : start + 4],
            int.from_bytes(data[start + 4 : start + 8], "little"),
        )
        body = data[start + 8 : start + 8 + length]
        padded = length + length % 2
        if kind == b"VP8X" and body:
            body = bytes([body[0] & ~WEBP_SIDE_DATA]) + body[1:]
        if kind == b"EXIF":
            orientation = orientation or orientation_of(body.removeprefix(EXIF))
        elif kind in WEBP_PIXELS and not (len(body) < length and kind == b"ANMF" and chunks):
            whole = body.ljust(padded, b"\0") if len(body) == length else body
            chunks.append(kind + length.to_bytes(4, "little") + whole)
            size += 8 + padded
        start += 8 + padded
    return Essentials(
        b"RIFF" + (size % 2**32).to_bytes(4, "little") + b"WEBP" + b"".join(chunks),
        orientation or 1,
    )
