"""Ctrl-C, SIGTERM and SIGHUP as a question that is asked where stopping is safe."""

from __future__ import annotations

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(Exception):
    """Somebody wants the demo to stop."""


class StopSignals:
    """Takes note of signals from its construction on, as many as may come.

    None interrupts a line: a server half started would be left behind, and a second signal would
    stop the stopping.
    """

    def __init__(self) -> None:
        self._asked = False
        for number in SIGNALS:
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked = True

    def check(self) -> None:
        """Raises `StopAsked` once a signal has come."""
        if self._asked:
            raise StopAsked
