"""`make demo`: run the whole shop on this machine until Ctrl-C."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import socket
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from tqdm import tqdm

from demo_catalogue import generator
from devtools.embedded import EmbeddedServers
from devtools.processes import ChildDiedError, Children
from devtools.server import EmbeddedServerError
from devtools.stop_signals import StopRequested, StopSignals

HOST = "127.0.0.1"
ADMIN = "admin"
START_SECONDS = 60.0
POLL_SECONDS = 0.25


class Command(BaseCommand):
    help = (
        "Run the demo shop: database, broker, worker, beat and web server, with a catalogue loaded "
        "and indexed. Everything lives in one directory (DEMO_DIR, default .demo) and is kept for "
        "the next run. Ctrl-C stops what was started."
    )
    requires_system_checks: list[str] = []  # they may ask the database, which is not there yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--feed",
            type=Path,
            help="a catalogue that load_catalogue can read, shown instead of the demo's own; it "
            "gets a database of its own, so the demo's is there again without this option",
        )

    def handle(self, *args: Any, port: int, feed: Path | None, **options: Any) -> None:
        self._signals = StopSignals()
        if feed is not None and not feed.is_file():
            raise CommandError(f"FEED: {feed} is not a file.")
        directory: Path = settings.DEMO_DIR
        directory.mkdir(parents=True, exist_ok=True)
        with _only_one(directory / "lock", f"http://{HOST}:{port}/"):
            children = Children(directory)
            for name in children.stop_leftovers():
                self._say(f"Stopped the {name} of a run that was killed.")
            _require_free(port)
            try:
                with self._stopping(children, settings.EMBEDDED):
                    self._start_servers(settings.EMBEDDED, feed)
                    loaded = self._prepare(children, directory, feed)
                    self._start_children(children, port)
                    self._index(children, loaded=loaded)
                    if feed is None:
                        self._simulate_visitors(children, directory)
                    self._announce(directory, port)
                    while True:
                        self._wait(children)
            except (ChildDiedError, EmbeddedServerError) as error:
                raise CommandError(str(error)) from error
            except StopRequested:
                self._say("Stopped. The data is kept.")

    @contextmanager
    def _stopping(self, children: Children, servers: EmbeddedServers) -> Iterator[None]:
        """Stop all children and servers at the end, each even if another does not stop."""
        with ExitStack() as stack:
            stack.callback(servers.stop)
            stack.callback(children.stop)
            stack.callback(connection.close)
            stack.callback(self._say, "Stopping …")
            yield

    def _wait(self, children: Children) -> None:
        """Sleep for a moment, unless a child has died or a signal has come."""
        self._pause()
        children.check()

    def _pause(self) -> None:
        self._signals.check()
        time.sleep(POLL_SECONDS)

    def _say(self, line: str) -> None:
        # The terminal may be gone (SIGHUP): stopping goes on without it.
        with suppress(OSError):
            self.stdout.write(line)
            self.stdout.flush()

    def _start_servers(self, servers: EmbeddedServers, feed: Path | None) -> None:
        given = os.environ.get("DATABASE_URL")
        if given is None:
            self._say("Starting PostgreSQL …")
            servers.postgresql.start()
            self._signals.check()
            name = _database_name(feed)
            servers.postgresql.create_database(name)
            connection.settings_dict["NAME"] = name
            os.environ["DATABASE_URL"] = servers.database_url(name)
        if "CELERY_BROKER_URL" not in os.environ or "CACHE_URL" not in os.environ:
            self._say("Starting Valkey …")
            servers.valkey.start()
        self._signals.check()

    def _prepare(self, children: Children, directory: Path, feed: Path | None) -> bool:
        """Migrate, load and collect what has changed. True if products were loaded."""
        self._say("Migrating …")
        call_command("migrate", interactive=False, verbosity=0)
        self._signals.check()
        state = _State(directory / f"{connection.settings_dict['NAME']}.json")
        version = _version_of([feed.resolve()] if feed else _generator_files())
        loading = state.get("loaded") != version
        if loading:
            self._load(children, feed)
            state.set("loaded", value=version)
        static = _State(directory / "static.json")
        version = _version_of(_static_files())
        if static.get("collected") != version:
            self._say("Collecting static files …")
            call_command("collectstatic", interactive=False, verbosity=0)
            static.set("collected", value=version)
        self._signals.check()
        return loading

    def _load(self, children: Children, feed: Path | None) -> None:
        """Load the catalogue in a child process, which can be stopped at any line."""
        self._say(f"Loading {feed or 'the demo catalogue'} …")
        load = ["load_catalogue", str(feed), "--replace"] if feed else ["load_demo"]
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *load]
        status = children.run("loading", command, self._pause)
        if status and feed is None:
            raise CommandError(f"The catalogue was not loaded: status {status}.")
        # Else the rows that could be read are in the shop, and the others were named.

    def _start_children(self, children: Children, port: int) -> None:
        celery = [sys.executable, "-m", "celery", "-A", "demo_shop"]
        # Threads: a forked child of a process that has used CUDA cannot use it.
        worker = ["worker", "--pool", "threads", "--concurrency", "2", "--loglevel", "INFO"]
        gunicorn = [sys.executable, "-m", "gunicorn", "demo_shop.wsgi", "--no-control-socket"]
        web = ["--bind", f"{HOST}:{port}", "--workers", "2", "--threads", "4"]
        web += ["--access-logfile", "-", "--timeout", "60"]
        children.start("worker", [*celery, *worker])
        children.start("beat", [*celery, "beat", "--loglevel", "INFO"])
        children.start("web server", [*gunicorn, *web])
        deadline = time.monotonic() + START_SECONDS
        while not _answers(f"http://{HOST}:{port}/shopreco/health/live"):
            if time.monotonic() > deadline:
                log = children.log("web server")
                raise CommandError(f"The web server does not answer. Its log: {log}")
            self._wait(children)

    def _index(self, children: Children, *, loaded: bool) -> None:
        """Index catalogues that were loaded or have no index, and wait for interrupted runs."""
        from shopreco import services

        for status in services.status():
            run = status.live_run
            if run is None and (loaded or status.space is None):
                run = services.reindex(status.catalogue)
            self._signals.check()
            if run is not None:
                self._watch(run, children)

    def _simulate_visitors(self, children: Children, directory: Path) -> None:
        """Fill the event log once, so that the blocks that learn have something to learn from."""
        state = _State(directory / f"{connection.settings_dict['NAME']}.json")
        if state.get("simulated"):
            return
        self._say("Simulating visitors …")
        simulate = [sys.executable, str(settings.BASE_DIR / "manage.py"), "simulate_visitors"]
        status = children.run("simulation", simulate, self._pause)
        if status:
            raise CommandError(f"No visitors were simulated: status {status}.")
        state.set("simulated", value=True)

    def _watch(self, run: Any, children: Children) -> None:
        with _Progress(self, f"Indexing {run.catalogue}") as progress:
            while run.is_live:
                self._wait(children)
                run.refresh_from_db()
                progress.show(run.done if run.enumerated else 0, run.total)
        if run.warning:
            self.stderr.write(self.style.WARNING(run.warning))
        if run.error:
            self.stderr.write(self.style.WARNING(f"Indexing failed: {run.error}"))

    def _announce(self, directory: Path, port: int) -> None:
        password = _admin_password(directory / "admin_password")
        self._say("")
        self._say(f"The shop:  http://{HOST}:{port}/")
        self._say(f"Admin:     http://{HOST}:{port}/admin/   user {ADMIN}   password {password}")
        self._say(f"Logs:      {directory / 'logs'}")
        self._say("Ctrl-C stops it.")


class _Progress:
    """Show how far a run is: a bar on a terminal, else a line for every tenth."""

    def __init__(self, command: Command, title: str) -> None:
        self._command, self._title, self._tenth = command, title, -1
        self._bar = tqdm(desc=title, unit=" items", disable=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def show(self, done: int, total: int) -> None:
        if not self._bar.disable:
            self._bar.total = total
            self._bar.update(done - self._bar.n)
        elif total and done * 10 // total > self._tenth:
            self._tenth = done * 10 // total
            self._command._say(f"{self._title}: {done} of {total}")


class _State:
    """Facts about earlier runs, as JSON in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _read(self) -> dict[str, object]:
        try:
            return dict(json.loads(self._path.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError):
            return {}

    def get(self, key: str) -> object:
        return self._read().get(key)

    def set(self, key: str, *, value: object) -> None:
        self._path.write_text(json.dumps(self._read() | {key: value}), encoding="utf-8")


@contextmanager
def _only_one(path: Path, address: str) -> Iterator[None]:
    """Hold the directory's lock, which ends with the process, however that ends."""
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CommandError(
                f"The demo in {path.parent} runs already: {file.read()}. Stop it first, or run "
                "another one beside it with DEMO_DIR=… and another PORT=…"
            ) from None
        file.truncate(0)
        file.write(f"{address}, process {os.getpid()}")
        file.flush()
        yield


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # As the web server does: connections of a run that just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Port {port} cannot be used ({error}). Choose another: make demo PORT={port + 1}"
            ) from None


def _database_name(feed: Path | None) -> str:
    if feed is None:
        return str(connection.settings_dict["NAME"])
    digest = hashlib.sha256(os.fsencode(feed.resolve())).hexdigest()[:8]
    return f"shopreco_{digest}"


def _version_of(files: Iterable[Path]) -> str:
    """A digest that changes when one of the files does."""
    digest = hashlib.sha256()
    for path in files:
        status = path.stat()
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _generator_files() -> list[Path]:
    directory = Path(generator.__file__).parent
    return sorted(path for path in directory.rglob("*") if path.suffix in {".py", ".toml"})


def _static_files() -> Iterator[Path]:
    from django.contrib.staticfiles.finders import get_finders

    for finder in get_finders():
        for name, storage in finder.list([]):
            yield Path(storage.path(name))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 (our own http address)
            return True
    except urllib.error.HTTPError:
        return True  # it answers; what it says is not asked here
    except OSError:
        return False


def _admin_password(path: Path) -> str:
    """Return the password of the user `admin`; creates the user at the first run."""
    users = get_user_model()._default_manager
    user = users.filter(username=ADMIN).first()
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    if user is None:
        if not kept:
            kept = secrets.token_urlsafe(12)
            path.touch(mode=0o600)
            path.write_text(kept, encoding="utf-8")
        users.create_superuser(ADMIN, email="", password=kept)
        return kept
    return kept if kept and user.check_password(kept) else "as you have set it"
