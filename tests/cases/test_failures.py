"""A failure costs what failed: one item, or a space in the making, and no more."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection, connections
from django.utils import timezone

from shopreco import services, tasks
from shopreco.catalogues import get_catalogue, get_catalogues
from shopreco.encoders import HashingEncoder
from shopreco.encoders.base import unit_rows
from shopreco.indexing import items
from shopreco.indexing.pipeline import index_batch
from shopreco.models import Change, Item, Outcome, Run
from tests.helpers.answers import found
from tests.helpers.index import GADGET, drain, index
from tests.helpers.large_shop import copies
from tests.helpers.outbox import waiting
from tests.helpers.threads import in_thread
from tests.testapp.encoders import SlowEncoder
from tests.testapp.models import Gadget, Maker, Tag

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


class Overflowing(HashingEncoder):
    """Makes no vector of one text, as a model in half precision may."""

    def encode_documents(self, texts: Sequence[str]) -> Any:
        vectors = np.array(super().encode_documents(texts))
        vectors[["overflow" in text for text in texts]] = np.nan
        return unit_rows(vectors)


def encoder(name: str) -> dict[str, Any]:
    return {"CLASS": f"tests.cases.test_failures.{name}", "DIMENSION": 32}


def words(count: int) -> str:
    """So many different words."""
    letters = [chr(97 + n) for n in range(26)]
    return " ".join(
        "w" + "".join(letters[(n // 26**place) % 26] for place in range(4)) for n in range(count)
    )


# One item


def test_a_text_of_more_words_than_a_vector_holds_is_indexed_by_its_heaviest() -> None:
    Gadget.objects.create(name="old lamp")
    index()
    Gadget.objects.create(name="manual for assembly", text=words(20_000))
    Gadget.objects.create(name="new lamp")
    drain()
    assert Item.objects.filter(outcome=Outcome.INDEXED, failures=0).count() == 3
    assert found("assembly manual")[0] == "manual for assembly"
    assert set(found("lamp")) == {"old lamp", "new lamp"}


def test_an_item_without_a_vector_fails_alone(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": encoder("Overflowing")}
    Gadget.objects.create(name="lamp")
    index()
    bad = Gadget.objects.create(name="overflow")
    Gadget.objects.create(name="chair")
    drain()
    assert found("chair") == ["chair"]
    item = Item.objects.get(object_id=str(bad.pk))
    assert (item.outcome, item.failures) == (Outcome.FAILED, 1)
    assert not waiting()


def test_a_statement_that_one_item_makes_too_slow_fails_alone() -> None:
    index()
    slow = Gadget.objects.create(name="slow")
    Gadget.objects.create(name="quick")
    catalogue = get_catalogue(GADGET)

    def prepare_title(obj: Gadget) -> str:
        if obj.name == "slow":
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = '50ms'")
                try:
                    cursor.execute("SELECT pg_sleep(1)")
                finally:
                    cursor.execute("RESET statement_timeout")
        return obj.name

    catalogue.prepare_title = prepare_title  # type: ignore[attr-defined]  # a hook for this test
    try:
        drain()
    finally:
        del catalogue.prepare_title  # type: ignore[attr-defined]  # a hook for this test
    assert Item.objects.get(object_id=str(slow.pk)).outcome == Outcome.FAILED
    assert found("quick") == ["quick"]


def test_an_indexed_item_that_fails_keeps_its_place_in_every_answer() -> None:
    gadget = Gadget.objects.create(name="brass lamp", sku="AB-123", path="Home > Lamps")
    other = Gadget.objects.create(name="steel lamp", path="Home > Lamps")
    index()
    gadget.text = "poison"
    gadget.save()
    drain()
    item = Item.objects.get(object_id=str(gadget.pk))
    assert (item.outcome, item.failures) == (Outcome.INDEXED, 1)
    assert item.reason == "ValueError: this text cannot be prepared"
    assert "brass lamp" in found("brass lamp")
    assert "brass lamp" in found()
    assert "brass lamp" in found(filters={"category": "Home > Lamps"})
    assert services.search("AB-123", catalogue=GADGET).source == "identifier"
    assert len(services.recommend(seed=gadget)) == len(services.recommend(seed=other)) == 1
    [status] = [each for each in services.status() if each.catalogue == GADGET]
    assert (status.items, status.failed) == (2, 1)
    assert any("tried again" in problem for problem in status.problems)


def test_a_failed_item_is_tried_again_by_itself_ever_more_rarely() -> None:
    gadget = Gadget.objects.create(name="lamp", text="poison")
    index()
    delays = []
    for _ in range(3):
        item = Item.objects.get(object_id=str(gadget.pk))
        assert item.retry_at is not None
        delays.append(round((item.retry_at - timezone.now()).total_seconds() / 60))
        Item.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
        tasks.sweep()
        drain()
    assert delays == [1, 4, 16]
    Gadget.objects.update(text="cured")
    Item.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    drain()
    item = Item.objects.get(object_id=str(gadget.pk))
    assert (item.outcome, item.failures, item.retry_at, item.reason) == ("indexed", 0, None, "")
    assert items.due(GADGET) == []


def test_a_reason_that_the_database_could_not_store_is_recorded_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Nor can parallel test processes tell each other of it.
    caplog.set_level(logging.CRITICAL, "shopreco.indexing")
    index()
    gadget = Gadget.objects.create(name="lamp")
    catalogue = get_catalogue(GADGET)

    def prepare_title(obj: Gadget) -> str:
        raise ValueError("\x00 and \udcff")

    catalogue.prepare_title = prepare_title  # type: ignore[attr-defined]  # a hook for this test
    try:
        drain()
    finally:
        del catalogue.prepare_title  # type: ignore[attr-defined]  # a hook for this test
    assert Item.objects.get(object_id=str(gadget.pk)).reason == "ValueError:  and ?"


# Others


def test_one_catalogue_that_cannot_start_leaves_the_others_their_night(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, *others = get_catalogues()

    def broken() -> Any:
        raise RuntimeError("the shop's own query is broken")

    monkeypatch.setattr(first, "get_queryset", broken, raising=False)
    tasks.reconcile()
    started = Run.objects.order_by("pk").values_list("catalogue", flat=True)
    assert list(started) == [catalogue.name for catalogue in others]


def test_one_catalogue_that_cannot_be_swept_leaves_the_others_their_turn() -> None:
    first, *others = [catalogue.name for catalogue in get_catalogues()]
    Gadget.objects.create(name="lamp")
    index()
    different = {"catalogue": "other", "object_id": "'due'", "retry_at": "now()"}
    with connection.cursor() as cursor:
        # Of every catalogue an item is due to be tried again, and that of the first cannot be.
        cursor.execute(
            f"""
            {copies(Item, "unnest(%s::text[]) other", **different)};
            CREATE FUNCTION refuse_for_the_test() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'broken'; END
            $$;
            CREATE TRIGGER refuse_for_the_test BEFORE UPDATE ON shopreco_item FOR EACH ROW
                WHEN (OLD.catalogue = '{first}') EXECUTE FUNCTION refuse_for_the_test()
            """,
            [[first, *others]],
        )
    try:
        tasks.sweep()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION refuse_for_the_test CASCADE")
    assert list(Change.objects.order_by("pk").values_list("catalogue", flat=True)) == others


class ReplicaRouter:
    """Reads of gadgets, and of all that belongs to them, go to a replica."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "shop" if model in {Gadget, Maker, Tag} else None

    def db_for_write(self, model: Any, **hints: Any) -> None:
        return None

    def allow_relation(self, *objects: Any, **hints: Any) -> bool:
        return True


def test_workers_read_the_shops_objects_where_they_are_written(settings: Any) -> None:
    index()
    with connections["shop"].schema_editor() as editor:
        for model in (Tag, Maker, Gadget):
            editor.create_model(model)
    routers = settings.DATABASE_ROUTERS
    settings.DATABASE_ROUTERS = ["tests.cases.test_failures.ReplicaRouter"]
    try:
        maker = Maker.objects.using("default").create(name="Acme")
        gadget = Gadget.objects.using("default").create(name="lamp", maker=maker)
        gadget.tags.add(Tag.objects.using("default").create(name="oak"))
        drain()
        item = Item.objects.get(object_id=str(gadget.pk))
        assert (item.title, item.facets) == ("lamp", {"brand": ["Acme"], "tag": ["oak"]})
        maker.name = "Bolt"
        maker.save(using="default")
        drain()
        assert Item.objects.get().facets["brand"] == ["Bolt"]
        assert index().total == 1
    finally:
        settings.DATABASE_ROUTERS = routers
        with connections["shop"].schema_editor() as editor:
            for model in (Gadget, Maker, Tag):
                editor.delete_model(model)


def test_a_batch_that_takes_longer_than_its_lease_is_done_once(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SHOPRECO = {
        **settings.SHOPRECO,
        "LEASE_SECONDS": 1,
        "BATCH_SIZE": 20,
        "TEXT_ENCODER": {"CLASS": "tests.testapp.encoders.SlowEncoder"},
    }
    Gadget.objects.create(name="lamp 0")
    index()
    for gadget in Gadget.objects.bulk_create([Gadget(name=f"desk lamp {n}") for n in range(40)]):
        gadget.save()
    monkeypatch.setattr(SlowEncoder, "SECONDS_PER_TEXT", 0.1)
    encode, encoded = SlowEncoder.encode_documents, []

    def counted(self: Any, texts: Sequence[str]) -> Any:
        encoded.extend(texts)
        return encode(self, texts)

    monkeypatch.setattr(SlowEncoder, "encode_documents", counted)
    until = time.monotonic() + 60

    def work() -> None:
        catalogue = get_catalogue(GADGET)
        while time.monotonic() < until and (index_batch(catalogue).claimed or waiting()):
            pass

    for worker in [in_thread(work) for _ in range(3)]:
        worker.result(timeout=90)
    assert len(encoded) == len(set(encoded)) == 40
    assert Item.objects.filter(outcome=Outcome.INDEXED).count() == 41
