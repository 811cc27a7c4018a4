"""Process supervision: start, watch and stop the demo's child processes; orphan none.

A mark in the environment of each child is inherited by the children's children. So the next run
finds what a killed run left behind, and never touches a process that merely has the same id.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import psutil

MARK = "SHOPRECO_DEMO_CHILD"
STOP_SECONDS = 10.0  # a worker may finish its batch; what is killed is claimed again later
LINES_SHOWN = 20


class ChildDiedError(RuntimeError):
    """A child ended by itself; the message has its name, its status and the end of its log."""


class Children:
    """The children of one demo; `directory` names them as its own and holds `logs/`."""

    def __init__(self, directory: Path) -> None:
        self._logs = directory / "logs"
        self._owner = f"{directory}:"
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def stop_leftovers(self) -> list[str]:
        """Stop the children of an earlier run that was killed; returns their names."""
        left = self._marked()
        for process in left:
            _stop(process)
        return sorted(set(left.values()))

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start `command` with its output in `logs/<name>.log`; the log before becomes `.log.1`."""
        self._logs.mkdir(parents=True, exist_ok=True)
        path = self.log(name)
        if path.exists():
            path.replace(path.with_suffix(".log.1"))
        with path.open("wb") as log:
            self._popen(name, command, log)

    def run(self, name: str, command: Sequence[str], pause: Callable[[], None]) -> int:
        """Run `command` to its end, on our output; calls `pause` meanwhile, returns the status."""
        process = self._popen(name, command, None)
        while process.poll() is None:
            pause()
        del self._running[name]
        return process.returncode

    def _popen(
        self, name: str, command: Sequence[str], output: IO[bytes] | None
    ) -> subprocess.Popen[bytes]:
        self._running[name] = subprocess.Popen(
            command,
            env=os.environ | {"PYTHONUNBUFFERED": "1", MARK: f"{self._owner}{name}"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            start_new_session=True,  # signals to our group are for us: we stop it in its turn
        )
        return self._running[name]

    def log(self, name: str) -> Path:
        return self._logs / f"{name.replace(' ', '-')}.log"

    def check(self) -> None:
        """Check that every child runs.

        Raises:
            ChildDiedError: one does not.
        """
        for name, process in self._running.items():
            status = process.poll()
            if status is not None:
                lines = self.log(name).read_text(errors="replace").splitlines()[-LINES_SHOWN:]
                first = f"The {name} ended with status {status}. The end of {self.log(name)}:"
                raise ChildDiedError("\n".join([first, *lines]))

    def stop(self) -> None:
        """Stop the children, the last first, and what they have started."""
        for process in reversed(self._running.values()):
            if process.poll() is None:
                _stop(psutil.Process(process.pid))
            process.wait()
        self._running.clear()
        for process in self._marked():
            _kill(process)

    def _marked(self) -> dict[psutil.Process, str]:
        """Find our children and theirs, with the name that each was started under."""
        found = {}
        for process in psutil.process_iter():
            try:
                mark = process.environ().get(MARK, "")
            except (psutil.Error, OSError):  # another user's, or just ended
                continue
            if mark.startswith(self._owner):
                found[process] = mark.removeprefix(self._owner)
        return found


def _stop(process: psutil.Process) -> None:
    """Send SIGTERM to a process, which ends its children, and SIGKILL to all that remain."""
    try:
        family = [process, *process.children(recursive=True)]
        process.terminate()
    except psutil.NoSuchProcess:
        return
    psutil.wait_procs([process], timeout=STOP_SECONDS)
    for each in family:
        _kill(each)


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
        process.wait(timeout=5)
    except (psutil.NoSuchProcess, psutil.TimeoutExpired):
        return
