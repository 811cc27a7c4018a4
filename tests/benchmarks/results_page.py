"""How long the demo's page of results takes beside the search that it shows, and how many pages
its web server gives four clients.

    python tests/benchmarks/results_page.py

It first loads and indexes the demo's catalogue, without its pictures, in a new directory, which
takes some minutes. DEMO_DIR names a directory that is kept, such as `.demo` after `make demo`. With
PYTHONPATH of another checkout it measures that one.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from urllib.parse import quote
from urllib.request import urlopen

CATALOGUE = "demo_shop.product"
QUERIES = (
    "desk lamp",
    "keep my feet warm in winter",
    "a gift for someone who loves plants",
    "make coffee while camping",
    "blue jumper",
    "oak chair",
)
ROUNDS = 15
CLIENTS = 4
PAGES = 40
"""Of each client."""
START_SECONDS = 60.0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="shopreco-results-") as directory:
        os.environ.setdefault("DEMO_DIR", directory)
        os.environ["DJANGO_SETTINGS_MODULE"] = "demo_shop.settings"
        import django
        from django.conf import settings

        django.setup()
        logging.disable(logging.WARNING)
        servers = settings.EMBEDDED
        started = [each for each in (servers.postgresql, servers.valkey) if each.start()]
        try:
            servers.postgresql.create_database(settings.DATABASES["default"]["NAME"])
            prepare()
            page, search = one_visitor()
            say(f"page of results {page:.1f} ms, search {search:.1f} ms, {page / search:.2f} times")
            with web_server(settings.DEMO_DIR, settings.BASE_DIR) as address:
                say(f"{pages_a_second(address):.1f} pages a second with {CLIENTS} clients")
        finally:
            for server in started:
                server.stop()


def prepare() -> None:
    """The catalogue in the tables and in the index, unless it is there."""
    from django.core.cache import cache
    from django.core.management import call_command

    from demo_shop.models import Product
    from shopreco import services

    cache.clear()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    if not Product.objects.exists():
        # Only the addresses of pictures and videos are on the page.
        call_command("load_demo", without_media=True, verbosity=0)
        run = services.run_inline(services.reindex(CATALOGUE))
        assert run.state == "done", run.error


def one_visitor() -> tuple[float, float]:
    """Milliseconds of a page and of its search: medians over all queries, asked by turns."""
    from django.test import Client

    from demo_shop.views.listing import PAGE_SIZE
    from shopreco import services

    visitor = Client(SERVER_NAME="127.0.0.1")

    def page(query: str) -> None:
        assert 'class="facet"' in visitor.get(f"/search/?q={quote(query)}").content.decode()

    def search(query: str) -> None:
        found = services.search(query, catalogue=CATALOGUE, limit=PAGE_SIZE, facets=["*"])
        assert found.facets
        assert not found.degraded, found.degraded

    taken: dict[Callable[[str], None], list[float]] = {page: [], search: []}
    for turn in range(ROUNDS + 1):
        for query in QUERIES:
            for ask, times in taken.items():
                began = time.perf_counter()
                ask(query)
                if turn:  # the first is for what a process reads once
                    times.append(1000 * (time.perf_counter() - began))
    return median(taken[page]), median(taken[search])


@contextmanager
def web_server(directory: Path, checkout: Path) -> Iterator[str]:
    """That of the demo, as `manage.py demo` starts it; its address."""
    from devtools.processes import Children

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    children = Children(directory)
    gunicorn = [sys.executable, "-m", "gunicorn", "demo_shop.wsgi", "--no-control-socket"]
    web = ["--bind", f"{host}:{port}", "--workers", "2", "--threads", "4"]
    children.start("web server", [*gunicorn, *web, "--chdir", str(checkout)])
    try:
        yield f"http://{host}:{port}"
    finally:
        children.stop()


def pages_a_second(address: str) -> float:
    wait_for(address)

    def visit(client: int) -> None:
        for place in range(client, client + PAGES):
            fetch(f"{address}/search/?q={quote(QUERIES[place % len(QUERIES)])}")

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(visit, range(CLIENTS)))  # for what each process reads once
        began = time.perf_counter()
        list(clients.map(visit, range(CLIENTS)))
    return CLIENTS * PAGES / (time.perf_counter() - began)


def wait_for(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError):
            return fetch(address)
        time.sleep(0.25)
    raise TimeoutError(f"{address} does not answer")


def fetch(url: str) -> None:
    with urlopen(url, timeout=60) as response:
        response.read()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
