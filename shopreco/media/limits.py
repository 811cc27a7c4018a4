"""How large a file may be, and what decoding one may cost."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """What is read and what is handed on. Whoever fetches a file can compare its size first."""

    picture_bytes: int = 32 * MEBIBYTE
    picture_pixels: int = 50_000_000  # width x height as the file declares them
    animation_pixels: int = 100_000_000  # of all frames that are looked through
    video_bytes: int = 128 * MEBIBYTE
    video_pixels: int = 10_000_000  # of one frame: 4K passes, 8K does not
    video_seconds: float = 600.0  # of playing time
    frames: int = 8  # at most so many of a video are handed on
    side: int = 512  # pixels of the longer side of what is handed on
    decoding_seconds: float = 30.0  # for one file
    memory: int = 1024 * MEBIBYTE  # bytes of address space of the decoder process (on Linux)
    files_per_process: int = 500  # a fresh process after so many
