"""A hundred and more files that nobody should upload. None may stop the decoder."""

from __future__ import annotations

import gzip
import pickle
import random
import struct
import sys
import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from PIL import Image

from shopreco.media import Decoder, MediaRejected
from tests.helpers.media import (
    BLUE,
    GREEN,
    RED,
    drawing,
    encoded,
    main_colour,
    png,
    png_chunk,
    process_of,
    sound,
    video,
)

CUTS = (0.02, 0.2, 0.5, 0.9)
FLIPS = (1, 20, 400)  # changed bytes
random_ = random.Random(20240607)


class Hostile(NamedTuple):
    name: str
    data: bytes
    is_video: bool = False


def good_pictures() -> Iterator[tuple[str, bytes]]:
    image = drawing(size=(300, 200))
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"):
        yield format, encoded(image, format)
    yield "progressive JPEG", encoded(image, "JPEG", progressive=True)
    yield "animated GIF", encoded(image, "GIF", save_all=True, append_images=[drawing(BLUE)])
    yield "compressed TIFF", encoded(image, "TIFF", compression="tiff_adobe_deflate")


def good_videos() -> Iterator[tuple[str, bytes]]:
    scenes = [(drawing(RED), 6), (drawing(BLUE), 6)]
    yield "MP4", video(scenes)
    yield "WebM", video(scenes, "webm", "libvpx-vp9")
    yield "AVI", video(scenes, "avi", "mpeg4")
    yield "MPEG-TS", video(scenes, "mpegts")


def damaged(name: str, data: bytes, is_video: bool) -> Iterator[Hostile]:
    for cut in CUTS:
        yield Hostile(f"{name} cut at {cut:.0%}", data[: int(len(data) * cut)], is_video)
    for flips in FLIPS:
        changed = bytearray(data)
        for _ in range(flips):
            changed[random_.randrange(len(changed))] = random_.randrange(256)
        yield Hostile(f"{name} with {flips} bytes changed", bytes(changed), is_video)


def bombs() -> Iterator[Hostile]:
    nothing = zlib.compress(bytes(10 * 2**20), 9)
    yield Hostile(
        "PNG that declares 4 gigapixels", png(65_535, 65_535, png_chunk(b"IDAT", nothing))
    )
    yield Hostile("PNG of the largest size there is", png(2**31 - 1, 2**31 - 1))
    yield Hostile("PNG of no size", png(0, 0))
    rows = zlib.compress(bytes((7000 * 3 + 1) * 7000))
    yield Hostile("PNG of 49 megapixels in 150 kB", png(7000, 7000, png_chunk(b"IDAT", rows)))
    yield Hostile("PNG with too few rows", png(7000, 7000, png_chunk(b"IDAT", nothing)))
    yield Hostile("PNG with too many rows", png(10, 10, png_chunk(b"IDAT", nothing)))
    text = png_chunk(b"zTXt", b"Comment\x00\x00" + nothing)
    yield Hostile("PNG with 80 compressed comments of 10 MB", png(10, 10, text * 80))
    profile = png_chunk(b"iCCP", b"profile\x00\x00" + nothing)
    yield Hostile("PNG with a profile of 10 MB", png(10, 10, profile, png_chunk(b"IDAT", nothing)))
    yield Hostile("PNG with a chunk of 2 GB", png(10, 10) + b"\x7f\xff\xff\xffIDAT")
    yield Hostile("PNG of ten thousand chunks", png(10, 10, png_chunk(b"IDAT", b"") * 10_000))

    gif = bytearray(encoded(drawing(), "GIF"))
    gif[6:10] = b"\xff\xff\xff\xff"
    yield Hostile("GIF of 65535 x 65535", bytes(gif))
    webp = bytearray(encoded(drawing(), "WEBP"))
    at = webp.index(b"\x9d\x01\x2a") + 3
    webp[at : at + 4] = b"\xff\x3f\xff\x3f"
    yield Hostile("WebP of 16383 x 16383", bytes(webp))
    jpeg = bytearray(encoded(drawing(), "JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = b"\xff\xff\xff\xff"
    yield Hostile("JPEG of 65535 x 65535", bytes(jpeg))
    jpeg[at : at + 4] = struct.pack(">HH", 7000, 7000)
    yield Hostile("JPEG of 49 megapixels without the data", bytes(jpeg))
    for width, height in ((2**31 - 1, 2**31 - 1), (2**31 - 1, 1), (-5, -5), (0, 0)):
        bmp = bytearray(encoded(drawing(), "BMP"))
        bmp[18:26] = struct.pack("<ii", width, height)
        yield Hostile(f"BMP of {width} x {height}", bytes(bmp))
    line = Image.new("L", (1, 40_000))
    yield Hostile("a line of 40000 pixels", encoded(line, "PNG"))

    large = bytearray(video([(drawing(), 3)]))
    at = large.index(b"avc1") + 28
    large[at : at + 4] = b"\xff\xff\xff\xff"
    yield Hostile("MP4 that declares 65535 x 65535", bytes(large), is_video=True)
    huge = [(drawing(size=(4096, 4096)), 1)]
    yield Hostile("MP4 of 4096 x 4096", video(huge), is_video=True)
    slow = video([(drawing(), 5)], frame_rate=Fraction(1, 3600))
    yield Hostile("MP4 of four hours", slow, is_video=True)


def tiff(*directories: tuple[list[tuple[int, int, int, int]], int]) -> bytes:
    """Directories of (tag, type, count, value), each with the offset of the next."""
    data = b"II*\x00" + struct.pack("<I", 8)
    for tags, following in directories:
        data += struct.pack("<H", len(tags))
        data += b"".join(struct.pack("<HHII", *tag) for tag in tags)
        data += struct.pack("<I", following)
    return data


def recursions() -> Iterator[Hostile]:
    size = [(256, 3, 1, 10), (257, 3, 1, 10)]
    yield Hostile("TIFF whose directory follows itself", tiff((size, 8)))
    yield Hostile("TIFF whose EXIF is itself", tiff(([*size, (34665, 4, 1, 8)], 0)))
    yield Hostile("TIFF of 4 gigabytes of tags", tiff(([*size, (273, 4, 2**32 - 1, 8)], 0)))
    yield Hostile("TIFF of 4 gigapixels", tiff(([(256, 4, 1, 2**16), (257, 4, 1, 2**16)], 0)))
    exif = b"Exif\x00\x00" + tiff(([(34665, 4, 1, 8), (40965, 4, 1, 8)], 8))
    yield Hostile("JPEG whose EXIF follows itself", encoded(drawing(), "JPEG", exif=exif))
    box = b""
    for _ in range(5000):
        box = struct.pack(">I", len(box) + 8) + b"moov" + box
    start = struct.pack(">I", 16) + b"ftypisom\x00\x00\x00\x00"
    yield Hostile("MP4 of boxes in boxes", start + box, is_video=True)
    yield Hostile("MP4 in an endless box", start + b"\x00\x00\x00\x00moov" * 999, is_video=True)
    matroska = b"\x1a\x45\xdf\xa3\x01" + b"\xff" * 7
    yield Hostile("Matroska without end", matroska * 1000, is_video=True)
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    yield Hostile("XML that explodes", f"<?xml?><!DOCTYPE x [{laughs}]><svg>&l9;</svg>".encode())


def strangers() -> Iterator[Hostile]:
    contents = {
        "nothing": b"",
        "one byte": b"\xff",
        "zeros": bytes(100_000),
        "noise": random_.randbytes(100_000),
        "text": b"This is not a picture. " * 100,
        "HTML": b"<!doctype html><title>404 Not Found</title>",
        "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
        "a program": Path(sys.executable).resolve().read_bytes()[:100_000],
        "an archive": gzip.compress(bytes(10 * 2**20)),
        "a playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        "a list of files": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        "sound": sound(),
        "a pickle": pickle.dumps(print),
    }
    magics = {
        "JPEG": b"\xff\xd8\xff\xe0",
        "PNG": b"\x89PNG\r\n\x1a\n",
        "GIF": b"GIF89a",
        "WebP": b"RIFF\xff\xff\xff\xffWEBPVP8X",
        "TIFF": b"MM\x00*",
        "BMP": b"BM",
        "AVIF": b"\x00\x00\x00\x1cftypavif",
        "MP4": b"\x00\x00\x00\x20ftypisom",
    }
    for name, data in contents.items():
        for is_video in (False, True):
            yield Hostile(f"{name} as a {'video' if is_video else 'picture'}", data, is_video)
    for name, magic in magics.items():
        noise = magic + random_.randbytes(5000)
        yield Hostile(f"noise that begins like a {name}", noise, is_video=name == "MP4")


def wrong_ones() -> Iterator[Hostile]:
    for name, data in good_pictures():
        yield from damaged(name, data, is_video=False)
        yield Hostile(f"{name} as a video", data, is_video=True)
    for name, data in good_videos():
        yield from damaged(name, data, is_video=True)
        yield Hostile(f"{name} as a picture", data)


@pytest.fixture(scope="module")
def hostile_files() -> dict[str, Hostile]:
    files = [*wrong_ones(), *bombs(), *recursions(), *strangers()]
    named = {file.name: file for file in files}
    assert len(named) == len(files) >= 100
    return named


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as shared:
        yield shared


def peak_memory(process: psutil.Process) -> int:
    """Bytes of memory that a process has used at most since it was born."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def decode(decoder: Decoder, file: Hostile) -> str:
    """The reason if the file is rejected, else nothing."""
    try:
        if file.is_video:
            decoder.frames(file.data)
        else:
            decoder.picture(file.data)
    except MediaRejected as error:
        return str(error) or "without a reason"
    return ""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_hostile_files_are_rejected_or_decoded_and_stop_nothing(
    decoder: Decoder, hostile_files: dict[str, Hostile]
) -> None:
    process = process_of(decoder)

    reasons = {}
    for name, file in hostile_files.items():
        reasons[name] = decode(decoder, file)
        assert process.is_running(), name

    assert "without a reason" not in reasons.values()
    assert main_colour(decoder.picture(encoded(drawing(GREEN), "PNG"))) == "green"
    assert process_of(decoder) == process
    assert peak_memory(process) < decoder.limits.memory / 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("PNG that declares 4 gigapixels", "4,294.8 megapixels"),
        ("GIF of 65535 x 65535", "4,294.8 megapixels"),
        ("JPEG of 65535 x 65535", "4,294.8 megapixels"),
        ("MP4 of 4096 x 4096", "16.8 megapixels"),
        ("MP4 of four hours", "240.0 minutes"),
        ("PDF as a picture", "PDF"),
        ("XML that explodes", "SVG"),
        ("nothing as a video", "empty"),
        ("JPEG cut at 50%", "truncated"),
        ("sound as a video", "no moving picture"),
    ],
)
def test_reasons_are_meant_for_people(
    decoder: Decoder, hostile_files: dict[str, Hostile], name: str, words: str
) -> None:
    assert words in decode(decoder, hostile_files[name])
