"""Workers beside runs, people and each other: nothing is lost, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.indexing import marks, pipeline, reindex
from shopreco.indexing.pipeline import index_batch
from shopreco.models import (
    Change,
    Edge,
    EdgeState,
    Embedding,
    Item,
    LexicalEntry,
    Node,
    Outcome,
    RelationType,
    RunState,
)
from shopreco.runs import engine
from shopreco.runs.slices import TimeSlice, row
from shopreco.text import term_id
from tests.helpers.answers import found
from tests.helpers.index import GADGET, index
from tests.helpers.locks import paused_writers, wait_for_locks
from tests.helpers.outbox import waiting
from tests.helpers.processes import Process
from tests.helpers.threads import in_thread
from tests.testapp.encoders import InterruptedEncoder
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

SMALLER = {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 64}
INTERRUPTED = {"CLASS": "tests.testapp.encoders.InterruptedEncoder"}


@pytest.fixture(autouse=True)
def long_lease(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "LEASE_SECONDS": 300}


def link(a: Gadget, b: Gadget) -> Edge:
    """Two indexed gadgets that go together, so each is told of the other."""
    node = {each.key: each for each in Node.objects.filter(kind="item")}
    words = {"meaning": "complement", "label": "goes with", "symmetric": True}
    goes_with, _new = RelationType.objects.get_or_create(code="complements", defaults=words)
    edge, _marked = services.add_edge(node[str(a.pk)], goes_with, node[str(b.pk)])
    return edge


# A space that begins or changes


def test_a_rebuild_has_what_a_worker_was_indexing_when_it_began(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": INTERRUPTED}
    Gadget.objects.create(name="old lamp")
    index()
    gadget = Gadget.objects.create(name="brass lamp")
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": SMALLER}
    catalogue, started = get_catalogue(GADGET), []

    def begin() -> None:
        if not started:
            started.append(reindex.start(catalogue, rebuild=True))
            row(started[0]).update(state=RunState.RUNNING)
            reindex.enumerate_objects(started[0], catalogue, TimeSlice(started[0], seconds=60))

    with InterruptedEncoder.interrupted_by(begin):
        index_batch(catalogue)
    run = services.run_inline(started[0])
    assert run.state == RunState.DONE
    item = Item.objects.get(object_id=str(gadget.pk))
    assert Embedding.objects.filter(space=run.space, item=item).exists()
    assert LexicalEntry.objects.filter(space=run.space, item=item).exists()
    assert found("brass lamp")[0] == "brass lamp"


def test_a_roll_back_has_what_a_worker_was_indexing_when_it_began(settings: Any) -> None:
    gadget = Gadget.objects.create(name="old lamp")
    first = index().space
    assert first is not None
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": INTERRUPTED}
    catalogue = get_catalogue(GADGET)
    index(rebuild=True)
    gadget.name = "renamed candelabra"
    gadget.save()
    started: list[Any] = []

    def roll_back() -> None:
        if not started:
            first.refresh_from_db()
            run = services.activate(first)
            assert run is not None
            started.append(run)
            row(run).update(state=RunState.RUNNING)
            reindex.enumerate_objects(run, catalogue, TimeSlice(run, seconds=60))

    with InterruptedEncoder.interrupted_by(roll_back):
        index_batch(catalogue)
    services.run_inline(started[0])
    assert not waiting()
    assert found("candelabra") == ["renamed candelabra"]


def test_a_roll_back_during_a_run_has_what_that_run_had_finished(settings: Any) -> None:
    gadgets = Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(4)])
    first = index().space
    assert first is not None
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": SMALLER}
    index(rebuild=True)
    Gadget.objects.filter(pk__in=[g.pk for g in gadgets]).update(name="candelabra")
    settings.SHOPRECO = {**settings.SHOPRECO, "BATCH_SIZE": 2}
    run = reindex.start(get_catalogue(GADGET))

    def roll_back(run: Any) -> None:
        if run.linked and run.done and not rolled_back:
            rolled_back.append(services.activate(first))

    rolled_back: list[Any] = []
    run = services.run_inline(run, roll_back)
    assert rolled_back == [None], "the run that is under way does it"
    assert run.state == RunState.DONE
    first.refresh_from_db()
    assert LexicalEntry.objects.filter(space=first).count() == 4
    assert sorted(found("candelabra")) == ["candelabra"] * 4


# What comes up meanwhile


def test_what_is_saved_while_a_worker_begins_on_it_is_claimable_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gadget = Gadget.objects.create(name="lamp")
    index()
    gadget.name = "candelabra"
    gadget.save()
    catalogue = get_catalogue(GADGET)

    def save_beside(obj: Gadget) -> str:
        Gadget.objects.get().save()
        marks.collect(catalogue)
        return obj.name

    monkeypatch.setattr(catalogue, "prepare_title", save_beside, raising=False)
    index_batch(catalogue)
    change = Change.objects.get()
    assert (change.claim, change.lease_until) == (None, None)
    assert pipeline.waiting(catalogue)


def test_what_a_worker_passes_over_is_given_back_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Gadget.objects.create(name="lamp")
    index()
    Gadget.objects.get().save()
    held = threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Change.objects.select_for_update().get()
            held.set()
            # Until it is passed over, and nothing is left but to give it back.
            wait_for_locks()

    def passed_over(obj: Gadget) -> str:
        beside.append(in_thread(hold))
        held.wait(10)
        return obj.name

    beside: list[Any] = []
    monkeypatch.setattr(get_catalogue(GADGET), "prepare_title", passed_over, raising=False)
    index_batch(get_catalogue(GADGET))
    beside[0].result(timeout=30)
    assert Change.objects.get().lease_until is None


# Locks


def test_workers_that_count_the_same_words_do_not_deadlock() -> None:
    """One removes and writes, which moves the counts of two words; the other wants both."""
    words = sorted(("qwertz", "asdfgh", "yxcvbn", "plokij", "uhbzgv"), key=term_id)
    first, last = words[0], words[-1]
    a, b, c = (Gadget.objects.create(name=name) for name in (last, "zeppelin", "yacht"))
    index()
    a.retired = True
    a.save()
    b.name = first
    b.save()
    with paused_writers("shopreco_lexiconterm") as go_on:
        worker = in_thread(lambda: index_batch(get_catalogue(GADGET)).claimed)
        wait_for_locks()
        c.name = f"{first} {last}"
        c.save()
        other = in_thread(lambda: index_batch(get_catalogue(GADGET)).claimed)
        wait_for_locks(2)
        go_on()
        assert (worker.result(timeout=30), other.result(timeout=30)) == (2, 1)
    assert not waiting()
    assert Item.objects.filter(outcome=Outcome.INDEXED).count() == 2


def test_a_decision_in_the_admin_and_a_worker_at_the_same_item_do_not_deadlock() -> None:
    a, b = Gadget.objects.create(name="oak desk"), Gadget.objects.create(name="brass lamp")
    index()
    edge = link(a, b)
    with paused_writers("shopreco_edge") as go_on:
        person = in_thread(lambda: services.decide_edges([edge], EdgeState.REJECTED))
        wait_for_locks()
        worker = in_thread(lambda: index_batch(get_catalogue(GADGET)).claimed)
        wait_for_locks(2)
        go_on()
        assert (person.result(timeout=30), worker.result(timeout=30)) == (2, 2)
    edge.refresh_from_db()
    assert edge.state == EdgeState.REJECTED
    assert waiting() == {str(a.pk), str(b.pk)}


# A shop that never rests


def test_a_run_ends_though_its_objects_are_saved_as_fast_as_they_are_indexed(
    settings: Any,
) -> None:
    gadgets = [Gadget.objects.create(name=f"lamp {n}") for n in range(4)]
    index()
    for a, b in pairwise(gadgets):
        link(a, b)
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": INTERRUPTED}

    def save_all() -> None:
        for gadget in Gadget.objects.all():
            gadget.name += " new"
            gadget.save()

    run = reindex.start(get_catalogue(GADGET), rebuild=True)
    with InterruptedEncoder.interrupted_by(save_all):
        engine.advance(run, seconds=20)
    assert run.state == RunState.DONE
    assert len(waiting()) == 4, "what was saved last waits for whoever comes next"


def test_a_worker_loads_the_model_when_it_starts(start_worker: Callable[..., Process]) -> None:
    """And not at the first save, which would wait for it."""
    Gadget.objects.create(name="lamp")
    index()
    start_worker().wait_for_log(f"ready for texts of {GADGET}")
