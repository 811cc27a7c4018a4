"""The benchmark of events: `POST events/` beside a bare view that copies the same rows.

Both are served by gunicorn in the same processes, and asked by turns, so that other load on the
machine hits both alike. The bare view parses the JSON and copies its rows into a table that is as
the table of events is: it checks nothing, and takes a repeated event in twice.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from time import perf_counter, sleep
from typing import Any, Final
from uuid import uuid4

import numpy as np
from django.db import connection

from shopreco.behaviour.events import Row, Sending, read_events
from shopreco.behaviour.log import NOTHING, SHARED
from shopreco.catalogues import get_catalogue
from shopreco.db.partitions import make_ahead
from shopreco.evaluation.benchmarks.event_views import BARE
from shopreco.evaluation.scratch.preparation import migrate
from shopreco.evaluation.tables import table
from shopreco.exceptions import ShopRecoError
from shopreco.models import EventSource

WORKERS: Final = 2
CLIENTS: Final = 4
BATCH: Final = 50
TURNS: Final = 10
PATIENCE_SECONDS: Final = 30.0
BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass(frozen=True, slots=True)
class EventBenchmark:
    """Events that were taken in, and the events a second of each turn."""

    events: int
    batch: int
    ours: tuple[float, ...]
    bare: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Events a second, ours to bare: the median of the turns."""
        return float(np.median(np.array(self.ours) / np.array(self.bare)))

    def as_json(self) -> Mapping[str, Any]:
        return asdict(self) | {"ratio": self.ratio}

    def as_text(self) -> str:
        rows = [
            ["bare", f"{np.median(self.bare):,.0f}"],
            ["events/", f"{np.median(self.ours):,.0f}"],
            ["times", f"{self.ratio:.2f}"],
        ]
        return (
            f"{self.events:,} events each, in batches of {self.batch}, {CLIENTS} clients, "
            f"{WORKERS} processes of gunicorn; medians of {len(self.ours)} turns\n"
            + table(["", "events a second"], rows)
        )


class ServerFailed(ShopRecoError):
    """The server of the benchmark did not start; the message has what it wrote."""

    code = "server_failed"


def benchmark_events(batches: int) -> EventBenchmark:
    """Send so many batches to each of both views, by turns."""
    migrate()
    _make_bare_table()
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    with _served() as port:
        for turn in range(TURNS + 1):
            order = ["ours", "bare"] if turn % 2 else ["bare", "ours"]
            for name in order:
                bodies = [_body(bare=name == "bare") for _ in range(batches // TURNS)]
                url = "/bare/" if name == "bare" else "/shopreco/events/"
                seconds = _sent(port, url, bodies)
                if turn:  # the first turn warms up
                    times[name].append(len(bodies) * BATCH / seconds)
    sent = batches // TURNS * TURNS * BATCH
    return EventBenchmark(sent, BATCH, tuple(times["ours"]), tuple(times["bare"]))


def _make_bare_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {BARE}")
        cursor.execute(
            f"CREATE TABLE {BARE} (LIKE shopreco_event INCLUDING ALL) PARTITION BY RANGE (time)"
        )
        cursor.execute(f"CREATE TABLE {BARE}_default PARTITION OF {BARE} DEFAULT")
    make_ahead(connection, BARE, datetime.now(UTC))


def _events() -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    return [
        {
            "uuid": str(uuid4()),
            "name": "view_item",
            "time": (now - timedelta(milliseconds=n)).isoformat(),
            "page": uuid4().hex,
            "items": [{"item_id": str(n), "quantity": 1, "price": 19.9, "position": n}],
            "rec_id": uuid4().hex,
            "placement": "product-similar",
            "sender": "shopreco.js",
        }
        for n in range(BATCH)
    ]


def _body(*, bare: bool) -> bytes:
    events = _events()
    if bare:
        shop = get_catalogue().name
        sending = Sending(shop, EventSource.BROWSER, datetime.now(UTC))
        shared = {name: str(getattr(sending, name)) for name in SHARED}
        events = [
            {
                name: json.dumps(value) if isinstance(value, (dict, list)) else value
                for name, value in (NOTHING | row | shared).items()
            }
            for row in map(_with_time, read_events(events, sending).rows.values())
        ]
    return json.dumps({"events": events, "sent_at": datetime.now(UTC).isoformat()}).encode()


def _with_time(row: Row) -> Row:
    return row | {"time": datetime.fromtimestamp(row["time"], UTC).isoformat()}


def _sent(port: int, url: str, bodies: list[bytes]) -> float:
    """Send all bodies from several clients; return the seconds that it took."""

    def send(mine: list[bytes]) -> None:
        client = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        for body in mine:
            client.request("POST", url, body, {"User-Agent": BROWSER})
            answer = client.getresponse()
            accepted = json.loads(answer.read()).get("accepted")
            if answer.status != 202 or accepted != BATCH:
                raise ServerFailed(f"{url} answered {answer.status}, {accepted} accepted.")
        client.close()

    started = perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(send, [bodies[n::CLIENTS] for n in range(CLIENTS)]))
    return perf_counter() - started


@contextmanager
def _served() -> Iterator[int]:
    """Serve both views from processes of gunicorn; yields the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    module = "django.core.wsgi:get_wsgi_application()"
    options = ["--workers", str(WORKERS), "--bind", f"127.0.0.1:{port}", "--keep-alive", "60"]
    options += ["--log-level", "warning"]
    with subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, "--worker-class", "gthread", module],
        env=os.environ,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            _wait_for(port, server)
            yield port
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen[str]) -> None:
    deadline = perf_counter() + PATIENCE_SECONDS
    while perf_counter() < deadline and server.poll() is None:
        try:
            client = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
            client.request("GET", "/shopreco/health/live")
            if client.getresponse().status == 200:
                return
        except OSError:
            sleep(0.1)
    server.kill()
    raise ServerFailed(f"gunicorn did not start: {(server.stderr.read() if server.stderr else '')}")
