"""Whose fault it is when a library fails at a file. Runs in the decoder process."""

from __future__ import annotations

import struct
import zlib

DAMAGE = (
    ArithmeticError,
    EOFError,
    LookupError,
    RuntimeError,
    SyntaxError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for damaged or unusual files, beside `OSError`."""


def is_damage(error: Exception) -> bool:
    """Whether an error says that the file is damaged or of an unusual kind.

    Anything else, such as a `TypeError`, says that the call was wrong: the file may be sound. So
    does a number of the operating system's, for what it refuses is no byte of a file in memory.
    """
    import av

    if isinstance(error, av.error.FFmpegError):
        return not isinstance(error, av.error.OptionNotFoundError | av.error.BugError)
    if isinstance(error, OSError):
        return error.errno is None
    return isinstance(error, DAMAGE)


def is_truncation(error: Exception) -> bool:
    """Whether damage is that the file ends too early, as far as a library says so."""
    return isinstance(error, EOFError) or "truncated" in str(error).lower()
