"""A relation is one mark, and every way in which it changes is seen."""

from __future__ import annotations

import pytest

from shopreco import services
from shopreco.catalogues import Catalogue, Filter, Title, get_catalogue, register
from shopreco.catalogues.registry import unregister
from shopreco.indexing import reindex, signals
from shopreco.indexing.pipeline import index_batch
from shopreco.models import Mark, RunState
from shopreco.runs.slices import TimeSlice, row
from tests.helpers.index import GADGET, drain, index
from tests.helpers.outbox import forget_changes, waiting
from tests.testapp.models import Gadget, Maker, Picture, Poster, Tag

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


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
    run = reindex.start(catalogue)
    row(run).update(state=RunState.RUNNING)
    reindex.enumerate_objects(run, catalogue, TimeSlice(run, seconds=60))
    maker.save()
    gadgets[20].save()
    assert [index_batch(catalogue).claimed for _ in range(3)] == [1, 10, 19]
