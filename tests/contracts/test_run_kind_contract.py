"""What every kind of run does, whoever registered it, and what the engine does for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from shopreco import services, tasks
from shopreco.catalogues import get_catalogue
from shopreco.db.locks import try_lock
from shopreco.exceptions import ConfigurationError, RunError
from shopreco.indexing import reindex
from shopreco.models import Run, RunState
from shopreco.runs import engine
from shopreco.runs.base import StepOutcome
from shopreco.runs.registry import run_kinds
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True)

GADGET = "testapp.gadget"
NUMBER = 7


def start_reindex() -> Run:
    services.run_inline(reindex.start(get_catalogue(GADGET)))
    Gadget.objects.update(name="candelabra")
    return reindex.start(get_catalogue(GADGET))


def start_rebuild() -> Run:
    return reindex.start(get_catalogue(GADGET), rebuild=True)


def start_count() -> Run:
    return engine.start("count", catalogue=GADGET, subject="gadgets")


def everything_is_found(run: Run) -> bool:
    return len(services.search("candelabra", catalogue=GADGET)) == NUMBER


def everything_is_counted(run: Run) -> bool:
    return bool(run.notes["counted"] == NUMBER)


STARTS = {"reindex": start_reindex, "rebuild": start_rebuild, "count": start_count}
EFFECTS = {
    "reindex": everything_is_found,
    "rebuild": everything_is_found,
    "count": everything_is_counted,
}


@pytest.fixture(params=sorted(STARTS))
def run(request: pytest.FixtureRequest, settings: Any) -> Run:
    """A run of each kind over seven objects, which takes several steps."""
    settings.SHOPRECO = {**settings.SHOPRECO, "BATCH_SIZE": 2}
    Gadget.objects.bulk_create([Gadget(name="candelabra") for _ in range(NUMBER)])
    return STARTS[request.param]()


@pytest.fixture
def locked_elsewhere(run: Run) -> Iterator[None]:
    """Another process leads the run."""

    def close() -> None:
        lock.__exit__(None, None, None)
        connections.close_all()

    with ThreadPoolExecutor(1) as other:
        lock = try_lock(f"run {run.pk}")
        assert other.submit(lock.__enter__).result(30)
        yield
        other.submit(close).result(30)


def in_the_middle(run: Run) -> bool:
    return run.is_live and 0 < run.done < run.total


def assert_done(run: Run) -> None:
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.DONE, "")
    assert (run.done, run.total) == (NUMBER, NUMBER)
    assert run.finished_at is not None
    assert EFFECTS[run.kind](run)


def test_every_registered_kind_is_tested() -> None:
    assert set(run_kinds) == set(STARTS)


@pytest.mark.parametrize("name", sorted(STARTS))
def test_a_kind_has_the_name_by_which_it_is_registered(name: str) -> None:
    assert run_kinds.get(name).name == name


def test_a_run_is_named_by_its_kind_and_says_what_it_does(run: Run) -> None:
    label = str(run_kinds.get(run.kind).label)
    assert str(run).startswith(f"{label} {GADGET}")
    assert (run.state, run.stage) == (RunState.QUEUED, "Waiting for a worker.")
    stages: list[str] = []
    engine.complete(run, seconds=60, progress=lambda run: stages.append(run.stage))
    assert len(set(stages)) > 1
    assert "" not in stages


def test_a_run_is_advanced_to_its_end(run: Run) -> None:
    seen: list[tuple[int, int]] = []

    def note(run: Run) -> None:
        if run.enumerated:
            seen.append((run.done, run.total))

    engine.complete(run, seconds=60, progress=note)
    assert_done(run)
    assert {total for _done, total in seen} == {NUMBER}
    assert [done for done, _total in seen] == sorted(done for done, _total in seen)
    assert any(0 < done < NUMBER for done, _total in seen)
    engine.advance(run, seconds=60)
    assert_done(run)


def test_each_slice_goes_on_where_the_one_before_ended(run: Run) -> None:
    slices = 0
    while (again := Run.objects.get(pk=run.pk)).is_live:
        engine.advance(again, seconds=0)
        slices += 1
    assert slices > 3
    assert_done(run)


def test_workers_advance_a_run_and_hand_it_on(run: Run) -> None:
    tasks.advance_run(run.pk)
    assert_done(run)


def test_a_run_that_is_cancelled_in_the_middle_stops_and_can_be_resumed(run: Run) -> None:
    def stop(run: Run) -> None:
        if in_the_middle(run):
            engine.cancel(Run.objects.get(pk=run.pk))

    engine.complete(run, seconds=60, progress=stop)
    assert run.state == RunState.CANCELLED
    assert 0 < run.done < NUMBER
    engine.advance(run, seconds=60)
    assert run.state == RunState.CANCELLED
    with pytest.raises(RunError, match="cannot become"):
        engine.cancel(run)
    engine.resume(run)
    assert run.state == RunState.QUEUED
    engine.complete(run, seconds=60)
    assert_done(run)
    with pytest.raises(RunError, match="cannot become"):
        engine.resume(run)


KILLED = """
import os, signal, sys
import django
django.setup()
from shopreco.models import Run
from shopreco.runs import engine

def die(run):
    if run.is_live and 0 < run.done < run.total:
        os.kill(os.getpid(), signal.SIGKILL)

engine.complete(Run.objects.get(pk=sys.argv[1]), seconds=60, progress=die)
"""


def test_a_run_whose_process_was_killed_is_taken_up_again(
    run: Run, start_process: Callable[..., Any], wait_until: Callable[..., None]
) -> None:
    process = start_process("-c", KILLED, str(run.pk), SHOPRECO_TEST_BATCH_SIZE="2")
    wait_until(lambda: not process.is_running())
    run.refresh_from_db()
    assert in_the_middle(run), process.log
    assert run.state == RunState.RUNNING
    assert not engine.is_left(run), "it showed a sign of life a moment ago"
    Run.objects.update(heartbeat_at=timezone.now() - Run.SILENCE)
    run.refresh_from_db()
    wait_until(lambda: engine.is_left(run))
    assert run in engine.silent_runs(timedelta(seconds=3))
    assert "No sign of life" in run.warning
    engine.complete(run, seconds=60)
    assert_done(run)


def test_a_run_that_fails_says_why_and_can_be_resumed(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(catalogue="testapp.gone")
    run.refresh_from_db()
    with pytest.raises(ConfigurationError, match=r"testapp\.gone"):
        engine.advance(run, seconds=60)
    assert run.state == RunState.FAILED
    assert "There is no catalogue 'testapp.gone'" in run.error
    assert run.stage == "An error stopped it; resume when its cause is gone."
    Run.objects.filter(pk=run.pk).update(catalogue=GADGET)
    engine.resume(run)
    assert run.error == ""
    engine.complete(run, seconds=60)
    assert_done(run)


def test_one_run_of_a_subject_is_live_at_a_time(run: Run) -> None:
    with pytest.raises(RunError, match=f"#{run.pk} is under way"):
        engine.start(run.kind, catalogue=run.catalogue, subject=run.subject)
    engine.cancel(run)
    other = engine.start(run.kind, catalogue=run.catalogue, subject=run.subject)
    assert engine.live_run(run.catalogue, run.subject) == other
    if run.kind != "rebuild":
        with pytest.raises(RunError, match="Another run"):
            engine.resume(run)
    assert run.state == RunState.CANCELLED


def test_a_run_of_another_subject_goes_on_beside(run: Run) -> None:
    beside = engine.start("count", catalogue=run.catalogue, subject="something else")
    engine.complete(beside, seconds=60)
    assert beside.state == RunState.DONE
    engine.complete(run, seconds=60)
    assert_done(run)


def test_beside_its_leader_a_process_works_only_on_what_is_shared(
    run: Run, locked_elsewhere: None
) -> None:
    assert engine.advance(run, seconds=60) is StepOutcome.WAITING
    assert run.is_live
    assert run.state == (RunState.RUNNING if run_kinds.get(run.kind).is_shared else RunState.QUEUED)
    assert not engine.is_left(run)


def test_what_commits_by_itself_is_not_worked_on_inside_a_transaction(run: Run) -> None:
    if run_kinds.get(run.kind).needs_autocommit:
        with transaction.atomic(), pytest.raises(RunError, match="inside a transaction"):
            engine.advance(run, seconds=60)
        assert run.state == RunState.QUEUED
    else:
        with transaction.atomic():
            engine.complete(run, seconds=60)
        assert_done(run)


def test_its_page_shows_what_a_run_does(run: Run, admin_client: Client) -> None:
    while not in_the_middle(run):
        engine.advance(run, seconds=0)
    page = admin_client.get(reverse("admin:shopreco_run_change", args=[run.pk]))
    assert run.stage in page.content.decode()
    progress = admin_client.get(reverse("admin:shopreco_run_progress", args=[run.pk])).json()
    assert (progress["done"], progress["total"]) == (run.done, NUMBER)
    assert progress["stage"] == run.stage
    assert not progress["counting"]
    page = admin_client.get(reverse("admin:shopreco_run_changelist"))
    assert f"#{run.pk} {run.get_kind_display()}" in page.content.decode()
    assert f"{run.done} of {NUMBER}" in page.content.decode()


def test_a_run_of_an_app_that_is_no_longer_installed_shows_itself_and_fails() -> None:
    run = Run.objects.create(catalogue=GADGET, kind="gone", subject="gadgets")
    assert str(run) == f"gone {GADGET} gadgets #{run.pk}"
    assert (run.done, run.warning) == (0, "")
    with pytest.raises(ConfigurationError, match="There is no run kind 'gone'"):
        engine.advance(run, seconds=60)
    assert run.state == RunState.FAILED
    assert "There is no run kind 'gone'" in run.error
    with pytest.raises(ConfigurationError, match="There is no run kind"):
        engine.start("gone", catalogue=GADGET, subject="gadgets")
