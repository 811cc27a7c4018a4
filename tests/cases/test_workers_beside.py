"""Workers beside runs, people and each other: nothing is lost, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.graph import curation, edges
from shopreco.indexing import lexicon, marks, pipeline, reindex
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
from tests.helpers.outbox import waiting
from tests.helpers.processes import Process
from tests.helpers.threads import in_thread
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

SMALLER = {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 64}


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


def test_a_rebuild_has_what_a_worker_was_indexing_when_it_began(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Gadget.objects.create(name="old lamp")
    index()
    gadget = Gadget.objects.create(name="brass lamp")
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": SMALLER}
    catalogue, encode, started = get_catalogue(GADGET), pipeline.encode, []

    def slow_encode(*args: Any) -> Any:
        if not started:
            started.append(reindex.start(catalogue, rebuild=True))
            row(started[0]).update(state=RunState.RUNNING)
            reindex.enumerate_objects(started[0], catalogue, TimeSlice(started[0], seconds=60))
        return encode(*args)

    monkeypatch.setattr(pipeline, "encode", slow_encode)
    index_batch(catalogue)
    run = services.run_inline(started[0])
    assert run.state == RunState.DONE
    item = Item.objects.get(object_id=str(gadget.pk))
    assert Embedding.objects.filter(space=run.space, item=item).exists()
    assert LexicalEntry.objects.filter(space=run.space, item=item).exists()
    assert found("brass lamp")[0] == "brass lamp"


def test_a_roll_back_has_what_a_worker_was_indexing_when_it_began(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gadget = Gadget.objects.create(name="old lamp")
    first = index().space
    assert first is not None
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": SMALLER}
    catalogue = get_catalogue(GADGET)
    index(rebuild=True)
    gadget.name = "renamed candelabra"
    gadget.save()
    encode, started = pipeline.encode, []

    def slow_encode(*args: Any) -> Any:
        if not started:
            first.refresh_from_db()
            run = services.activate(first)
            assert run is not None
            started.append(run)
            row(run).update(state=RunState.RUNNING)
            reindex.enumerate_objects(run, catalogue, TimeSlice(run, seconds=60))
        return encode(*args)

    monkeypatch.setattr(pipeline, "encode", slow_encode)
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
    update = pipeline.link

    def save_beside(*args: Any) -> Any:
        Gadget.objects.get().save()
        marks.collect(get_catalogue(GADGET))
        return update(*args)

    monkeypatch.setattr(pipeline, "link", save_beside)
    index_batch(get_catalogue(GADGET))
    change = Change.objects.get()
    assert (change.claim, change.lease_until) == (None, None)
    assert pipeline.waiting(get_catalogue(GADGET))


def test_what_a_worker_passes_over_is_given_back_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Gadget.objects.create(name="lamp")
    index()
    Gadget.objects.get().save()
    held, done = threading.Event(), threading.Event()
    update = pipeline.link

    def hold() -> None:
        with transaction.atomic():
            Change.objects.select_for_update().get()
            held.set()
            done.wait(20)

    def passed_over(*args: Any) -> Any:
        beside.append(in_thread(hold))
        held.wait(10)
        claims = update(*args)
        done.set()
        return claims

    beside: list[Any] = []
    monkeypatch.setattr(pipeline, "link", passed_over)
    index_batch(get_catalogue(GADGET))
    beside[0].result(timeout=30)
    assert Change.objects.get().lease_until is None


# Locks


def test_workers_that_count_the_same_words_do_not_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """One removes and writes, which moves the counts of two words; the other wants both."""
    words = sorted(("qwertz", "asdfgh", "yxcvbn", "plokij", "uhbzgv"), key=term_id)
    first, last = words[0], words[-1]
    a, b, c = (Gadget.objects.create(name=name) for name in (last, "zeppelin", "yacht"))
    index()
    a.retired = True
    a.save()
    b.name = first
    b.save()
    moving, second = threading.Event(), threading.Event()
    mine = threading.local()
    move = lexicon._move_frequencies

    def slow(*args: Any) -> None:
        move(*args)
        if getattr(mine, "first", False):
            moving.set()
            second.wait(10)
            time.sleep(0.3)

    monkeypatch.setattr(lexicon, "_move_frequencies", slow)

    def one() -> int:
        mine.first = True
        return index_batch(get_catalogue(GADGET)).claimed

    def two() -> int:
        second.set()
        return index_batch(get_catalogue(GADGET)).claimed

    worker = in_thread(one)
    moving.wait(10)
    c.name = f"{first} {last}"
    c.save()
    other = in_thread(two)
    assert (worker.result(timeout=30), other.result(timeout=30)) == (2, 1)
    assert not waiting()
    assert Item.objects.filter(outcome=Outcome.INDEXED).count() == 2


def test_a_decision_in_the_admin_and_a_worker_at_the_same_item_do_not_deadlock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a, b = Gadget.objects.create(name="oak desk"), Gadget.objects.create(name="brass lamp")
    index()
    edge = link(a, b)
    locked, owned = threading.Event(), threading.Event()
    update, decide = edges.update_edges, curation.decide_edges

    def slow_update(*args: Any, **options: Any) -> Any:
        locked.set()
        owned.wait(5)
        return update(*args, **options)

    def slow_decide(*args: Any) -> None:
        decide(*args)
        owned.set()
        time.sleep(0.5)

    monkeypatch.setattr(edges, "update_edges", slow_update)
    monkeypatch.setattr(curation, "decide_edges", slow_decide)
    worker = in_thread(lambda: index_batch(get_catalogue(GADGET)))
    locked.wait(5)
    assert services.decide_edges([edge], EdgeState.REJECTED) == 2
    assert worker.result(timeout=30).claimed == 2
    edge.refresh_from_db()
    assert edge.state == EdgeState.REJECTED
    assert waiting() == {str(a.pk), str(b.pk)}


# A shop that never rests


def test_a_run_ends_though_its_objects_are_saved_as_fast_as_they_are_indexed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gadgets = [Gadget.objects.create(name=f"lamp {n}") for n in range(4)]
    index()
    for a, b in pairwise(gadgets):
        link(a, b)
    encode = pipeline.encode

    def save_beside(catalogue: Any, batch: Any, *args: Any) -> Any:
        for gadget in Gadget.objects.filter(pk__in=[c.object_id for c in batch.claims]):
            gadget.name += "!"
            gadget.save()
        return encode(catalogue, batch, *args)

    monkeypatch.setattr(pipeline, "encode", save_beside)
    run = reindex.start(get_catalogue(GADGET), rebuild=True)
    engine.advance(run, seconds=20)
    assert run.state == RunState.DONE
    assert len(waiting()) == 4, "what was saved last waits for whoever comes next"


def test_a_worker_loads_the_model_when_it_starts(start_worker: Callable[..., Process]) -> None:
    """And not at the first save, which would wait for it."""
    Gadget.objects.create(name="lamp")
    index()
    start_worker().wait_for_log(f"ready for texts of {GADGET}")
