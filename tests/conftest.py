"""Real servers, a real worker and a real browser for the tests.

Importing this starts nothing. PostgreSQL and the broker start with the first test that uses the
database; workers and the browser with the first test that asks for them.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.utils import translation

from devtools.embedded import EmbeddedServers

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Servers


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _remove_abandoned_servers()


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that made the directory takes it away, also for parallel test processes."""
    directory = Path(os.environ.get("SHOPRECO_TEST_DIR", ""))
    owner = directory / "owner"
    if owner.exists() and owner.read_text() == str(os.getpid()):
        remove_servers(directory)


def remove_servers(directory: Path) -> None:
    servers = EmbeddedServers(directory, durable=False)
    servers.postgresql.stop()
    servers.valkey.stop()
    shutil.rmtree(directory, ignore_errors=True)


def _remove_abandoned_servers() -> None:
    """What test runs left that were killed before they could clean up."""
    for owner in Path(tempfile.gettempdir()).glob("shopreco-tests-*/owner"):
        try:
            abandoned = not psutil.pid_exists(int(owner.read_text()))
        except (OSError, ValueError):  # just being written or removed, or another user's
            continue
        if abandoned:
            remove_servers(owner.parent)


@pytest.fixture(scope="session")
def servers() -> EmbeddedServers:
    """The embedded servers of this test run, running. Those named in the environment are not here:
    tests that stop or restart a server skip when there is nothing of ours to stop."""
    embedded: EmbeddedServers = settings.EMBEDDED
    if "DATABASE_URL" not in os.environ:
        embedded.postgresql.start()
    if "CELERY_BROKER_URL" not in os.environ:
        embedded.valkey.start()
    return embedded


@pytest.fixture(scope="module")
def server_directory() -> Iterator[Path]:
    """A directory for servers that a test starts itself. PostgreSQL's user can reach it, which a
    second test run takes away from pytest's own temporary directories."""
    directory = Path(tempfile.mkdtemp(prefix="shopreco-servers-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    servers: EmbeddedServers, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """pytest-django's hook before it creates the test databases, of each process its own."""


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has not answered yet: it may have kept what a test then rolled back. And
    a busy machine may take longer to read what is kept than an answer waits."""
    from shopreco.db import process_cache, shared_cache
    from shopreco.indexing import modality_vectors

    translation.deactivate()
    if apps.is_installed("demo_shop"):
        from demo_shop import glossary
        from demo_shop.templatetags import shop

        glossary.forget()
        shop.first_level.cache_clear()
    process_cache.clear()
    modality_vectors._pictures.forget(lambda _key: True)
    shared_cache._silent_until.clear()
    monkeypatch.setattr(process_cache, "PATIENCE", 30.0)


# Workers


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


@pytest.fixture
def start_process(tmp_path: Path, transactional_db: None) -> Iterator[Callable[..., Process]]:
    """`processes_in` a directory of this test."""
    with processes_in(tmp_path) as start:
        yield start


@pytest.fixture
def start_worker(start_process: Callable[..., Process]) -> Callable[..., Process]:
    """`worker_starter`, for one test."""
    return worker_starter(start_process)


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


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """`wait_until(condition, seconds=60)`: poll until a callable answers true, else fail."""

    def wait(condition: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"Not within {seconds} seconds: {condition}")
            time.sleep(0.05)

    return wait


# Browser


def _missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing; in CI browser tests have to run.")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Playwright's browser object, for one file: its event loop runs in the thread of the tests,
    where others start one of their own."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright (extra `dev`)")
    if not Path(CHROMIUM).exists():
        _missing(f"{CHROMIUM} (Debian's package `chromium`)")
    with sync_playwright() as playwright:
        # The ORM of the tests is not called from Playwright's event loop.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def browser(chromium: Any) -> Iterator[Any]:
    """A fresh browser profile (Playwright's BrowserContext). Errors on its pages fail the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(45_000)
    errors: list[str] = []

    def note(message: Any) -> None:
        # Pages of Django's admin name no icon, so the browser asks for one that is not there.
        if message.type == "error" and "favicon.ico" not in message.location["url"]:
            errors.append(message.text)

    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("console", note)
    yield context
    context.close()
    assert errors == [], "errors in the browser's console"


@pytest.fixture
def page(browser: Any) -> Any:
    return browser.new_page()


@pytest.fixture(scope="session")
def axe() -> Callable[[Any], list[str]]:
    """`axe(page)`: accessibility violations of the page as it stands, one readable line each."""

    def violations(page: Any) -> list[str]:
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(page).response["violations"]
        return [
            f"{rule['id']}: {rule['help']}: {node['html']}"
            for rule in found
            for node in rule["nodes"]
        ]

    return violations
