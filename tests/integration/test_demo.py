"""`python manage.py demo` from outside: what `make demo` runs, with a small catalogue."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
OF_THE_TESTS = {
    "DEMO_DIR",
    "DJANGO_SETTINGS_MODULE",
    "SECRET_KEY",
    "SHOPRECO_TEST_DIR",
    "SHOPRECO_TEST_PROCESS",
}
# A first run exports the encoder for queries; on a machine that does much else that takes minutes.
HANGING_SECONDS = 600
REAL, QUICK = "demo_shop.settings", "tests.settings_demo"
FEED = """\
id,title,description,price,availability,brand,product_type
LAMP-1,Brass desk lamp,A light for reading at night,49.90 EUR,in_stock,Lumo,Home > Lamps
LAMP-2,Paper lantern,A soft light for the bedroom,19.90 EUR,in_stock,Lumo,Home > Lamps
MUG-1,Stoneware mug,Holds a large coffee and keeps it hot,12.00 EUR,in_stock,Tonwerk,Home > Kitchen
"""


class Demo:
    """A running demo, in a session of its own as under a terminal."""

    def __init__(self, directory: Path, port: int, settings: str = QUICK) -> None:
        self.directory, self.port = directory, port
        self.log = directory.with_suffix(f".{time.monotonic_ns()}.log")
        feed = directory.with_suffix(".csv")
        if not feed.exists():
            feed.write_text(FEED, encoding="utf-8")
        environment = {k: v for k, v in os.environ.items() if k not in OF_THE_TESTS}
        with self.log.open("wb") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--port", str(port), "--feed", str(feed)],
                cwd=ROOT,
                env={
                    **environment,
                    "DEMO_DIR": str(directory),
                    "DJANGO_SETTINGS_MODULE": settings,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        self.wait_until_it_says("Ctrl-C stops it.")

    def wait_until_it_says(self, words: str, *, poll_seconds: float = 0.1) -> None:
        deadline = time.monotonic() + HANGING_SECONDS
        while words not in self.output:
            assert self.popen.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(poll_seconds)

    def family(self) -> list[psutil.Process]:
        """Its processes and those of the servers below its directory."""
        mark = str(self.directory)
        others = [
            process
            for process in psutil.process_iter(["cmdline", "cwd"])
            if mark in " ".join([*(process.info["cmdline"] or []), process.info["cwd"] or ""])
        ]
        try:
            return [*psutil.Process(self.popen.pid).children(recursive=True), *others]
        except psutil.NoSuchProcess:
            return others

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        return self.popen.wait(timeout=HANGING_SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def running(processes: list[psutil.Process]) -> list[str]:
    """Names of those that still run; a zombie has ended."""
    _gone, alive = psutil.wait_procs(processes, timeout=10)
    names = []
    for process in alive:
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                names.append(process.name())
        except psutil.NoSuchProcess:
            continue
    return names


@pytest.fixture
def start(server_directory: Path) -> Iterator[Callable[..., Demo]]:
    """Starts a demo in a directory of this file: only its first run has to load and index."""
    started: list[Demo] = []

    def start_demo(
        port: int | None = None, directory: str = "quick", settings: str = QUICK
    ) -> Demo:
        started.append(Demo(server_directory / directory, port or free_port(), settings))
        return started[-1]

    yield start_demo
    for demo in started:
        demo.stop()


@pytest.mark.slow
def test_the_shop_runs_until_it_is_interrupted(start: Callable[..., Demo]) -> None:
    demo = start(directory="real", settings=REAL)
    demo.wait_until_ready()
    family = demo.family()

    with urllib.request.urlopen(f"{demo.address}/search/?q=reading+light") as answer:
        page = answer.read().decode()
        assert "Brass desk lamp" in page
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    (style,) = re.findall(r'href="(/static/[^"]+\.css)"', page)[:1]
    with urllib.request.urlopen(demo.address + style) as answer:
        assert "immutable" in answer.headers["Cache-Control"]

    user, password = re.search(r"user (\S+)\s+password (\S+)", demo.output).groups()
    assert signed_in(demo.address, user, password)

    assert demo.stop(signal.SIGINT) == 0
    assert running(family) == []
    assert demo.family() == []


def signed_in(address: str, user: str, password: str) -> bool:
    cookies = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    url = f"{address}/admin/login/?next=/admin/"
    opener.open(url).close()
    token = next(cookie.value for cookie in cookies if cookie.name == "csrftoken")
    form = {"username": user, "password": password, "csrfmiddlewaretoken": token}
    with opener.open(url, urllib.parse.urlencode(form).encode()) as answer:
        return bool(answer.url == f"{address}/admin/")


@pytest.mark.slow
def test_a_second_run_repeats_no_work_and_keeps_data_and_password(
    start: Callable[..., Demo], server_directory: Path
) -> None:
    kept = server_directory / "real" / "admin_password"
    if not kept.exists():  # this test is run alone
        first = start(directory="real", settings=REAL)
        first.wait_until_ready()
        first.stop()
    password = kept.read_text()

    second = start(directory="real", settings=REAL)
    second.wait_until_ready()
    assert "Loading" not in second.output
    assert "Indexing" not in second.output
    assert password in second.output
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_a_taken_port_and_a_running_demo_are_named(
    start: Callable[..., Demo], server_directory: Path
) -> None:
    demo = start()
    demo.wait_until_ready()

    beside = Demo(server_directory / "beside", demo.port)
    assert beside.popen.wait(timeout=HANGING_SECONDS) == 1
    assert f"Port {demo.port} cannot be used" in beside.output
    assert f"PORT={demo.port + 1}" in beside.output

    again = start()
    assert again.popen.wait(timeout=HANGING_SECONDS) == 1
    assert "runs already" in again.output
    assert f"process {demo.popen.pid}" in again.output
    assert demo.popen.poll() is None


@pytest.mark.slow
def test_a_child_that_dies_is_named_with_its_log_and_all_stop(start: Callable[..., Demo]) -> None:
    demo = start()
    demo.wait_until_ready()
    family = demo.family()
    (worker,) = [
        each
        for each in psutil.Process(demo.popen.pid).children()
        if "worker" in each.cmdline() and "celery" in each.cmdline()
    ]
    worker.kill()
    assert demo.popen.wait(timeout=HANGING_SECONDS) == 1
    assert "The worker ended with status -9" in demo.output
    assert "INFO/MainProcess" in demo.output, "the tail of the worker's log"
    assert running(family) == []


AT_ONCE, MEANWHILE = 0.0, 0.3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "numbers", "gap"),
    [
        ("Starting PostgreSQL", (signal.SIGINT, signal.SIGTERM), AT_ONCE),
        ("Migrating", (signal.SIGTERM, signal.SIGTERM), MEANWHILE),
        ("Loading", (signal.SIGINT, signal.SIGINT), AT_ONCE),
        ("Ctrl-C stops it.", (signal.SIGINT, signal.SIGINT, signal.SIGTERM), MEANWHILE),
        ("Indexing", (signal.SIGTERM, signal.SIGHUP), AT_ONCE),
    ],
)
def test_whatever_arrives_while_it_stops_everything_stops(
    start: Callable[..., Demo],
    server_directory: Path,
    moment: str,
    numbers: tuple[signal.Signals, ...],
    gap: float,
) -> None:
    """Sent to the whole group, as a terminal, `timeout` and supervisors do. One directory: each
    run goes on where the one before was stopped."""
    if moment == "Indexing":  # a feed that has changed is loaded and indexed again
        os.utime(server_directory / "interrupted.csv")
    demo = start(directory="interrupted")
    family: dict[int, psutil.Process] = {}
    demo.wait_until_it_says(moment, poll_seconds=0.02)
    for number in numbers:
        family |= {each.pid: each for each in demo.family()}
        os.killpg(demo.popen.pid, number)
        time.sleep(gap)

    assert demo.popen.wait(timeout=HANGING_SECONDS) == 0
    assert "Traceback" not in demo.output
    assert demo.output.rstrip().endswith("Stopped. The data is kept.")
    assert running(list(family.values())) == []
    assert demo.family() == []


@pytest.mark.slow
def test_what_is_killed_while_it_starts_is_taken_over_or_stopped(
    start: Callable[..., Demo],
) -> None:
    family: dict[int, psutil.Process] = {}
    for moment in ("Starting PostgreSQL", "Loading"):
        demo = start(directory="killed")
        demo.wait_until_it_says(moment, poll_seconds=0.01)
        time.sleep(0.5)
        family |= {each.pid: each for each in demo.family()}
        demo.popen.kill()
        demo.popen.wait()

    demo = start(directory="killed")
    demo.wait_until_ready()
    family |= {each.pid: each for each in demo.family()}
    assert demo.stop() == 0
    assert running(list(family.values())) == []
    assert demo.family() == []


@pytest.mark.slow
def test_what_a_killed_demo_left_is_taken_over(start: Callable[..., Demo]) -> None:
    killed = start()
    killed.wait_until_ready()
    family = killed.family()
    killed.popen.kill()
    killed.popen.wait()

    demo = start(killed.port)
    demo.wait_until_ready()
    assert "of a run that was killed" in demo.output
    remaining = {process.pid for process in family if process.is_running()}
    servers = {each.pid for each in demo.family()}
    assert remaining <= servers
    demo.stop()
    assert running(family) == []
