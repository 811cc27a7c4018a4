"""A batch on its way through the phases: what each adds, what it drops, what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import serializers

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.indexing import marks, outbox, reindex
from shopreco.indexing.batches import Batch, Failure, Gone, Origin, Skipped
from shopreco.indexing.phases.encode import encode
from shopreco.indexing.phases.link import link
from shopreco.indexing.phases.plan import plan
from shopreco.indexing.phases.read import read
from shopreco.indexing.phases.write import write
from shopreco.indexing.spaces import maintained_spaces
from shopreco.models import Change, EmbeddingSpace, Item, ModalityVector
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

GADGET = "testapp.gadget"


@pytest.fixture
def lamp() -> Gadget:
    made = Gadget.objects.create(name="oak lamp")
    services.run_inline(reindex.start(get_catalogue(GADGET), rebuild=True))
    return made


def claimed() -> Batch:
    marks.collect(get_catalogue(GADGET))
    return read(get_catalogue(GADGET), outbox.claim(GADGET, 10), "en")


def through(batch: Batch, *phases: Any) -> Any:
    for phase in phases:
        batch = phase(get_catalogue(GADGET), batch, maintained_spaces(GADGET))
    return batch


def by_name(batch: Batch) -> dict[str, Any]:
    return {each.document.title: each for each in batch.entries if each.document}


def test_reading_tells_documents_from_what_is_skipped_and_gone(lamp: Gadget) -> None:
    desk = Gadget.objects.create(name="oak desk")
    retired = Gadget.objects.create(name="old bench", retired=True)
    lamp.delete()
    batch = claimed()
    readings = {each.claim.object_id: each for each in batch.entries}
    assert readings[str(desk.pk)].document.title == "oak desk"
    assert isinstance(readings[str(retired.pk)].reading, Skipped)
    assert sum(isinstance(each.reading, Gone) for each in batch.entries) == 1
    assert [each.leaves for each in batch.entries].count(True) == 2


def test_planning_finds_what_differs_and_encoding_makes_only_that(lamp: Gadget) -> None:
    lamp.save()
    Gadget.objects.create(name="oak desk")
    batch = through(claimed(), link, plan)
    planned = by_name(batch)
    assert not planned["oak lamp"].differs, "saved as it was"
    assert planned["oak desk"].known is None
    assert planned["oak desk"].stale_vectors == {EmbeddingSpace.objects.get().pk}
    made = by_name(through(batch, encode))
    assert made["oak lamp"].encoded == {}
    [text] = [
        each for source, each in made["oak desk"].encoded.items() if source.modality == "text"
    ]
    assert text.origin is Origin.FRESH
    assert text.content_hash == planned["oak desk"].hashes["text"]
    assert planned["oak desk"].encoded == {}, "a phase changes nothing in place"


def test_what_is_no_longer_ours_is_not_written_and_not_settled(lamp: Gadget) -> None:
    desk = Gadget.objects.create(name="oak desk")
    Gadget.objects.create(name="oak bench")
    batch = through(claimed(), link, plan, encode)
    Change.objects.filter(object_id=str(desk.pk)).update(claim=None, lease_until=None)
    report = through(batch, write)
    assert (report.changed, report.encoded) == (1, 1)
    assert not Item.objects.filter(object_id=str(desk.pk)).exists()
    assert list(Change.objects.values_list("object_id", flat=True)) == [str(desk.pk)]


def test_nothing_is_written_if_other_spaces_are_maintained_by_now(lamp: Gadget) -> None:
    Gadget.objects.create(name="oak desk")
    batch = through(claimed(), link, plan, encode)
    report = write(get_catalogue(GADGET), batch, [])
    assert report.changed == 0
    assert Change.objects.get().claim is None


def test_a_batch_of_failures_leaves_the_last_good_state(lamp: Gadget) -> None:
    lamp.name = "brass lamp"
    lamp.save()
    marks.collect(get_catalogue(GADGET))
    batch = Batch.of_failed(outbox.claim(GADGET, 10), Failure("it broke"))
    report = through(batch, link, plan, encode, write)
    item = Item.objects.get()
    assert (report.failed, item.title, item.reason) == (1, "oak lamp", "it broke")
    assert ModalityVector.objects.filter(item=item).exists()


def test_a_space_is_dumped_and_loaded_with_its_types(lamp: Gadget) -> None:
    space = EmbeddingSpace.objects.get()
    dumped = serializers.serialize("json", [space])
    [loaded] = serializers.deserialize("json", dumped)
    assert loaded.object.specification == space.specification
    assert loaded.object.statistics == space.statistics
