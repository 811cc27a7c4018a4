"""Pulled plugs, on real servers: afterwards every item is indexed at its last version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connections

from devtools.embedded import EmbeddedServers
from shopreco import services, tasks
from shopreco.indexing.marks import pending
from shopreco.models import (
    Change,
    Embedding,
    Item,
    LexicalEntry,
    Outcome,
    Run,
    RunState,
)
from tests.helpers.outbox import waiting
from tests.testapp.models import Gadget

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

GADGET = "testapp.gadget"
NUMBER = 60
SMALL_BATCHES = {"SHOPRECO_TEST_BATCH_SIZE": "10"}

Start = Callable[..., Any]
Wait = Callable[..., None]


@pytest.fixture(autouse=True)
def slow_encoder(settings: Any) -> None:
    """Runs begun here build their space with it; workers read that from the space."""
    settings.SHOPRECO = {
        **settings.SHOPRECO,
        "TEXT_ENCODER": {"CLASS": "tests.testapp.encoders.SlowEncoder"},
    }


@pytest.fixture
def gadgets() -> list[Gadget]:
    return Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(NUMBER)])


def indexed() -> int:
    return Item.objects.filter(catalogue=GADGET, outcome=Outcome.INDEXED).count()


def under_way() -> bool:
    return 0 < indexed() < NUMBER


def sweep_until(wait_until: Wait, condition: Callable[[], object]) -> None:
    """What beat does every half minute, without the waiting."""

    def swept() -> object:
        tasks.sweep()
        return condition()

    wait_until(swept, 90)


def assert_everything_is_indexed_once() -> None:
    names = dict(Gadget.objects.values_list("pk", "name"))
    titles = Item.objects.filter(catalogue=GADGET, outcome=Outcome.INDEXED)
    assert dict(titles.values_list("object_id", "title")) == {
        str(pk): name for pk, name in names.items()
    }
    assert Embedding.objects.count() == LexicalEntry.objects.count() == len(names)
    assert not waiting()


def is_done(run: Run) -> bool:
    return Run.objects.get(pk=run.pk).state == RunState.DONE


def test_a_worker_killed_in_mid_run(
    gadgets: list[Gadget], start_worker: Start, wait_until: Wait
) -> None:
    worker = start_worker(concurrency=1, **SMALL_BATCHES)
    run = services.reindex(GADGET)
    wait_until(under_way)
    worker.kill()
    assert under_way()
    assert Run.objects.get(pk=run.pk).state == RunState.RUNNING
    start_worker(concurrency=1, **SMALL_BATCHES)
    sweep_until(wait_until, lambda: is_done(run))
    assert_everything_is_indexed_once()


def test_the_broker_down_during_saves(
    servers: EmbeddedServers, start_worker: Start, wait_until: Wait
) -> None:
    worker = start_worker()
    run = services.reindex(GADGET)
    wait_until(lambda: is_done(run))
    worker.stop()
    servers.valkey.stop()
    try:
        saved = [Gadget.objects.create(name=f"unheard {n}") for n in range(3)]
    finally:
        servers.valkey.start()
    assert pending(GADGET) == len(saved)
    start_worker()
    sweep_until(wait_until, lambda: not waiting())
    assert_everything_is_indexed_once()


def test_postgresql_restarted_in_mid_run(
    gadgets: list[Gadget], servers: EmbeddedServers, start_worker: Start, wait_until: Wait
) -> None:
    start_worker(concurrency=1, **SMALL_BATCHES)
    run = services.reindex(GADGET)
    wait_until(under_way)
    servers.postgresql.restart()
    connections.close_all()

    def done() -> bool:
        try:
            tasks.sweep()
            return is_done(run)
        except OperationalError:
            connections.close_all()
            return False

    wait_until(done, 90)
    assert_everything_is_indexed_once()


def test_two_workers_share_a_catalogue(
    gadgets: list[Gadget], start_worker: Start, wait_until: Wait
) -> None:
    start_worker(concurrency=2, **SMALL_BATCHES)
    start_worker(concurrency=2, **SMALL_BATCHES)
    run = services.reindex(GADGET)
    for _ in range(3):
        tasks.send("advance_run", run.pk)
    wait_until(lambda: is_done(run), 90)
    assert_everything_is_indexed_once()
    assert Run.objects.get(pk=run.pk).encoded == NUMBER, "nothing was encoded twice"


def test_saves_while_their_items_are_being_encoded(
    gadgets: list[Gadget], start_worker: Start, wait_until: Wait
) -> None:
    start_worker(concurrency=2, **SMALL_BATCHES)
    run = services.reindex(GADGET)
    wait_until(under_way)
    for round_ in range(3):
        for gadget in gadgets[::4]:
            gadget.name = f"saved {round_} {gadget.name[-8:]}"
            gadget.save()
    sweep_until(wait_until, lambda: is_done(run) and not waiting())
    assert_everything_is_indexed_once()


def test_an_item_that_kills_its_worker_is_given_up_alone(
    gadgets: list[Gadget], settings: Any
) -> None:
    """Claims that were never settled, as three dead workers leave them."""
    services.run_inline(services.reindex(GADGET))
    gadgets[0].name = "deadly"
    gadgets[0].save()
    assert waiting()
    Change.objects.update(attempts=settings.SHOPRECO.get("MAX_ATTEMPTS", 3))
    gadgets[1].save()
    tasks.drain(GADGET, is_due=True)
    deadly = Item.objects.get(object_id=str(gadgets[0].pk))
    assert (deadly.outcome, deadly.failures) == (Outcome.INDEXED, 1), "its last good state stays"
    assert deadly.retry_at is None, "what kills workers is not tried again by itself"
    assert deadly.reason.startswith("Workers died 3 times")
    assert Item.objects.get(object_id=str(gadgets[1].pk)).outcome == Outcome.INDEXED
    assert not waiting()
