"""One decoder process, seen from the worker."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import cache
from typing import IO, TYPE_CHECKING, cast

from shopreco.media.errors import DecoderFailed, DecoderUnavailable, MediaRejected
from shopreco.media.limits import Limits
from shopreco.media.protocol import (
    CHANNELS,
    CUTOUT,
    CUTOUT_CHANNELS,
    FAILED,
    READY,
    REJECTED,
    Message,
    longest_answer,
    read_images,
    read_message,
    write_message,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MODULE = "shopreco.media.process"
STARTING_SECONDS = 60.0  # a busy machine imports slowly
ENDING_SECONDS = 1.0  # between the end of the pipe and that of the process
CRASHES = {signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV} | (
    set() if sys.platform == "win32" else {signal.SIGBUS}
)
# Without it, Windows gives a program neither sockets nor random numbers.
ENVIRONMENT = ("LD_LIBRARY_PATH", "SYSTEMROOT")

logger = logging.getLogger(__name__)


class Child:
    """Starts a decoder process and asks it, one file after the other. Not for several threads.

    It is a program of its own, not a fork: Celery's processes may not have children of
    multiprocessing, and a fork would inherit CUDA. It ends with `close()`, when this object is
    forgotten, and with the worker.
    Raises `DecoderUnavailable`.
    """

    def __init__(self, limits: Limits) -> None:
        self.answered = 0
        self._limits = limits
        self._process = _start(limits)
        self._end = weakref.finalize(self, _end, self._process)
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)
        try:
            with self._within(STARTING_SECONDS, "It took"):
                greeting = read_message(self._answers, longest_payload=0)
        except (MediaRejected, DecoderFailed) as error:
            raise DecoderUnavailable(f"The decoder process does not start. {error}") from error
        if greeting.kind != READY:
            self.close()
            raise DecoderUnavailable(
                "Decoding pictures and videos needs the libraries of the extra `worker`: "
                f"pip install 'shopreco[worker]'. {greeting.text}."
            )
        if greeting.text:
            _warn_once(greeting.text)

    def is_running(self) -> bool:
        """False also in a process that was forked from the one that started it."""
        return self._end.alive and self._process.poll() is None

    def close(self) -> None:
        self._end()

    def ask(self, request: Message) -> list[NDArray[np.uint8]]:
        """The images of one file.

        Raises `MediaRejected`, `DecoderFailed`; the process may have ended then.
        """
        with self._within(self._limits.decoding_seconds, "Decoding took", ": save it smaller"):
            write_message(self._requests, request)
            answer = read_message(self._answers, longest_answer(self._limits))
            refused = answer.kind in {REJECTED, FAILED}
            channels = CUTOUT_CHANNELS if request.kind == CUTOUT else CHANNELS
            images = [] if refused else read_images(answer, self._limits, channels)
        self.answered += 1
        if answer.kind == FAILED:
            error = DecoderFailed(
                f"The file could not be decoded, through no fault of its own: {answer.text}."
            )
            error.add_note(answer.payload.decode())
            raise error
        if refused:
            rejection = MediaRejected(answer.text)
            if answer.payload:
                rejection.add_note(answer.payload.decode())
            raise rejection
        return images

    @contextmanager
    def _within(self, seconds: float, what: str, fix: str = "") -> Iterator[None]:
        """Kill the process if the block takes longer, and say whose fault its end was."""
        late = threading.Event()
        timer = threading.Timer(seconds, self._kill, [late])
        timer.daemon = True
        timer.start()
        lost = False
        try:
            yield
        except (EOFError, OSError, ValueError):
            lost = True
        except BaseException:
            # A time limit of the task, or Ctrl-C: the next file must not get this one's answer.
            self.close()
            raise
        finally:
            timer.cancel()
            timer.join()
        if late.is_set():
            self.close()
            raise MediaRejected(f"{what} longer than {seconds:g} seconds{fix}.")
        if lost:
            raise self._cause_of_death()

    def _kill(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _cause_of_death(self) -> MediaRejected | DecoderFailed:
        """Files make libraries crash; what ends the process otherwise is no file's fault, such as
        a machine without memory."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_SECONDS)
        status = self._process.returncode
        self.close()
        if status is None:
            return MediaRejected(
                "The decoder gave an answer that makes no sense: save the file anew."
            )
        if -status in CRASHES:
            return MediaRejected(
                f"The decoder was ended by {signal.Signals(-status).name}: save the file anew."
            )
        if status < 0:
            return DecoderFailed(f"The decoder was ended by {signal.Signals(-status).name}.")
        return DecoderFailed(f"The decoder ended with status {status}.")


@cache
def _warn_once(warning: str) -> None:
    logger.warning(warning)


def _start(limits: Limits) -> subprocess.Popen[bytes]:
    # Where we import from, and nothing of the environment that could be a secret.
    environment = {
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),  # noqa: PTH109 (a string is wanted)
        "MALLOC_ARENA_MAX": "1",  # arenas count as address space
    }
    environment |= {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    command = [sys.executable, "-P", "-W", "ignore", "-m", MODULE, json.dumps(asdict(limits))]
    try:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the worker, which may want to finish its file
        )
    except OSError as error:
        raise DecoderUnavailable(f"The decoder process does not start: {error}.") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
