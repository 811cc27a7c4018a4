"""Stop signals: note Ctrl-C, SIGTERM and SIGHUP, and obey where stopping is safe."""

from __future__ import annotations

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """A stop signal has come."""


class StopSignals:
    """Notes all stop signals from its construction on.

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
        """Raise `StopRequested` if a signal has come."""
        if self._asked:
            raise StopRequested
