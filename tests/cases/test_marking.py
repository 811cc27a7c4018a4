"""Marking cannot hurt the shop: its saves succeed, wait for nobody, and none is forgotten."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from celery import current_app
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from shopreco import broker, services
from shopreco.catalogues import get_catalogue
from shopreco.indexing import marks, reindex
from shopreco.indexing.pipeline import index_batch
from shopreco.models import Item, Mark, RunState
from shopreco.runs.slices import TimeSlice, row
from tests.helpers.index import GADGET, drain, index
from tests.helpers.locks import paused_writers, wait_for_locks
from tests.helpers.outbox import forget_changes, waiting
from tests.helpers.threads import in_thread
from tests.testapp.models import Gadget, Maker, Tag

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


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


def test_a_save_waits_neither_for_a_transaction_that_marked_the_same_nor_for_a_worker() -> None:
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

    with paused_writers("shopreco_lexicalentry") as go_on:
        beside = in_thread(lambda: index_batch(get_catalogue(GADGET)))
        wait_for_locks()
        with session(lock_timeout="500ms"):
            gadget.name = "candelabra"
            gadget.save()
        go_on()
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


def test_a_run_enumerates_beside_saves() -> None:
    """It writes to the outbox, which no save touches."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO testapp_gadget (id, name, text, attributes, path, sku, stock, hidden, "
            "retired, created) SELECT gen_random_uuid(), 'lamp ' || n, '', '{}', '', '', 1, false, "
            "false, now() FROM generate_series(1, 20000) n"
        )
    catalogue = get_catalogue(GADGET)
    run = reindex.start(catalogue)
    row(run).update(state=RunState.RUNNING)
    enumerating = in_thread(
        lambda: reindex.enumerate_objects(run, catalogue, TimeSlice(run, seconds=60))
    )
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


def test_a_transaction_of_very_many_changes_is_marked_in_pages() -> None:
    keys = [str(uuid4()) for _ in range(2 * marks.MARKS_PER_PAGE + 1)]
    with CaptureQueriesContext(connection) as sent, transaction.atomic():
        services.reindex_objects(GADGET, keys)
    inserts = [each["sql"] for each in sent if "INSERT INTO shopreco_mark" in each["sql"]]
    assert [each.endswith("; COMMIT") for each in inserts] == [False, False, True]
    assert waiting() == set(keys)


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


# The broker


def test_a_broker_that_never_answers_keeps_no_save_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(50)
    silent = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
    broker._messenger.cache_clear()
    monkeypatch.setattr(current_app.conf, "broker_write_url", silent)
    try:
        began = time.monotonic()
        for n in range(20):
            Gadget.objects.create(name=f"lamp {n}")
        assert time.monotonic() - began < 10, "20 saves that wait take 20 seconds"
        began = time.monotonic()
        assert not broker.send("drain", GADGET), "who asks for an answer has none within a second"
        first = time.monotonic() - began
        assert first < 10
        time.sleep(2.5)
        began = time.monotonic()
        assert not broker.send("drain", GADGET)
        assert time.monotonic() - began < first / 2, "and is not made to wait again for a while"
    finally:
        server.close()
        broker._messenger.cache_clear()
    assert len(waiting()) == 20
