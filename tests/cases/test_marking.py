"""Marking cannot hurt the shop: its saves succeed, wait for nobody, and none is forgotten."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from celery import current_app
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from shopreco import services
from shopreco.catalogues import Catalogue, Filter, Title, get_catalogue, register
from shopreco.catalogues.registry import unregister
from shopreco.indexing import graph, lexicon, marks, pipeline, runs, signals, workers
from shopreco.indexing.pipeline import index_batch
from shopreco.models import (
    Change,
    EdgeState,
    Embedding,
    Item,
    LexicalEntry,
    Mark,
    Node,
    Outcome,
    RelationType,
    RunState,
)
from shopreco.text import term_id
from tests.gadgets import GADGET, drain, forget_changes, found, in_thread, index, waiting
from tests.testapp.models import Gadget, Maker, Picture, Poster, Tag

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

SMALLER = {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 64}


@pytest.fixture(autouse=True)
def long_lease(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "LEASE_SECONDS": 300}


@contextmanager
def session(**options: str) -> Iterator[None]:
    """Options of PostgreSQL for this connection, such as `lock_timeout`."""
    with connection.cursor() as cursor:
        for name, value in options.items():
            cursor.execute(f"SET {name} = '{value}'")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for name in options:
                cursor.execute(f"RESET {name}")


@contextmanager
def migrating(table: str) -> Iterator[Callable[[], None]]:
    """Another transaction has a table for itself, until the block ends or what it gives is
    called."""
    locked, done = threading.Event(), threading.Event()

    def migrate() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            locked.set()
            done.wait(20)

    def commit() -> None:
        done.set()
        beside.result(timeout=30)

    beside = in_thread(migrate)
    locked.wait(10)
    try:
        yield commit
    finally:
        commit()


# A batch in hand and a space that begins or changes beside it


def test_a_rebuild_has_what_a_worker_was_indexing_when_it_began(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Gadget.objects.create(name="old lamp")
    index()
    gadget = Gadget.objects.create(name="brass lamp")
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": SMALLER}
    catalogue, encode, started = get_catalogue(GADGET), pipeline._encode, []

    def slow_encode(*args: Any) -> Any:
        if not started:
            started.append(runs.start(catalogue, rebuild=True))
            runs._row(started[0]).update(state=RunState.RUNNING)
            runs._enumerate(started[0], catalogue, None)
        return encode(*args)

    monkeypatch.setattr(pipeline, "_encode", slow_encode)
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
    encode, started = pipeline._encode, []

    def slow_encode(*args: Any) -> Any:
        if not started:
            first.refresh_from_db()
            run = services.activate(first)
            assert run is not None
            started.append(run)
            runs._row(run).update(state=RunState.RUNNING)
            runs._enumerate(run, catalogue, None)
        return encode(*args)

    monkeypatch.setattr(pipeline, "_encode", slow_encode)
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
    run = runs.start(get_catalogue(GADGET))

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


# Other transactions and workers


def test_saves_of_a_brand_and_its_product_in_two_transactions_do_not_deadlock() -> None:
    maker = Maker.objects.create(name="Acme")
    gadget = Gadget.objects.create(name="lamp", maker=maker)
    index()
    marked, updated = threading.Event(), threading.Event()

    def brand_then_product() -> str:
        with transaction.atomic():
            each = Maker.objects.get(pk=maker.pk)
            each.name = "Bolt"
            each.save()
            marked.set()
            updated.wait(10)
            product = Gadget.objects.get(pk=gadget.pk)
            product.stock = 7
            product.save()
        return "saved"

    def product() -> str:
        marked.wait(10)
        with transaction.atomic():
            each = Gadget.objects.get(pk=gadget.pk)
            Gadget.objects.filter(pk=gadget.pk).update(price=3)
            updated.set()
            time.sleep(0.3)
            each.price = 3
            each.save()
        return "saved"

    both = [in_thread(brand_then_product), in_thread(product)]
    assert [each.result(timeout=30) for each in both] == ["saved", "saved"]
    assert waiting() == {str(gadget.pk)}


def test_a_save_waits_neither_for_a_transaction_that_marked_the_same_nor_for_a_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    maker = Maker.objects.create(name="Acme")
    gadget = Gadget.objects.create(name="lamp", maker=maker)
    index()
    begun, go_on = threading.Event(), threading.Event()

    def long_transaction() -> None:
        with transaction.atomic():
            Maker.objects.get(pk=maker.pk).save()
            begun.set()
            go_on.wait(20)

    beside = in_thread(long_transaction)
    begun.wait(10)
    with session(lock_timeout="500ms"):
        gadget.name = "lamp two"
        gadget.save()
    go_on.set()
    beside.result(timeout=30)

    writing, written = threading.Event(), threading.Event()
    replace = lexicon.replace_entries

    def slow(*args: Any) -> None:
        writing.set()
        written.wait(20)
        replace(*args)

    monkeypatch.setattr(lexicon, "replace_entries", slow)
    beside = in_thread(lambda: index_batch(get_catalogue(GADGET)))
    writing.wait(10)
    with session(lock_timeout="500ms"):
        gadget.name = "candelabra"
        gadget.save()
    written.set()
    beside.result(timeout=30)
    drain()
    assert Item.objects.get().title == "candelabra", "and no mark is lost"


def test_a_mark_that_cannot_be_written_now_is_written_after_the_commit() -> None:
    gadget = Gadget.objects.create(name="lamp")
    index()
    with (
        migrating("shopreco_mark") as commit,
        session(lock_timeout="200ms"),
        transaction.atomic(),
    ):
        gadget.name = "candelabra"
        gadget.save()
        commit()
    assert waiting() == {str(gadget.pk)}


def test_what_is_saved_while_a_worker_begins_on_it_is_claimable_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gadget = Gadget.objects.create(name="lamp")
    index()
    gadget.name = "candelabra"
    gadget.save()
    update = pipeline._update_graph

    def save_beside(*args: Any) -> Any:
        Gadget.objects.get().save()
        marks.collect(get_catalogue(GADGET))
        return update(*args)

    monkeypatch.setattr(pipeline, "_update_graph", save_beside)
    index_batch(get_catalogue(GADGET))
    change = Change.objects.get()
    assert (change.claim, change.lease_until) == (None, None)
    assert pipeline.waiting(get_catalogue(GADGET))


def test_what_a_worker_passes_over_is_given_back_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    Gadget.objects.create(name="lamp")
    index()
    Gadget.objects.get().save()
    held, done = threading.Event(), threading.Event()
    update = pipeline._update_graph

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
    monkeypatch.setattr(pipeline, "_update_graph", passed_over)
    index_batch(get_catalogue(GADGET))
    beside[0].result(timeout=30)
    assert Change.objects.get().lease_until is None


# The shop's transaction stays usable


def test_a_table_that_cannot_be_read_does_not_end_the_shops_transaction() -> None:
    maker, tag = Maker.objects.create(name="Acme"), Tag.objects.create(name="oak")
    Gadget.objects.create(name="lamp", maker=maker).tags.add(tag)
    with (
        migrating("testapp_gadget"),
        session(lock_timeout="300ms"),
        transaction.atomic(),
    ):
        maker.name = "Bolt"
        maker.save()
        # Before a delete the shop is asked who has the row, and does not answer.
        tag.delete()
        Tag.objects.create(name="pine")
    assert Maker.objects.get().name == "Bolt"
    assert [each.name for each in Tag.objects.all()] == ["pine"]


# Marks go with the commit


def test_the_marks_of_a_transaction_are_one_message_with_its_commit() -> None:
    maker = Maker.objects.create(name="Acme")
    gadgets = [Gadget.objects.create(name=f"lamp {n}", maker=maker) for n in range(4)]
    forget_changes()
    with CaptureQueriesContext(connection) as sent, transaction.atomic():
        for gadget in gadgets:
            gadget.save()
    [said] = [each["sql"] for each in sent.captured_queries if "shopreco" in each["sql"]]
    assert said.startswith("SAVEPOINT shopreco; INSERT")
    assert said.endswith("; COMMIT")
    assert waiting() == {str(gadget.pk) for gadget in gadgets}


def test_what_is_rolled_back_is_not_marked_and_what_its_savepoint_leaves_is() -> None:
    kept, given_up = (Gadget.objects.create(name=name) for name in ("kept", "given up"))
    forget_changes()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        kept.save()
        raise ZeroDivisionError
    assert not Mark.objects.exists()
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            kept.save()
            raise ZeroDivisionError
        given_up.save()
    assert waiting() >= {str(given_up.pk)}


def test_a_commit_that_fails_fails_as_without_marks() -> None:
    gadget = Gadget.objects.create(name="lamp")
    forget_changes()
    with pytest.raises(IntegrityError, match="is not present in table"), transaction.atomic():
        gadget.name = "never"
        gadget.save()
        # PostgreSQL looks at this key as it commits.
        Gadget.objects.filter(pk=gadget.pk).update(maker_id=4711)
    assert Gadget.objects.get().name == "lamp"
    assert not Mark.objects.exists()
    gadget.save()
    assert waiting() == {str(gadget.pk)}


@pytest.mark.parametrize("key", ["a\x00b", "a\ud800b"])
def test_a_key_that_cannot_be_written_costs_nothing_else(key: str) -> None:
    with transaction.atomic():
        gadget = Gadget.objects.create(name="lamp")
        services.reindex_objects(GADGET, [key])
    assert waiting() == {str(gadget.pk)}


def test_a_transaction_of_very_many_saves_is_marked_in_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(marks, "PAGE", 3)
    with transaction.atomic():
        for n in range(10):
            Gadget.objects.create(name=f"lamp {n}")
    assert len(waiting()) == 10


# The broker


def test_a_broker_that_never_answers_keeps_no_save_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(50)
    silent = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
    workers._messenger.cache_clear()
    monkeypatch.setattr(current_app.conf, "broker_write_url", silent)
    try:
        began = time.monotonic()
        for n in range(20):
            Gadget.objects.create(name=f"lamp {n}")
        assert time.monotonic() - began < 2
        began = time.monotonic()
        assert not workers.send("drain", GADGET), "who asks for an answer has none within a second"
        first = time.monotonic() - began
        assert first < 1.5
        time.sleep(2.5)
        began = time.monotonic()
        assert not workers.send("drain", GADGET)
        assert time.monotonic() - began < 0.2, "and is not made to wait again for a while"
    finally:
        server.close()
        workers._messenger.cache_clear()
    assert len(waiting()) == 20


# People and workers


def test_a_decision_in_the_admin_and_a_worker_at_the_same_item_do_not_deadlock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a, b = Gadget.objects.create(name="oak desk"), Gadget.objects.create(name="brass lamp")
    index()
    node = {each.key: each for each in Node.objects.filter(kind="item")}
    words = {"meaning": "complement", "label": "goes with", "symmetric": True}
    goes_with, _new = RelationType.objects.get_or_create(code="complements", defaults=words)
    edge, _marked = services.add_edge(node[str(a.pk)], goes_with, node[str(b.pk)])
    locked, owned = threading.Event(), threading.Event()
    update, decide = graph.update_edges, graph.decide_edges

    def slow_update(*args: Any, **options: Any) -> Any:
        locked.set()
        owned.wait(5)
        return update(*args, **options)

    def slow_decide(*args: Any) -> None:
        decide(*args)
        owned.set()
        time.sleep(0.5)

    monkeypatch.setattr(graph, "update_edges", slow_update)
    monkeypatch.setattr(graph, "decide_edges", slow_decide)
    worker = in_thread(lambda: index_batch(get_catalogue(GADGET)))
    locked.wait(5)
    assert services.decide_edges([edge], EdgeState.REJECTED) == 2
    assert worker.result(timeout=30).claimed == 2
    edge.refresh_from_db()
    assert edge.state == EdgeState.REJECTED
    assert waiting() == {str(a.pk), str(b.pk)}


# Every way in which a relation changes


def test_a_line_of_a_many_to_many_table_that_is_saved_by_itself_is_seen() -> None:
    gadget, tag = Gadget.objects.create(name="lamp"), Tag.objects.create(name="oak")
    forget_changes()
    line = Gadget.tags.through.objects.create(gadget=gadget, tag=tag)
    assert waiting() == {str(gadget.pk)}
    other = Gadget.objects.create(name="desk")
    forget_changes()
    line.gadget = other
    line.save()
    assert waiting() == {str(gadget.pk), str(other.pk)}, "the one it belonged to as well"
    forget_changes()
    line.delete()
    assert waiting() == {str(other.pk)}


def test_a_path_over_the_reverse_end_of_a_many_to_many_relation_is_watched() -> None:
    class TagCatalogue(Catalogue):
        model = Tag
        title = Title("name")
        used = Filter("gadgets.name")

    register(TagCatalogue)
    try:
        signals.connect()
        gadget, tag = Gadget.objects.create(name="lamp"), Tag.objects.create(name="oak")
        own, others = str(tag.pk), {str(gadget.pk)}
        forget_changes()
        gadget.tags.add(tag)
        assert waiting() - others == {own}
        forget_changes()
        tag.gadgets.remove(gadget)
        assert waiting() - others == {own}
        gadget.tags.add(tag)
        forget_changes()
        gadget.tags.clear()
        assert waiting() - others == {own}
        gadget.tags.add(tag)
        forget_changes()
        gadget.name = "desk lamp"
        gadget.save()
        assert waiting() - others == {own}
    finally:
        unregister("testapp.tag")


def test_a_row_that_moves_is_seen_by_the_object_that_it_leaves() -> None:
    a, b = Poster.objects.create(title="a"), Poster.objects.create(title="b")
    picture = Picture.objects.create(poster=a, file="x.png")
    forget_changes()
    picture.poster = b
    picture.save()
    assert waiting() == {str(a.pk), str(b.pk)}
    forget_changes()
    picture.poster = a
    picture.save(update_fields=["poster"])
    assert waiting() == {str(a.pk), str(b.pk)}
    forget_changes()
    picture.file = "y.png"
    picture.save(update_fields=["file"])
    assert waiting() == {str(a.pk)}
    forget_changes()
    picture.delete()
    assert waiting() == {str(a.pk)}


def test_a_proxy_of_a_related_model_is_heard() -> None:
    class Brand(Maker):
        class Meta:
            proxy = True
            app_label = "testapp"

    signals.connect()
    maker = Maker.objects.create(name="Acme")
    gadget = Gadget.objects.create(name="lamp", maker=maker)
    forget_changes()
    brand = Brand.objects.get()
    brand.name = "Bolt"
    brand.save()
    assert waiting() == {str(gadget.pk)}


# What it costs


def test_a_brand_of_many_products_is_one_mark_and_all_its_products_are_indexed() -> None:
    maker = Maker.objects.create(name="Acme")
    Gadget.objects.bulk_create([Gadget(name=f"lamp {n}", maker=maker) for n in range(300)])
    index()
    maker.name = "Bolt"
    maker.save()
    assert Mark.objects.count() == 1
    [status] = [each for each in services.status() if each.catalogue == GADGET]
    assert status.pending == 1
    drain()
    page = services.search("lamp", catalogue=GADGET, facets=["brand"])
    assert [(value.value, value.count) for value in page.facets[0].values] == [("Bolt", 300)]


def test_adding_one_to_a_full_category_marks_one() -> None:
    tag, one = Tag.objects.create(name="oak"), Gadget.objects.create(name="one more")
    tag.gadgets.add(*Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(20)]))
    forget_changes()
    tag.gadgets.add(one)
    assert waiting() == {str(one.pk)}
    forget_changes()
    tag.gadgets.remove(one)
    assert waiting() == {str(one.pk)}


def test_a_save_is_claimed_without_the_bulk_of_a_run_and_before_what_its_brand_brings() -> None:
    maker = Maker.objects.create(name="Acme")
    gadgets = Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(30)])
    Gadget.objects.filter(pk__in=[g.pk for g in gadgets[:10]]).update(maker=maker)
    index()
    catalogue = get_catalogue(GADGET)
    run = runs.start(catalogue)
    runs._row(run).update(state=RunState.RUNNING)
    runs._enumerate(run, catalogue, None)
    maker.save()
    gadgets[20].save()
    assert [index_batch(catalogue).claimed for _ in range(3)] == [1, 10, 19]


def test_a_run_enumerates_beside_saves() -> None:
    """It writes to the outbox, which no save touches."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO testapp_gadget (id, name, text, attributes, path, sku, stock, hidden, "
            "retired, created) SELECT gen_random_uuid(), 'lamp ' || n, '', '{}', '', '', 1, false, "
            "false, now() FROM generate_series(1, 20000) n"
        )
    catalogue = get_catalogue(GADGET)
    run = runs.start(catalogue)
    runs._row(run).update(state=RunState.RUNNING)
    enumerating = in_thread(lambda: runs._enumerate(run, catalogue, None))
    gadget, saved = Gadget.objects.first(), 0
    assert gadget is not None
    with session(lock_timeout="50ms"):
        while not enumerating.done():
            gadget.save()
            saved += 1
    enumerating.result(timeout=60)
    assert saved
    run.refresh_from_db()
    assert (run.total, run.enumerated) == (20_000, True)


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


def test_a_host_that_manages_its_transactions_by_hand_is_marked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    connection.set_autocommit(False)
    try:
        with caplog.at_level(logging.ERROR):
            gadget = Gadget.objects.create(name="lamp")
        connection.commit()
    finally:
        connection.set_autocommit(True)
    assert not caplog.records
    assert waiting() == {str(gadget.pk)}
