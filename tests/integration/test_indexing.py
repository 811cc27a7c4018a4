"""Saved → marked → indexed: every way in which a shop's data changes, on the hostile host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.indexing import runs, signals
from shopreco.indexing.batches import BatchReport
from shopreco.indexing.pipeline import index_batch
from shopreco.models import (
    Change,
    Embedding,
    IndexRun,
    Item,
    LexicalEntry,
    LexiconTerm,
    ModalityVector,
    Outcome,
    RunKind,
    RunState,
)
from shopreco.spaces.stores.pgvector import index_names
from tests.gadgets import waiting
from tests.testapp.models import Book, Gadget, Maker, Manual, Media, Tag

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

GADGET = "testapp.gadget"


def index(name: str = GADGET) -> IndexRun:
    """A whole pass in this process."""
    return services.run_inline(runs.start(get_catalogue(name)))


def drain(name: str = GADGET) -> BatchReport:
    total = BatchReport()
    while (report := index_batch(get_catalogue(name))).claimed:
        total.add(report)
    return total


def item(obj: Any) -> Item:
    return Item.objects.get(object_id=str(obj.pk), catalogue=obj._meta.label_lower)


# Signals


def test_a_save_is_indexed_with_all_that_belongs_to_it() -> None:
    index()
    maker = Maker.objects.create(name="Acme")
    gadget = Gadget.objects.create(
        name="Walnut desk lamp",
        maker=maker,
        path="Home > Lighting",
        attributes={"colour": "brown"},
        sku="WDL-1",
        price="49.50",
    )
    gadget.tags.add(Tag.objects.create(name="cosy"))
    assert waiting() == {str(gadget.pk)}
    report = drain()
    assert (report.claimed, report.encoded, report.changed) == (1, 1, 1)
    stored = item(gadget)
    assert stored.outcome == Outcome.INDEXED
    assert stored.facets == {
        "brand": ["Acme"],
        "tag": ["cosy"],
        "category": ["Home", "Home > Lighting"],
        "colour": ["brown"],
    }
    assert stored.identifiers == ["wdl1", "wdl-1"]
    assert (stored.price, stored.currency) == (pytest.approx(49.5), "EUR")
    for model in (Embedding, LexicalEntry, ModalityVector):
        assert model.objects.filter(item=stored).count() == 1
    assert not waiting()


def test_a_rolled_back_save_leaves_nothing() -> None:
    index()
    with pytest.raises(RuntimeError), transaction.atomic():
        Gadget.objects.create(name="never")
        raise RuntimeError
    assert not waiting()


@pytest.mark.parametrize("change", ["related", "m2m", "m2m reverse", "m2m clear", "related delete"])
def test_changes_around_an_object_mark_it(change: str) -> None:
    maker, tag = Maker.objects.create(name="Acme"), Tag.objects.create(name="cosy")
    gadget = Gadget.objects.create(name="Lamp", maker=maker)
    gadget.tags.add(tag)
    Gadget.objects.create(name="Bystander")
    index()
    match change:
        case "related":
            maker.name = "Bolt"
            maker.save()
        case "m2m":
            gadget.tags.add(Tag.objects.create(name="new"))
        case "m2m reverse":
            tag.gadgets.remove(gadget)
        case "m2m clear":
            tag.gadgets.clear()
        case "related delete":
            maker.delete()
    assert waiting() == {str(gadget.pk)}
    drain()
    expected: dict[str, dict[str, list[str]]] = {
        "related": {"brand": ["Bolt"], "tag": ["cosy"]},
        "m2m": {"brand": ["Acme"], "tag": ["cosy", "new"]},
        "m2m reverse": {"brand": ["Acme"]},
        "m2m clear": {"brand": ["Acme"]},
        "related delete": {"tag": ["cosy"]},
    }
    assert item(gadget).facets == expected[change]


def test_both_halves_of_multi_table_inheritance_are_followed() -> None:
    index("testapp.media")
    index("testapp.book")
    book = Book.objects.create(title="Cooking", author="Kim")
    assert waiting() == {str(book.pk)}
    assert Change.objects.filter(object_id=str(book.pk)).count() == 2
    drain("testapp.media")
    drain("testapp.book")
    upper = Media.objects.get(pk=book.pk)
    upper.title = "Baking"
    upper.save()
    drain("testapp.media")
    drain("testapp.book")
    titles = Item.objects.filter(object_id=str(book.pk)).values_list("title", flat=True)
    assert list(titles) == ["Baking", "Baking"]


def test_a_shop_in_another_database_is_indexed_after_its_own_commit() -> None:
    index("testapp.manual")
    ref = "a/b c:é?#%" + "x" * 200
    with transaction.atomic(using="shop"):
        Manual.objects.create(ref=ref, title="Bedienungsanleitung", language="de")
        assert not waiting()
    assert waiting() == {ref}
    drain("testapp.manual")
    assert Item.objects.get(object_id=ref).language == "de"
    with pytest.raises(RuntimeError), transaction.atomic(using="shop"):
        Manual.objects.create(ref="never", title="x")
        raise RuntimeError
    assert not waiting()


def test_fixtures_and_paused_imports_mark_nothing() -> None:
    with signals.pause():
        Gadget.objects.create(name="imported")
    assert not waiting()
    Gadget.objects.create(name="after")
    assert len(waiting()) == 1


def test_a_save_survives_when_marking_fails() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shopreco_mark RENAME TO shopreco_mark_away")
    try:
        with transaction.atomic():
            gadget = Gadget.objects.create(name="kept")
            Gadget.objects.filter(pk=gadget.pk).update(stock=5)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE shopreco_mark_away RENAME TO shopreco_mark")
    assert Gadget.objects.get(pk=gadget.pk).stock == 5
    assert not waiting()
    index()
    assert item(gadget).outcome == Outcome.INDEXED


def test_saves_nudge_once_per_transaction() -> None:
    with transaction.atomic():
        for number in range(5):
            Gadget.objects.create(name=f"lamp {number}")
        assert len(connection.run_on_commit) == 1


# The pipeline


def test_nothing_is_encoded_again_unless_its_text_changed() -> None:
    gadget = Gadget.objects.create(name="Lamp", price=1)
    index()
    gadget.price = 2
    gadget.save()
    report = drain()
    assert (report.encoded, report.changed) == (0, 1)
    gadget.save()
    report = drain()
    assert (report.encoded, report.changed) == (0, 0)
    gadget.name = "Torch"
    gadget.save()
    assert drain().encoded == 1


def test_deleted_hidden_and_unindexable_objects_leave_the_index() -> None:
    deleted, hidden, retired = (
        Gadget.objects.create(name=name) for name in ("gone lamp", "hidden lamp", "retired lamp")
    )
    kept = Gadget.objects.create(name="kept lamp")
    index()
    key = deleted.pk
    deleted.delete()
    hidden.hidden = True
    hidden.save()
    retired.retired = True
    retired.save()
    assert drain().removed == 3
    outcomes = dict(Item.objects.values_list("object_id", "outcome"))
    assert outcomes == {
        str(key): Outcome.DELETED,
        str(hidden.pk): Outcome.DELETED,
        str(retired.pk): Outcome.SKIPPED,
        str(kept.pk): Outcome.INDEXED,
    }
    assert item(retired).reason == "retired from sale"
    assert Embedding.objects.count() == LexicalEntry.objects.count() == 1
    retired.retired = False
    retired.save()
    drain()
    assert item(retired).outcome == Outcome.INDEXED
    assert Embedding.objects.count() == 2


def test_a_poisoned_item_is_recorded_and_does_not_stop_the_others() -> None:
    poison = Gadget.objects.create(name="bad", text="poison")
    good = [Gadget.objects.create(name=f"lamp {n}") for n in range(5)]
    run = index()
    assert (run.state, run.failed) == (RunState.DONE, 1)
    assert item(poison).outcome == Outcome.FAILED
    assert item(poison).reason == "ValueError: this text cannot be prepared"
    assert all(item(each).outcome == Outcome.INDEXED for each in good)
    poison.text = "cured"
    poison.save()
    drain()
    assert item(poison).outcome == Outcome.INDEXED


def test_a_value_that_the_database_refuses_fails_alone() -> None:
    index()
    Gadget.objects.create(name="too dear")
    Gadget.objects.create(name="fine")
    catalogue = get_catalogue(GADGET)
    # A price beyond the column: nothing a declaration could have seen.
    catalogue.prepare_price = lambda obj: "9" * 30 if obj.name == "too dear" else "1"  # type: ignore[attr-defined]  # a hook for this test
    try:
        report = drain()
    finally:
        del catalogue.prepare_price  # type: ignore[attr-defined]  # a hook for this test
    assert (report.claimed, report.failed) == (2, 1)
    assert set(Item.objects.values_list("outcome", flat=True)) == {"failed", "indexed"}


def test_document_frequencies_follow_every_change() -> None:
    lamp = Gadget.objects.create(name="walnut lamp")
    Gadget.objects.create(name="walnut table")
    index()

    def frequencies() -> dict[str, int]:
        terms = LexiconTerm.objects.filter(document_frequency__gt=0)
        return dict(terms.values_list("surface", "document_frequency"))

    assert frequencies() == {"": 2, "walnut": 2, "lamp": 1, "table": 1}
    lamp.name = "oak lamp"
    lamp.save()
    drain()
    assert frequencies() == {"": 2, "walnut": 1, "oak": 1, "lamp": 1, "table": 1}
    lamp.delete()
    drain()
    assert frequencies() == {"": 1, "walnut": 1, "table": 1}


def test_a_save_during_the_work_is_indexed_again() -> None:
    index()
    gadget = Gadget.objects.create(name="first")
    catalogue = get_catalogue(GADGET)
    texts = ["first", "second"]

    def prepare_title(obj: Gadget) -> str:
        if len(texts) == 2:
            texts.pop(0)
            Gadget.objects.filter(pk=obj.pk).update(name="second")
            signals.changed(catalogue, [str(obj.pk)])
        return obj.name

    catalogue.prepare_title = prepare_title  # type: ignore[attr-defined]  # a hook for this test
    try:
        assert index_batch(catalogue).claimed == 1
        assert waiting() == {str(gadget.pk)}
        drain()
    finally:
        del catalogue.prepare_title  # type: ignore[attr-defined]  # a hook for this test
    assert item(gadget).title == "second"
    assert not waiting()


# Runs


def test_the_first_run_builds_and_activates_a_space() -> None:
    Gadget.objects.create(name="lamp")
    run = index()
    assert (run.kind, run.state) == (RunKind.REBUILD, RunState.DONE)
    assert run.space is not None
    assert run.space.state == "active"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE indexname = ANY(%s)",
            [list(index_names(run.space.pk))],
        )
        assert len(cursor.fetchall()) == 2


def test_a_second_run_repairs_what_signals_cannot_see() -> None:
    changed = Gadget.objects.create(name="lamp")
    removed = Gadget.objects.create(name="table")
    index()
    Gadget.objects.bulk_create([Gadget(name=f"bulk {n}") for n in range(3)])
    Gadget.objects.filter(pk=changed.pk).update(name="torch")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM testapp_gadget WHERE id = %s", [removed.pk])
    assert not waiting()
    run = index()
    assert (run.kind, run.encoded, run.changed, run.removed) == (RunKind.REINDEX, 4, 4, 1)
    again = index()
    assert (again.total, again.encoded, again.changed, again.removed) == (4, 0, 0, 0)


def test_pages_of_keys_cover_a_catalogue_larger_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "PAGE", 7)
    Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(30)])
    run = index()
    assert (run.total, run.encoded) == (30, 30)


def test_a_cancelled_run_stops_and_can_be_resumed(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "BATCH_SIZE": 2}
    Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(9)])
    run = runs.start(get_catalogue(GADGET))

    def stop(run: IndexRun) -> None:
        if run.enumerated and run.done and run.is_live:
            services.cancel(IndexRun.objects.get(pk=run.pk))

    run = services.run_inline(run, stop)
    assert run.state == RunState.CANCELLED
    assert 0 < Item.objects.count() < 9
    assert index_batch(get_catalogue(GADGET)).claimed == 0
    saved = Gadget.objects.first()
    assert saved is not None
    saved.save()
    assert drain().claimed == 1, "a save goes on while a run is cancelled"
    services.resume(run)
    run.refresh_from_db()
    run = services.run_inline(run)
    assert run.state == RunState.DONE
    assert Item.objects.filter(outcome=Outcome.INDEXED).count() == 9


def test_one_run_at_a_time() -> None:
    run = runs.start(get_catalogue(GADGET))
    with pytest.raises(services.RunError, match="under way"):
        runs.start(get_catalogue(GADGET))
    services.cancel(run)
    with pytest.raises(services.RunError, match="cannot become"):
        services.cancel(run)


def test_another_model_is_built_beside_and_rolled_back(settings: Any) -> None:
    gadget = Gadget.objects.create(name="walnut lamp")
    before = index().space
    assert before is not None
    settings.SHOPRECO = {
        **settings.SHOPRECO,
        "TEXT_ENCODER": {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 64},
    }
    [status] = [each for each in services.status() if each.catalogue == GADGET]
    assert "have changed since the index was built" in status.problems[0]
    after = services.run_inline(runs.start(get_catalogue(GADGET), rebuild=True)).space
    assert after is not None
    assert (before.dimension, after.dimension) == (256, 64)
    before.refresh_from_db()
    assert (before.state, after.state) == ("retired", "active")
    gadget.name = "oak lamp"
    gadget.save()
    drain()
    run = services.activate(before)
    assert run is not None
    run = services.run_inline(run)
    assert run.encoded == 1, "what changed while it was retired is caught up"
    page = services.search("oak", catalogue=GADGET)
    assert [r.object_id for r in page] == [str(gadget.pk)]
    assert page.model_version == before.fingerprint[:12]


def test_pruning_keeps_the_active_space_and_the_roll_back(settings: Any) -> None:
    Gadget.objects.create(name="walnut lamp")
    index()
    for dimension in (64, 32):
        encoder = {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": dimension}
        settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": encoder}
        services.run_inline(runs.start(get_catalogue(GADGET), rebuild=True))
    call_command("shopreco_prune", keep=1)
    assert {each.space.dimension for each in Embedding.objects.all()} == {64, 32}
    assert ModalityVector.objects.count() == 2


# Workers


def test_a_real_worker_indexes_saves_and_runs(
    start_worker: Callable[..., Any], wait_until: Callable[..., None]
) -> None:
    Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(20)])
    start_worker()
    run = services.reindex(GADGET)
    wait_until(lambda: IndexRun.objects.get(pk=run.pk).state == RunState.DONE)
    assert Item.objects.filter(outcome=Outcome.INDEXED).count() == 20
    gadget = Gadget.objects.create(name="fresh")
    wait_until(lambda: Item.objects.filter(object_id=str(gadget.pk)).exists())
    Gadget.objects.filter(pk=gadget.pk).update(stock=F("stock") + 1)
