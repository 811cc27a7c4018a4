"""The ordeal: what a shop and its machines may do to the index, all at once.

Ten writers save in transactions of several statements while two workers index, beside a rebuild,
decisions in the admin, a broker that freezes and a worker that is killed. The same writers do the
same before and after, in processes that do not have shopreco.

    python -m tests.ordeal --seconds 600

starts servers of its own and prints what it found; the exit code is 1 if something is not as it
must be. `tests/integration/test_ordeal.py` is the short form.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import django

from tests.ordeal_admin import Admin
from tests.ordeal_checks import (
    CATALOGUE,
    broker,
    deadlocks,
    durability,
    errors,
    seconds,
    stale_items,
    unfound_items,
)

SESSIONS = "-c lock_timeout=1s -c deadlock_timeout=300ms"
"""Of the shop and of its workers, by libpq's PGOPTIONS. A deadlock is told before it is a mere
timeout."""
MIN_SHARE = 0.75
SETTLING_SECONDS = 120.0

Start = Callable[..., Any]


@dataclass(frozen=True)
class Plan:
    """How long and how large. `processes` times `threads` are the writers."""

    seconds: float = 600
    baseline_seconds: float = 60
    """Without shopreco, before and after."""
    products: int = 200
    brands: int = 25
    categories: int = 25
    processes: int = 10
    threads: int = 1
    sweep_seconds: float = 30


@dataclass
class Phase:
    """What all writers together did."""

    saves: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        return self.saves / self.seconds if self.seconds else 0.0


@dataclass
class Report:
    """Afterwards. `stale` has a sentence for each product that the index does not have as it is."""

    server: Mapping[str, str]
    without: list[Phase]
    with_it: Phase
    decisions: int
    refused_decisions: Counter[str]
    deadlocks: int
    worker_errors: Counter[str]
    rebuild: str
    rebuild_seconds: float
    stale: list[str]
    settled_seconds: float | None
    pending: int
    notes: list[str]

    @property
    def share(self) -> float:
        """Saves a second, of those without shopreco."""
        saves, seconds = (sum(getattr(p, n) for p in self.without) for n in ("saves", "seconds"))
        return self.with_it.rate / (saves / seconds)

    def broken(self) -> list[str]:
        """What must not be, without the share, which a busy machine moves."""
        found = []
        if lost := sum((each.failures for each in self.without), Counter()):
            found.append(f"saves failed without shopreco, so there is nothing to compare: {lost}")
        if self.with_it.failures:
            found.append(f"saves failed with shopreco: {dict(self.with_it.failures)}")
        if self.refused_decisions:
            found.append(f"decisions failed: {dict(self.refused_decisions)}")
        if self.deadlocks:
            found.append(f"PostgreSQL ended {self.deadlocks} deadlocks")
        if self.rebuild != "done":
            found.append(f"the rebuild is {self.rebuild}")
        if self.stale:
            found.append(f"{len(self.stale)} are not at their last version: {self.stale[:5]}")
        elif self.settled_seconds is None:
            found.append(f"{self.pending} changes wait although all is up to date")
        return found

    def as_text(self) -> str:
        server = ", ".join(f"{name} {value}" for name, value in self.server.items())
        lines = [f"server: {server}"]
        for name, phase in (
            ("without, before", self.without[0]),
            ("with", self.with_it),
            ("without, after", self.without[-1]),
        ):
            lines.append(
                f"{name:16} {phase.saves:7} saves in {phase.seconds:6.1f} s = "
                f"{phase.rate:6.1f}/s, longest transaction {phase.longest:.2f} s, "
                f"failures {dict(phase.failures) or 0}"
            )
        settled = "never" if self.settled_seconds is None else f"{self.settled_seconds:.1f}"
        lines += [
            f"share of the saves a second without: {self.share:.2f} (at least {MIN_SHARE})",
            f"decisions {self.decisions}, failed {dict(self.refused_decisions) or 0}",
            f"deadlocks {self.deadlocks}",
            f"errors in the workers' logs {dict(self.worker_errors) or 0}",
            f"rebuild {self.rebuild}, in {self.rebuild_seconds:.0f} s",
            f"not at their last version {len(self.stale)}",
            f"seconds from one sweep until all is current and nothing waits {settled}",
        ]
        return "\n".join([*lines, *self.stale[:20], *self.notes])


class Ordeal:
    """One of them, on the databases of this process, with running servers.

    `start` is `processes_in` a directory; `start_worker` its `worker_starter`.
    """

    def __init__(self, plan: Plan, directory: Path, start: Start, start_worker: Start) -> None:
        self.plan = plan
        self.directory = directory
        self.start = start
        self.start_worker = start_worker
        self.notes: list[str] = []
        self.since = 0.0

    def run(self) -> Report:
        from django.db import connection

        from shopreco import services
        from shopreco.models import Run

        self.fill()
        before = self.phase("before", self.plan.baseline_seconds, with_shopreco=False)
        services.run_inline(services.reindex(CATALOGUE))
        workers = [self.worker(), self.worker()]
        admin = Admin(self.plan.sweep_seconds)
        earlier = deadlocks()
        with admin.at_work():
            during = self.phase(
                "with",
                self.plan.seconds,
                with_shopreco=True,
                meanwhile=lambda passed: self.harm(passed, workers),
            )
        stale, settled, pending = self.settle()
        rebuild = Run.objects.filter(kind="rebuild").order_by("-pk").first()
        for worker in workers:
            worker.stop()
        report = Report(
            server=durability(),
            without=[before, self.phase("after", self.plan.baseline_seconds, with_shopreco=False)],
            with_it=during,
            decisions=admin.decisions,
            refused_decisions=admin.failures,
            deadlocks=deadlocks() - earlier,
            worker_errors=sum((errors(worker.log) for worker in workers), Counter()),
            rebuild=f"{rebuild.state} {rebuild.error}".strip() if rebuild else "missing",
            rebuild_seconds=seconds(rebuild),
            stale=stale,
            settled_seconds=settled,
            pending=pending,
            notes=self.notes,
        )
        connection.close()
        return report

    def fill(self) -> None:
        from demo_shop.models import Brand, Category, Product

        plan, random = self.plan, Random(1)
        brands = Brand.objects.bulk_create(Brand(name=f"Brand {n}") for n in range(plan.brands))
        categories = Category.objects.bulk_create(
            Category(name=f"Shelf {n}", path=f"Home > Shelf {n}", slug_path=f"home/shelf-{n}")
            for n in range(plan.categories)
        )
        products: list[Product] = []
        for n in range(plan.products):
            parent = products[n - 1] if n % 5 == 4 else None
            products.append(
                Product(
                    sku=f"S{n}", slug=f"s{n}", title=f"Lamp {n}", description="A lamp for a desk.",
                    brand=random.choice(brands), price=n, stock=1, parent=parent,
                    attributes={"colour": random.choice(["red", "blue"])},
                )
            )  # fmt: skip
        Product.objects.bulk_create(products)
        between = Product.categories.through
        between.objects.bulk_create(
            between(product=each, category=random.choice(categories)) for each in products
        )

    def worker(self) -> Any:
        return self.start_worker(concurrency=2, PGOPTIONS=SESSIONS)

    def phase(
        self,
        name: str,
        seconds: float,
        *,
        with_shopreco: bool,
        meanwhile: Callable[[float], None] | None = None,
    ) -> Phase:
        """Have all writers write for so long; `meanwhile` is called with the seconds passed."""
        directory = self.directory / name
        directory.mkdir()
        module = "tests.settings" if with_shopreco else "tests.settings_without"
        writers = [
            self.start(
                *("-m", "tests.ordeal_writer", str(directory), f"{name}w{n}"),
                str(self.plan.threads),
                PGOPTIONS=SESSIONS,
                DJANGO_SETTINGS_MODULE=module,
            )
            for n in range(self.plan.processes)
        ]
        for writer in writers:
            writer.wait_for_log("ready", 120)
        (directory / "being-written").write_text(str(seconds))
        (directory / "being-written").rename(directory / "go")
        started = time.monotonic()
        while any(writer.is_running() for writer in writers):
            if meanwhile:
                meanwhile(time.monotonic() - started)
            if time.monotonic() > started + seconds + SETTLING_SECONDS:
                raise AssertionError(f"Writers of {name!r} hang: {writers[0].log}")
            time.sleep(0.05)
        phase = Phase()
        for writer in writers:
            try:
                figures = json.loads(writer.log.splitlines()[-1])
            except ValueError:
                raise AssertionError(f"A writer ended: {writer.log}") from None
            phase.saves += figures["saves"]
            phase.seconds = max(phase.seconds, figures["seconds"])
            phase.longest = max(phase.longest, figures["longest"])
            phase.failures.update(figures["failures"])
        return phase

    def harm(self, passed: float, workers: list[Any]) -> None:
        """What happens when, as shares of the time."""
        from shopreco import services

        share = passed / self.plan.seconds
        lasted = time.monotonic() - self.since
        frozen = min(20.0, 0.1 * self.plan.seconds)
        match len(self.notes):
            case 0 if share > 0.15:
                self.note(passed, "a rebuild began", lambda: services.rebuild(CATALOGUE))
            case 1 if share > 0.35:
                self.note(passed, "the broker froze", lambda: os.kill(broker(), signal.SIGSTOP))
            case 2 if lasted > frozen:
                self.note(passed, "the broker went on", lambda: os.kill(broker(), signal.SIGCONT))
            case 3 if share > 0.6:
                self.note(passed, "a worker was killed", workers[0].kill)
            case 4 if share > 0.65:
                self.note(passed, "another was started", lambda: workers.append(self.worker()))

    def note(self, passed: float, what: str, do: Callable[[], object]) -> None:
        """Do it, and write down when and how long it took."""
        started = time.monotonic()
        do()
        self.since = time.monotonic()
        self.notes.append(f"{passed:.1f} s: {what}, which took {self.since - started:.1f} s")

    def settle(self) -> tuple[list[str], float | None, int]:
        """What is stale after one sweep, after how many seconds nothing was, and what waits."""
        from shopreco import services, tasks

        started = time.monotonic()
        tasks.sweep()
        while True:
            stale = stale_items()
            [status] = [each for each in services.status() if each.catalogue == CATALOGUE]
            if not stale and not status.pending and status.live_run is None:
                stale = unfound_items()
                passed = time.monotonic() - started
                return stale, None if stale else passed, 0
            if time.monotonic() > started + SETTLING_SECONDS:
                return stale, None, status.pending
            time.sleep(0.5)


def main() -> int:
    """Run it on servers of its own."""
    defaults = Plan()
    parser = argparse.ArgumentParser(prog="python -m tests.ordeal", description=__doc__)
    parser.add_argument("--seconds", type=float, default=defaults.seconds)
    parser.add_argument("--baseline-seconds", type=float, default=defaults.baseline_seconds)
    parser.add_argument("--products", type=int, default=defaults.products)
    parser.add_argument(
        "--not-durable",
        action="store_true",
        help="commits do not wait for the disk",
    )
    given = vars(parser.parse_args())
    durable = not given.pop("not_durable")
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from tests.helpers.processes import processes_in, worker_starter
    from tests.helpers.servers import remove_servers

    servers = settings.EMBEDDED
    servers.postgresql.durable = durable
    try:
        servers.postgresql.start()
        servers.valkey.start()
        for alias in ("default", "shop"):
            servers.postgresql.create_database(connections[alias].settings_dict["NAME"])
            call_command("migrate", database=alias, interactive=False, verbosity=0)
        directory = Path(tempfile.mkdtemp(prefix="shopreco-ordeal-"))
        with processes_in(directory) as start:
            report = Ordeal(Plan(**given), directory, start, worker_starter(start)).run()
        sys.stdout.write(f"{report.as_text()}\nlogs: {directory}\n")
    finally:
        with suppress(OSError):
            os.kill(broker(), signal.SIGCONT)
        connections.close_all()
        remove_servers(servers.directory)
    wrong = report.broken()
    if report.share < MIN_SHARE:
        wrong.append(f"the share is {report.share:.2f}")
    sys.stdout.write("\n".join(wrong or ["All as it must be."]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
