"""Saved → marked → indexed: every way in which a shop's data changes, on the hostile host."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from shopreco.catalogues import get_catalogue
from shopreco.indexing import signals
from shopreco.indexing.pipeline import index_batch
from shopreco.models import (
    Change,
    Embedding,
    Item,
    LexicalEntry,
    LexiconTerm,
    ModalityVector,
    Outcome,
    RunState,
)
from tests.helpers.index import GADGET, drain, index, item_of
from tests.helpers.outbox import waiting
from tests.testapp.models import Book, Gadget, Maker, Manual, Media, Tag

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


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
    stored = item_of(gadget)
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
    assert item_of(gadget).facets == expected[change]


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
    assert item_of(gadget).outcome == Outcome.INDEXED


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
    assert item_of(retired).reason == "retired from sale"
    assert Embedding.objects.count() == LexicalEntry.objects.count() == 1
    retired.retired = False
    retired.save()
    drain()
    assert item_of(retired).outcome == Outcome.INDEXED
    assert Embedding.objects.count() == 2


def test_a_poisoned_item_is_recorded_and_does_not_stop_the_others() -> None:
    poison = Gadget.objects.create(name="bad", text="poison")
    good = [Gadget.objects.create(name=f"lamp {n}") for n in range(5)]
    run = index()
    assert (run.state, run.failed) == (RunState.DONE, 1)
    assert item_of(poison).outcome == Outcome.FAILED
    assert item_of(poison).reason == "ValueError: this text cannot be prepared"
    assert all(item_of(each).outcome == Outcome.INDEXED for each in good)
    poison.text = "cured"
    poison.save()
    drain()
    assert item_of(poison).outcome == Outcome.INDEXED


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
    assert item_of(gadget).title == "second"
    assert not waiting()
