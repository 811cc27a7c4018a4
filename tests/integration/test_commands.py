"""The commands as scripts see them: output, JSON, exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from threading import Event
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.db.locks import try_lock
from shopreco.exceptions import RunError
from shopreco.indexing import reindex
from shopreco.indexing.pipeline import index_batch
from shopreco.models import EmbeddingSpace, Item, LeftOut, Run, RunState
from tests.helpers.catalogues import only_catalogues
from tests.helpers.threads import in_thread
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

GADGET = "testapp.gadget"
HASHING = "shopreco.encoders.HashingEncoder"


def run(*arguments: str) -> tuple[str, int]:
    """What a command prints, and its exit code."""
    out = StringIO()
    try:
        call_command(*arguments, stdout=out)
    except SystemExit as stop:
        return out.getvalue(), int(stop.code or 0)
    return out.getvalue(), 0


@pytest.fixture
def gadgets() -> list[Gadget]:
    return Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(3)])


def test_reindex_works_in_its_own_process_and_counts(gadgets: list[Gadget]) -> None:
    printed, code = run("shopreco_reindex", GADGET)
    assert code == 0
    assert "3 objects, 3 encoded, 3 changed, 0 removed, 0 failed: done" in printed


def test_reindex_prints_json(gadgets: list[Gadget]) -> None:
    printed, code = run("shopreco_reindex", GADGET, "--json")
    [figures] = json.loads(printed)
    assert code == 0
    assert (figures["state"], figures["total"], figures["encoded"]) == ("done", 3, 3)


def test_reindex_without_a_name_takes_every_catalogue(gadgets: list[Gadget]) -> None:
    printed, _code = run("shopreco_reindex", "--json")
    assert {GADGET, "testapp.manual", "testapp.book"} <= {
        f["catalogue"] for f in json.loads(printed)
    }


def test_failed_items_show_in_the_exit_code(gadgets: list[Gadget]) -> None:
    Gadget.objects.create(name="bad", text="poison")
    _printed, code = run("shopreco_reindex", GADGET)
    assert code == 3
    printed, code = run("shopreco_status", GADGET)
    assert code == 2
    assert "1 product failed" in printed


def test_an_unknown_catalogue_is_an_error(gadgets: list[Gadget]) -> None:
    with pytest.raises(CommandError, match=r"Registered: .*testapp\.gadget"):
        call_command("shopreco_reindex", "testapp.gizmo")
    for command in ("shopreco_status", "shopreco_prune"):
        with pytest.raises(CommandError, match=r"There is no catalogue 'testapp.gizmo'"):
            call_command(command, "testapp.gizmo")


def test_a_project_without_catalogues_is_told_to_write_one() -> None:
    said = r"There is no catalogue\. .*write a catalogues\.py"
    with only_catalogues(), pytest.raises(CommandError, match=said):
        call_command("shopreco_status")


def test_a_run_counts_each_object_once_although_workers_index_while_it_lists(
    gadgets: list[Gadget],
) -> None:
    run("shopreco_reindex", GADGET)
    for gadget in gadgets:
        gadget.save()

    def beside(run: Run) -> None:
        if not run.enumerated:
            index_batch(get_catalogue(GADGET))

    done = services.run_inline(reindex.start(get_catalogue(GADGET)), beside)
    assert (done.state, done.total) == (RunState.DONE, 3)


def test_without_a_terminal_reindex_says_in_lines_what_it_does(
    gadgets: list[Gadget], capfd: pytest.CaptureFixture[str]
) -> None:
    call_command("shopreco_reindex", GADGET)
    said = capfd.readouterr().err.splitlines()
    assert said[0] == f"{GADGET}: 0 of 3 objects. Listing the objects of the catalogue."
    assert said[-1].startswith(f"{GADGET}: 3 of 3 objects. Building the search indexes")
    assert "the first time a copy of the model for queries" in said[-1]
    assert len(said) < 6
    call_command("shopreco_reindex", GADGET, "--json")
    assert capfd.readouterr().err == ""


def test_an_index_is_not_built_inside_a_transaction(gadgets: list[Gadget]) -> None:
    with transaction.atomic():
        with pytest.raises(RunError, match=r"inside a transaction.*use TransactionTestCase"):
            services.run_inline(services.reindex(GADGET))
        assert Gadget.objects.count() == 3, "the transaction is not broken"
        transaction.set_rollback(True)
    run("shopreco_reindex", GADGET)
    with transaction.atomic():
        assert services.run_inline(services.reindex(GADGET)).state == RunState.DONE


# Runs that nobody works on


def test_reindex_takes_over_a_run_that_no_worker_has_taken(
    gadgets: list[Gadget], capfd: pytest.CaptureFixture[str]
) -> None:
    queued = services.rebuild(GADGET)
    printed, code = run("shopreco_reindex", GADGET)
    assert (code, Run.objects.get().state) == (0, RunState.DONE)
    assert f"No worker is at {queued}: it is taken over." in capfd.readouterr().err
    assert "3 objects, 3 encoded" in printed


def test_a_rebuild_stands_for_a_run_that_no_worker_has_taken(gadgets: list[Gadget]) -> None:
    run("shopreco_reindex", GADGET)
    queued = services.reindex(GADGET)
    _printed, code = run("shopreco_reindex", GADGET, "--rebuild")
    queued.refresh_from_db()
    assert (code, queued.state) == (0, RunState.CANCELLED)
    newest = Run.objects.first()
    assert newest is not None
    assert (newest.kind, newest.state) == ("rebuild", RunState.DONE)


def test_a_run_that_a_worker_is_at_is_not_taken(gadgets: list[Gadget]) -> None:
    """Not one that showed signs of life, and not one that a long batch keeps from showing any."""
    reindex.start(get_catalogue(GADGET))
    now = timezone.now()
    Run.objects.update(state=RunState.RUNNING, heartbeat_at=now)
    with pytest.raises(CommandError, match="is under way"):
        call_command("shopreco_reindex", GADGET)
    Run.objects.update(heartbeat_at=now - timedelta(minutes=5))
    working, done = Event(), Event()

    def work() -> None:
        with try_lock(f"run {Run.objects.get().pk}"):
            working.set()
            done.wait(60)

    worker = in_thread(work)
    assert working.wait(30)
    with pytest.raises(CommandError, match="is under way"):
        call_command("shopreco_reindex", GADGET)
    done.set()
    worker.result(timeout=30)
    _printed, code = run("shopreco_reindex", GADGET)
    assert (code, Run.objects.get().state) == (0, RunState.DONE)


def test_reindex_can_be_left_to_the_workers(gadgets: list[Gadget]) -> None:
    printed, code = run("shopreco_reindex", GADGET, "--queue")
    assert code == 0
    assert "is queued" in printed
    assert Run.objects.get().state == RunState.QUEUED


def test_rebuild_makes_another_space(gadgets: list[Gadget], settings: Any) -> None:
    run("shopreco_reindex", GADGET)
    settings.SHOPRECO = {
        **settings.SHOPRECO,
        "TEXT_ENCODER": {"CLASS": HASHING, "DIMENSION": 32},
    }
    printed, code = run("shopreco_status", GADGET)
    assert code == 2
    assert "--rebuild" in printed
    run("shopreco_reindex", GADGET, "--rebuild")
    printed, code = run("shopreco_status", GADGET)
    assert code == 0
    assert "32 numbers" in printed


def test_reconcile_finds_what_no_signal_told(gadgets: list[Gadget]) -> None:
    run("shopreco_reindex", GADGET)
    Gadget.objects.filter(pk=gadgets[0].pk).update(name="renamed lamp")
    printed, code = run("shopreco_reconcile", GADGET, "--json")
    assert code == 0
    assert json.loads(printed)[0]["changed"] == 1
    assert Item.objects.get(object_id=str(gadgets[0].pk)).title == "renamed lamp"


def test_status_tells_what_is_there_and_what_is_wrong(gadgets: list[Gadget]) -> None:
    printed, code = run("shopreco_status", GADGET)
    assert code == 2
    assert "Nothing is indexed yet: re-index the catalogue (shopreco_reindex)." in printed
    run("shopreco_reindex", GADGET)
    printed, code = run("shopreco_status", GADGET)
    assert code == 0
    assert "3 indexed, 0 waiting, 0 skipped, 0 failed" in printed
    gadgets[0].save()
    printed, code = run("shopreco_status", GADGET, "--json")
    [status] = json.loads(printed)
    assert code == 2
    assert (status["items"], status["pending"]) == (3, 1)
    assert "is a Celery worker running" in status["problems"][0]


def test_status_shows_a_run_under_way(gadgets: list[Gadget]) -> None:
    services.reindex(GADGET)
    printed, _code = run("shopreco_status", GADGET)
    assert "0 of 0, queued" in printed


def test_status_marks_a_run_that_no_worker_takes(gadgets: list[Gadget]) -> None:
    services.reindex(GADGET)
    assert "No sign of life" not in run("shopreco_status", GADGET)[0]
    Run.objects.update(created_at=timezone.now() - timedelta(minutes=10))
    printed, code = run("shopreco_status", GADGET)
    assert "  ! No sign of life for 10" in printed
    assert "shopreco_reindex takes it over" in printed
    assert code == 2


def test_a_shop_with_few_pictures_is_well_and_told_so(gadgets: list[Gadget]) -> None:
    run("shopreco_reindex", GADGET)
    space = EmbeddingSpace.objects.get()
    space.statistics = replace(space.statistics, left_out=LeftOut(pairs=46, needed=100))
    space.save()
    printed, code = run("shopreco_status", GADGET)
    assert "\n  Pictures are left out: 46 products have a picture and a text, 100" in printed
    assert code == 0


@pytest.mark.parametrize("encoder", ["tests.testapp.encoders.EnglishEncoder", HASHING])
def test_status_says_which_languages_the_model_does_not_read(encoder: str, settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": {"CLASS": encoder}}
    for n in range(3):
        Gadget.objects.create(name=f"lamp {n}", text="A lamp that is made of brass and of glass.")
    run("shopreco_reindex", GADGET)
    assert "does not read" not in run("shopreco_status", GADGET)[0]
    Gadget.objects.create(name="Lampe", text="Die Lampe ist aus Messing und mit einem Schirm.")
    run("shopreco_reindex", GADGET, "--rebuild")
    printed, code = run("shopreco_status", GADGET)
    assert ("\n  The language model does not read de: texts in it" in printed) is (
        encoder != HASHING
    )
    assert code == 0


def test_prune_counts_what_it_removes(gadgets: list[Gadget]) -> None:
    run("shopreco_reindex", GADGET)
    gadgets[0].delete()
    run("shopreco_reindex", GADGET)
    printed, code = run("shopreco_prune", GADGET, "--days", "0", "--json")
    assert code == 0
    assert json.loads(printed) == {"spaces": 0, "vectors": 0, "tombstones": 1, "runs": 2}
    printed, _code = run("shopreco_prune", GADGET)
    assert printed.strip() == "0 spaces, 0 vectors, 0 tombstones, 0 runs"
