"""A space in the making whose encoder fails, or whose run is stopped; and the first run of all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.encoders import EncoderError
from shopreco.exceptions import RunError
from shopreco.indexing import reindex, spaces
from shopreco.indexing.pipeline import index_batch
from shopreco.models import Change, EmbeddingSpace, Item, RunState
from tests.helpers.answers import found
from tests.helpers.index import GADGET, drain, index
from tests.testapp.encoders import InterruptedEncoder
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

UNLOADABLE = {"CLASS": "tests.testapp.encoders.UnloadableEncoder", "DIMENSION": 32}


def test_a_rebuild_that_cannot_encode_does_not_hold_up_the_index_that_answers(
    settings: Any,
) -> None:
    good = settings.SHOPRECO
    gadget = Gadget.objects.create(name="lamp")
    index()
    settings.SHOPRECO = {**good, "TEXT_ENCODER": UNLOADABLE}
    run = index(rebuild=True)
    assert run.state == RunState.FAILED
    assert "no weights" in run.error
    [status] = [each for each in services.status() if each.catalogue == GADGET]
    assert any("no weights" in problem for problem in status.problems)
    settings.SHOPRECO = good
    gadget.name = "candelabra"
    gadget.save()
    assert index_batch(get_catalogue(GADGET)).changed == 1
    assert found("candelabra") == ["candelabra"]
    assert index().state == RunState.DONE


def test_a_save_beside_a_rebuild_that_cannot_encode_is_indexed(settings: Any) -> None:
    good = settings.SHOPRECO
    gadgets = Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(5)])
    index()
    settings.SHOPRECO = {**good, "TEXT_ENCODER": UNLOADABLE}
    run = reindex.start(get_catalogue(GADGET), rebuild=True)
    gadgets[0].name = "candelabra"
    gadgets[0].save()
    drain()
    assert found("candelabra") == ["candelabra"]
    run.refresh_from_db()
    assert run.state == RunState.FAILED


def test_a_cancelled_rebuild_costs_no_save_anything_and_is_complete_when_resumed(
    settings: Any,
) -> None:
    gadgets = Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(6)])
    index()
    settings.SHOPRECO = {
        **settings.SHOPRECO,
        "TEXT_ENCODER": {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 64},
        "BATCH_SIZE": 2,
    }

    def stop(run: Any) -> None:
        if run.linked and run.is_live and run.done >= 2:
            services.cancel(run)

    run = services.run_inline(reindex.start(get_catalogue(GADGET), rebuild=True), stop)
    assert run.state == RunState.CANCELLED
    assert [space.dimension for space in spaces.maintained_spaces(GADGET)] == [256]
    for gadget in gadgets:
        gadget.name = "candelabra"
        gadget.save()
    drain()
    services.resume(run)
    run.refresh_from_db()
    run = services.run_inline(run)
    assert run.state == RunState.DONE
    assert run.space.state == "active"
    assert found("candelabra", limit=10) == ["candelabra"] * 6


def test_a_rebuild_whose_space_was_pruned_cannot_be_resumed(settings: Any) -> None:
    good = settings.SHOPRECO
    Gadget.objects.create(name="lamp")
    index()
    settings.SHOPRECO = {**good, "TEXT_ENCODER": {**good["TEXT_ENCODER"], "DIMENSION": 64}}
    run = reindex.start(get_catalogue(GADGET), rebuild=True)
    services.cancel(run)
    services.prune(GADGET, before=timezone.now() + timedelta(days=1))
    run.refresh_from_db()
    with pytest.raises(RunError, match="Start another rebuild"):
        services.resume(run)


def test_an_encoder_that_is_away_is_nobodys_failure(settings: Any) -> None:
    interrupted = {"CLASS": "tests.testapp.encoders.InterruptedEncoder"}
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": interrupted}
    Gadget.objects.create(name="lamp")
    index()
    Gadget.objects.create(name="desk")

    def away() -> None:
        raise EncoderError("the card fell out")

    with InterruptedEncoder.interrupted_by(away), pytest.raises(EncoderError):
        drain()
    assert not Item.objects.filter(failures__gt=0).exists()
    assert Change.objects.get().attempts == 0
    drain()
    assert found("desk") == ["desk"]


# The first run


def test_a_first_run_encodes_each_item_once_although_links_are_told_of_both_ends(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With links in the catalogue, what is told of an item is known once all are linked, also of
    what was saved a moment ago."""
    settings.SHOPRECO = {**settings.SHOPRECO, "BATCH_SIZE": 4}
    gadgets = [Gadget.objects.create(name=f"lamp {n}") for n in range(20)]
    catalogue = get_catalogue(GADGET)
    others = {str(a.pk): b for a, b in zip(gadgets, [*gadgets[7:], *gadgets[:7]], strict=True)}
    monkeypatch.setattr(
        catalogue, "get_edges", lambda obj: [("complements", others[str(obj.pk)])], raising=False
    )
    totals: list[int] = []

    def note(run: Any) -> None:
        if run.enumerated:
            totals.append(run.total)

    run = services.run_inline(reindex.start(catalogue), note)
    assert (run.state, run.encoded, run.changed) == (RunState.DONE, 20, 20)
    assert set(totals) == {20}, "the bar never grows"
    assert EmbeddingSpace.objects.get().embeddings.count() == 20
