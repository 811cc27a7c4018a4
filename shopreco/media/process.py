"""The decoder process: `python -m shopreco.media.process LIMITS`.

It reads files from its standard input and answers on its standard output until the input ends,
which it does when the worker dies. It is born without the worker's environment and its secrets,
and gives up what decoding does not need: once it is ready it can open no file and no connection.
Windows has no such bounds; there it is a process of its own and nothing more.
"""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import IO, TYPE_CHECKING

from shopreco.media.confinement import UNCONFINED, can_confine, confine, end_after
from shopreco.media.damage import is_damage, is_truncation
from shopreco.media.errors import MediaRejected
from shopreco.media.limits import MEBIBYTE, Limits
from shopreco.media.pictures import decode_cutout, decode_picture
from shopreco.media.protocol import (
    CUTOUT,
    FAILED,
    FRAMES,
    PICTURE,
    READY,
    REJECTED,
    UNAVAILABLE,
    Message,
    images_message,
    longest_request,
    read_message,
    write_message,
)
from shopreco.media.videos import decode_frames

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_DETAIL_LENGTH = 200  # characters of a library's own words
AS = {FRAMES: "an MP4 (H.264)"}  # what to save a file as that is not read; else AS_PICTURE
AS_PICTURE = "a JPEG or PNG"
DECODERS: dict[str, Callable[[bytes, Limits], Sequence[Image]]] = {
    PICTURE: lambda data, limits: [decode_picture(data, limits)],
    CUTOUT: lambda data, limits: [decode_cutout(data, limits)],
    FRAMES: decode_frames,
}


def main() -> None:
    limits = Limits(**json.loads(sys.argv[1]))
    # What a library prints must not end up between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # The worker decides when this process ends; a signal to both must not spoil a file.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        load_libraries()
    except ImportError as error:
        write_message(answers, Message(UNAVAILABLE, text=str(error)))
        return
    if confined := can_confine():
        confine(limits)
    write_message(answers, Message(READY, text="" if confined else UNCONFINED))
    serve(sys.stdin.buffer, answers, limits)


def load_libraries() -> None:
    """All that decoding imports, while files can still be opened. Raises `ImportError`."""
    import av
    from PIL import AvifImagePlugin, Image, ImageChops, ImageStat  # noqa: F401 (for scenes.py)

    Image.init()
    Image.MAX_IMAGE_PIXELS = None  # our own limit is lower, and says so in its own words
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    # PyAV imports some of its modules when a file first needs them.
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def serve(requests: IO[bytes], answers: IO[bytes], limits: Limits) -> None:
    """Answer every request with images or a reason, until there are no more."""
    longest = longest_request(limits)
    while True:
        try:
            request = read_message(requests, longest)
        except EOFError:
            return
        # The worker ends a slow process itself. This is for one whose worker is gone.
        with end_after(2 * limits.decoding_seconds):
            answer = answer_to(request, limits)
        write_message(answers, answer)


def answer_to(request: Message, limits: Limits) -> Message:
    try:
        return images_message(DECODERS[request.kind](request.payload, limits))
    except MediaRejected as error:
        reason = str(error)
    except MemoryError:
        reason = (
            f"Decoding the file needs more than {limits.memory // MEBIBYTE} MB of memory: "
            "save it in a smaller size."
        )
    except Exception as error:  # noqa: BLE001 (whatever the libraries raise)
        # In the message: a file that is standard error cannot be written to any more.
        words = traceback.format_exc().encode()
        if not is_damage(error):
            return Message(FAILED, words, f"{type(error).__name__}: {_detail(error)}")
        return Message(REJECTED, words, _reason(error, request.kind))
    return Message(REJECTED, text=reason)


def _reason(error: Exception, kind: str) -> str:
    """A reason for the shop's admin. A library's own words are for programmers."""
    if is_truncation(error):
        return "The file is damaged: it is truncated and lacks a part, so upload it again."
    return f"The file is damaged or of an unusual kind: save it as {AS.get(kind, AS_PICTURE)}."


def _detail(error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return words[:MAX_DETAIL_LENGTH].rstrip(" .,")


if __name__ == "__main__":
    main()
