"""Runs over a whole catalogue, and the workers that do them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.exceptions import RunError
from shopreco.indexing import reindex
from shopreco.indexing.pipeline import index_batch
from shopreco.models import Embedding, Item, ModalityVector, Outcome, Run, RunState
from shopreco.spaces.indexes import index_names
from tests.helpers.index import GADGET, drain, index
from tests.helpers.outbox import waiting
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


# Runs


def test_the_first_run_builds_and_activates_a_space() -> None:
    Gadget.objects.create(name="lamp")
    run = index()
    assert (run.kind, run.state) == ("rebuild", RunState.DONE)
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
    assert (run.kind, run.encoded, run.changed, run.removed) == ("reindex", 4, 4, 1)
    again = index()
    assert (again.total, again.encoded, again.changed, again.removed) == (4, 0, 0, 0)


def test_a_cancelled_run_stops_and_can_be_resumed(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "BATCH_SIZE": 2}
    Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(9)])
    run = reindex.start(get_catalogue(GADGET))

    def stop(run: Run) -> None:
        if run.enumerated and run.done and run.is_live:
            services.cancel(Run.objects.get(pk=run.pk))

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
    run = reindex.start(get_catalogue(GADGET))
    with pytest.raises(RunError, match="under way"):
        reindex.start(get_catalogue(GADGET))
    services.cancel(run)
    with pytest.raises(RunError, match="cannot become"):
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
    after = services.run_inline(reindex.start(get_catalogue(GADGET), rebuild=True)).space
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
        services.run_inline(reindex.start(get_catalogue(GADGET), rebuild=True))
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
    wait_until(lambda: Run.objects.get(pk=run.pk).state == RunState.DONE)
    assert Item.objects.filter(outcome=Outcome.INDEXED).count() == 20
    gadget = Gadget.objects.create(name="fresh")
    wait_until(lambda: Item.objects.filter(object_id=str(gadget.pk)).exists())
    Gadget.objects.filter(pk=gadget.pk).update(stock=F("stock") + 1)
