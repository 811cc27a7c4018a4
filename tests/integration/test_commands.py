"""The commands as scripts see them: output, JSON, exit codes."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.indexing import runs
from shopreco.models import IndexRun, Item, RunState
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

GADGET = "testapp.gadget"


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


def test_an_unknown_catalogue_or_a_second_run_is_an_error(gadgets: list[Gadget]) -> None:
    with pytest.raises(CommandError, match=r"Registered: .*testapp\.gadget"):
        call_command("shopreco_reindex", "testapp.gizmo")
    for command in ("shopreco_status", "shopreco_prune"):
        with pytest.raises(CommandError, match=r"There is no catalogue 'testapp.gizmo'"):
            call_command(command, "testapp.gizmo")
    runs.start(get_catalogue(GADGET))
    with pytest.raises(CommandError, match="is under way"):
        call_command("shopreco_reindex", GADGET)


def test_reindex_can_be_left_to_the_workers(gadgets: list[Gadget]) -> None:
    printed, code = run("shopreco_reindex", GADGET, "--queue")
    assert code == 0
    assert "is queued" in printed
    assert IndexRun.objects.get().state == RunState.QUEUED


def test_rebuild_makes_another_space(gadgets: list[Gadget], settings: Any) -> None:
    run("shopreco_reindex", GADGET)
    settings.SHOPRECO = {
        **settings.SHOPRECO,
        "TEXT_ENCODER": {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 32},
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


def test_prune_counts_what_it_removes(gadgets: list[Gadget]) -> None:
    run("shopreco_reindex", GADGET)
    gadgets[0].delete()
    run("shopreco_reindex", GADGET)
    printed, code = run("shopreco_prune", GADGET, "--days", "0", "--json")
    assert code == 0
    assert json.loads(printed) == {"spaces": 0, "vectors": 0, "tombstones": 1, "runs": 2}
    printed, _code = run("shopreco_prune", GADGET)
    assert printed.strip() == "0 spaces, 0 vectors, 0 tombstones, 0 runs"
