"""Real servers, real workers and an indexed shop for the tests.

Importing this starts nothing. PostgreSQL and the broker start with the first test that uses the
database; workers with the first test that asks for them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connections
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.utils import translation
from pytest_django import DjangoDbBlocker

from devtools.embedded import EmbeddedServers
from shopreco.encoders import create_encoder
from tests.helpers.processes import Process, processes_in, worker_starter
from tests.helpers.servers import remove_abandoned_servers, remove_servers

# Servers


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        remove_abandoned_servers()


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that made the directory takes it away, also for parallel test processes."""
    directory = Path(os.environ.get("SHOPRECO_TEST_DIR", ""))
    owner = directory / "owner"
    if owner.exists() and owner.read_text() == str(os.getpid()):
        remove_servers(directory)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that no process is alone with one at the end."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    seconds: Counter[Path] = Counter()
    for item in items:
        seconds[item.path] += _seconds(item)
    items.sort(key=lambda item: (-seconds[item.path], str(item.path)))


def _seconds(item: pytest.Item) -> float:
    """About how long a test takes, by what it asks for."""
    names = set(getattr(item, "fixturenames", ()))
    if item.get_closest_marker("slow") or names & {"start_process", "chromium"}:
        return 5.0
    mark = item.get_closest_marker("django_db")
    commits = mark is not None and mark.kwargs.get("transaction", False)
    return 0.5 if commits or "transactional_db" in names else 0.05


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
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the copy of the default text encoder that web processes use. All processes of a
    test run share it: an export takes longer than most tests."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    shared = folder / "artefacts"
    with (folder / "artefacts.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        encoder = create_encoder({})
        if not (shared / encoder.fingerprint).exists():
            encoder.export_query_encoder(shared / encoder.fingerprint)
    return shared


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    servers: EmbeddedServers, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """pytest-django's hook before it creates the test databases, of each process its own."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Databases without the rows that migrations write: tests that commit leave none of them, so
    that no test may count on them."""
    with django_db_blocker.unblock():
        for alias in ("default", "shop"):
            # Only those are created that some test of the run asks for.
            if connections[alias].settings_dict["NAME"].startswith(TEST_DATABASE_PREFIX):
                call_command("flush", database=alias, interactive=False, verbosity=0)


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    """As in a process that has not answered yet: it may have kept what a test then rolled back."""
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


# Workers


@pytest.fixture
def start_process(tmp_path: Path, transactional_db: None) -> Iterator[Callable[..., Process]]:
    """`processes_in` a directory of this test."""
    with processes_in(tmp_path) as start:
        yield start


@pytest.fixture
def start_worker(start_process: Callable[..., Process]) -> Callable[..., Process]:
    """`worker_starter`, for one test."""
    return worker_starter(start_process)


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


# The demo's shop. Imported where it is asked for: other settings do not install it.


@pytest.fixture(scope="module")
def _committed_shop(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    from tests.helpers import demo
    from tests.helpers.index import committed

    with demo.unthrottled(), committed(demo.fill, django_db_blocker, demo.CATALOGUE):
        yield


@pytest.fixture
def shop(_committed_shop: None, db: None) -> None:
    """The shop, indexed once for all tests of a module; each test's changes are rolled back."""
    cache.clear()


@pytest.fixture
def live_shop(transactional_db: None) -> Iterator[None]:
    """The shop, indexed for one test, for processes and servers beside it."""
    from tests.helpers import demo

    with demo.unthrottled():
        cache.clear()
        demo.fill()
        demo.index_products()
        yield
