"""Child processes of the demo: started in their own session, watched, stopped, never orphaned.

Each child is written down with its start time, so that the next run can stop what a killed one
left behind without ever touching a process that only happens to have the same id.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

STOP_SECONDS = 10.0  # a worker may finish its batch; what is killed is claimed again later
LINES_SHOWN = 20


class ChildDiedError(RuntimeError):
    """A child ended by itself; the message has its name, its status and the end of its log."""


class Children:
    """The children of one demo; `directory` holds their register and `logs/`."""

    def __init__(self, directory: Path) -> None:
        self._register = directory / "processes.json"
        self._logs = directory / "logs"
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def stop_leftovers(self) -> list[str]:
        """Stop children of an earlier run that was killed; their names."""
        try:
            entries = json.loads(self._register.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        names = []
        for name, pid, started in reversed(entries):
            try:
                process = psutil.Process(pid)
                if abs(process.create_time() - started) < 1:
                    names.append(name)
                    _stop(process)
            except psutil.NoSuchProcess:
                continue
        self._register.unlink()
        return names

    def start(self, name: str, command: Sequence[str], **environment: str) -> None:
        """Start `command`; its output goes to `logs/<name>.log`, the run before to `.log.1`."""
        self._logs.mkdir(parents=True, exist_ok=True)
        path = self.log(name)
        if path.exists():
            path.replace(path.with_suffix(".log.1"))
        with path.open("wb") as log:
            self._running[name] = subprocess.Popen(
                command,
                env=os.environ | {"PYTHONUNBUFFERED": "1"} | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._write_register()

    def log(self, name: str) -> Path:
        return self._logs / f"{name.replace(' ', '-')}.log"

    def check(self) -> None:
        """Nothing, while every child runs.

        Raises:
            ChildDiedError: for the first that does not.
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
        self._register.unlink(missing_ok=True)

    def _write_register(self) -> None:
        entries = [
            (name, process.pid, psutil.Process(process.pid).create_time())
            for name, process in self._running.items()
        ]
        self._register.write_text(json.dumps(entries), encoding="utf-8")


def _stop(parent: psutil.Process) -> None:
    """SIGTERM to a process, which ends its children itself; SIGKILL to all that remain."""
    try:
        family = [parent, *parent.children(recursive=True)]
        parent.terminate()
    except psutil.NoSuchProcess:
        return
    psutil.wait_procs([parent], timeout=STOP_SECONDS)
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=5)
