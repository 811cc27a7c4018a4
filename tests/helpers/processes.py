"""Programs beside a test, on its databases: Celery workers and others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connections

from devtools.embedded import EmbeddedServers

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Process:
    """A child process of a test, in its own session, with its log in a file."""

    popen: subprocess.Popen[bytes]
    log_path: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def is_running(self) -> bool:
        return self.popen.poll() is None

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is given back."""
        self._signal(signal.SIGKILL)
        self.popen.wait(timeout=30)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for what has not stopped after twenty seconds."""
        if self.is_running():
            self._signal(signal.SIGTERM)
            try:
                self.popen.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()

    def wait_for_log(self, text: str, seconds: float = 60) -> None:
        """Wait until `text` is in the log.

        Raises:
            AssertionError: with the log, when the process ends or the time is over.
        """
        deadline = time.monotonic() + seconds
        while text not in self.log:
            if not self.is_running() or time.monotonic() > deadline:
                raise AssertionError(
                    f"{text!r} is not in the log of process {self.pid}:\n{self.log}"
                )
            time.sleep(0.05)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def environment_of_tests() -> dict[str, str]:
    """The environment of a child process that works on this process's test databases."""
    embedded: EmbeddedServers = settings.EMBEDDED
    changed = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONUNBUFFERED": "1"}
    for variable, alias in (("DATABASE_URL", "default"), ("SHOP_DATABASE_URL", "shop")):
        name = connections[alias].settings_dict["NAME"]
        given = os.environ.get("DATABASE_URL")
        changed[variable] = (
            f"{given.rsplit('/', 1)[0]}/{name}" if given else embedded.database_url(name)
        )
    return os.environ | changed


@contextmanager
def processes_in(directory: Path) -> Iterator[Callable[..., Process]]:
    """Start programs on the test databases: `start("-m", "celery", …)` runs python.

    What still runs at the end is stopped.
    """
    processes: list[Process] = []

    def start(*arguments: str, **environment: str) -> Process:
        log_path = directory / f"process-{len(processes)}.log"
        with log_path.open("wb") as log:
            popen = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=environment_of_tests() | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        processes.append(Process(popen, log_path))
        return processes[-1]

    try:
        yield start
    finally:
        for process in processes:
            process.stop()


def worker_starter(start_process: Callable[..., Process]) -> Callable[..., Process]:
    """Start a real Celery worker: `start_worker(*queues)`, all default queues without names.

    It has connected to the broker when this returns. Keyword arguments are environment variables.
    """

    def start(*queues: str, concurrency: int = 2, **environment: str) -> Process:
        options = ["--pool", "threads", "--concurrency", str(concurrency), "--loglevel", "info"]
        options += ["--without-gossip", "--without-mingle"]
        options += ["--queues", ",".join(queues)] if queues else []
        worker = start_process("-m", "celery", "-A", "demo_shop", "worker", *options, **environment)
        worker.wait_for_log("ready.")
        return worker

    return start
