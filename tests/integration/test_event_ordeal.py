"""Events under load while the web processes and PostgreSQL are killed: none is lost, none is there
twice. Clients do what the script of the pages does: they send again what they have no answer to."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from uuid import uuid4

import pytest

from devtools.embedded import EmbeddedServers
from tests.helpers.processes import Process, processes_in

pytestmark = pytest.mark.slow

CLIENTS = 3
BATCH = 20
REPEATED = 3
"""Events of a batch that the one before had too, as a page sends them that is left."""
PAUSE_SECONDS = 0.35
"""Between two batches of a client: together they stay below the rate that is allowed."""
ANSWER_SECONDS = 5.0
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Browser:
    """Sends batches one after the other, each until it is answered."""

    port: int
    number: int
    stop: Signal
    told: dict[str, str] = field(default_factory=dict)
    """Names of all events that were answered, by key; of a purchase, by its order."""
    failures: int = 0
    cookie: str = "consent=personal"
    problem: str = ""

    def run(self) -> None:
        last: list[dict[str, object]] = []
        orders = 0
        while not self.stop.is_set() and not self.problem:
            batch = [
                {"uuid": str(uuid4()), "name": "view_item", "items": [{"item_id": "chair"}]}
                for _ in range(BATCH)
            ]
            order = {"name": "purchase", "transaction_id": f"{self.number}-{orders}"}
            orders += 1
            self.send_until_answered([*last[:REPEATED], *batch, order])
            self.told |= {str(event["uuid"]): "view_item" for event in batch}
            self.told[order["transaction_id"]] = "purchase"
            last = batch
            time.sleep(PAUSE_SECONDS)

    def send_until_answered(self, events: list[dict[str, object]]) -> None:
        body = json.dumps({"events": events})
        while True:
            try:
                status, answer = self.post(body)
            except (OSError, HTTPException):
                status, answer = 0, b""
            if status == 202:
                if json.loads(answer)["errors"]:
                    self.problem = answer.decode()
                return
            if status not in {0, 429, 500, 503}:
                self.problem = f"{status}: {answer[:200]!r}"
                return
            self.failures += 1
            time.sleep(0.1)

    def post(self, body: str) -> tuple[int, bytes]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)) as client:
            headers = {"User-Agent": BROWSER, "Cookie": self.cookie}
            client.request("POST", "/shopreco/events/", body, headers)
            response = client.getresponse()
            if given := response.headers["Set-Cookie"]:
                self.cookie = f"consent=personal; {given.split(';')[0]}"
            return response.status, response.read()


@pytest.fixture
def server(server_directory: Path) -> Iterator[EmbeddedServers]:
    """A PostgreSQL of its own, which keeps what it has committed when it is killed."""
    servers = EmbeddedServers(server_directory / "events")
    servers.postgresql.start()
    servers.postgresql.create_database("shop")
    yield servers
    servers.postgresql.stop()


@pytest.fixture
def start_web(server: EmbeddedServers, tmp_path: Path) -> Iterator[Callable[[], Process]]:
    """Start the shop on `start_web.port`, with the tables that it needs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {
        "DATABASE_URL": server.database_url("shop"),
        # That of the demo, which asks its visitors and keeps its connections.
        "DJANGO_SETTINGS_MODULE": "demo_shop.settings",
    }
    with processes_in(tmp_path) as start:
        tables = start("-m", "django", "migrate", "--verbosity", "0", **environment)
        assert tables.popen.wait(timeout=120) == 0, tables.log

        def web() -> Process:
            options = ["--workers", "2", "--worker-class", "gthread", "--bind", f"127.0.0.1:{port}"]
            return start("-m", "gunicorn", *options, "demo_shop.wsgi", **environment)

        web.port = port  # type: ignore[attr-defined]  # where the browsers find it
        yield web


def test_nothing_is_lost_and_nothing_is_there_twice(
    server: EmbeddedServers, start_web: Callable[[], Process]
) -> None:
    stop, web = Signal(), start_web()
    browsers = [Browser(start_web.port, n, stop) for n in range(CLIENTS)]  # type: ignore[attr-defined]  # see above
    threads = [Thread(target=each.run) for each in browsers]
    for thread in threads:
        thread.start()

    def answered() -> int:
        return min(len(each.told) for each in browsers)

    def wait_for_more() -> None:
        """Until every browser had a further batch answered."""
        enough, deadline = answered() + BATCH + 1, time.monotonic() + 60
        while answered() < enough and not any(each.problem for each in browsers):
            assert time.monotonic() < deadline, web.log
            time.sleep(0.05)

    try:
        wait_for_more()
        web.kill()
        web = start_web()
        wait_for_more()
        server.postgresql.restart()
        wait_for_more()
        web.kill()
        server.postgresql.restart()
        web = start_web()
        wait_for_more()
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=60)
    assert [each.problem for each in browsers] == [""] * CLIENTS
    assert all(each.failures for each in browsers), "nobody noticed"

    told = {key: name for each in browsers for key, name in each.told.items()}
    with server.postgresql.connect("shop") as connection:
        kept = connection.execute(
            "SELECT COALESCE(NULLIF(transaction_id, ''), uuid::text), name FROM shopreco_event"
        ).fetchall()
        keys = connection.execute("SELECT count(*) FROM shopreco_eventkey").fetchone()
        nobodys = connection.execute(
            "SELECT count(*) FROM shopreco_event WHERE visitor_id IS NULL"
        ).fetchone()
    assert len(kept) == len(told)
    assert dict(kept) == told
    assert (keys, nobodys) == ((len(told),), (0,))
