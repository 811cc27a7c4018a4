"""The engine of runs: start, advance in slices, cancel, resume, and take over abandoned ones.

What a run does is its kind's, see `base`.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from time import sleep
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connections, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from shopreco.broker import send
from shopreco.db.locks import try_lock
from shopreco.db.routing import write_alias
from shopreco.exceptions import ConfigurationError, RunError, describe
from shopreco.models import EmbeddingSpace, Run, RunState
from shopreco.runs.base import RunKind, StepOutcome
from shopreco.runs.registry import run_kinds
from shopreco.runs.slices import Progress, TimeSlice, row

logger = logging.getLogger(__name__)

WAIT_SECONDS = 0.2


def start(
    kind: str,
    *,
    catalogue: str,
    subject: str,
    space: EmbeddingSpace | None = None,
    user: Any = None,
) -> Run:
    """Create the row of a run; work begins with the first `advance`.

    subject: what the run is about. One run of a catalogue and subject is live at a time.
    space: the embedding space that it fills, if it fills one.

    Raises:
        RunError: another run of this catalogue and subject is under way.
        ConfigurationError: no kind has this name.
    """
    run_kinds.get(kind)
    try:
        with transaction.atomic(using=write_alias()):
            return Run.objects.using(write_alias()).create(
                catalogue=catalogue,
                kind=kind,
                subject=subject,
                space=space,
                requested_by_id="" if user is None else str(user.pk),
                requested_by="" if user is None else user.get_username()[:255],
            )
    except IntegrityError:
        live = live_run(catalogue, subject)
        raise RunError(f"{live or catalogue} is under way.") from None


def hand_over(run: Run) -> Run:
    """Hand a run to the workers, once the open transaction has committed."""
    transaction.on_commit(lambda: send("advance_run", run.pk), using=write_alias(), robust=True)
    return run


def advance(run: Run, *, seconds: float, progress: Progress | None = None) -> StepOutcome:
    """Work on a run for about `seconds`, and refresh `run`; call again while it `is_live`.

    An error of a step fails the run, which records it, and is raised here.

    Returns:
        WAITING if nothing could be done at the end, so that the caller waits a little; else WORKED.

    Raises:
        RunError: its kind commits by itself, and this is inside a transaction.
    """
    try:
        kind = run_kinds.get(run.kind)
    except ConfigurationError as error:
        _fail(run, error)
        raise
    if kind.needs_autocommit and connections[write_alias()].in_atomic_block:
        raise RunError(
            f"{run} cannot be worked on inside a transaction: its indexes are created "
            "concurrently. Leave atomic() first; in tests use TransactionTestCase, or "
            "pytest.mark.django_db(transaction=True)."
        )
    try:
        outcome = _advance(run, kind, seconds, progress)
    except (OperationalError, InterfaceError):
        # The database went away: the run stays as it is, and the sweep takes it up again.
        raise
    except Exception as error:
        _fail(run, error)
        raise
    run.refresh_from_db(using=write_alias())
    return outcome


def _advance(run: Run, kind: RunKind, seconds: float, progress: Progress | None) -> StepOutcome:
    with try_lock(_lock(run)) as is_leader:
        if not (is_leader or kind.is_shared):
            return StepOutcome.WAITING
        row(run).filter(state=RunState.QUEUED).update(state=RunState.RUNNING)
        row(run).filter(started_at=None).update(started_at=timezone.now())
        time_slice = TimeSlice(run, seconds=seconds, is_leader=is_leader, progress=progress)
        # At least one step, or a short slice would never get anywhere.
        while time_slice.beat():
            outcome = kind.step(run, time_slice)
            if outcome is StepOutcome.DONE and is_leader:
                _finish(run)
            elif outcome is not StepOutcome.WORKED:
                return StepOutcome.WAITING
            time_slice.report()
            if time_slice.is_over:
                break
    return StepOutcome.WORKED


def _fail(run: Run, error: Exception) -> None:
    live = row(run).filter(state__in=Run.LIVE)
    live.update(state=RunState.FAILED, error=describe(error))
    run.refresh_from_db(using=write_alias())


def _finish(run: Run) -> None:
    done = row(run).filter(state=RunState.RUNNING)
    if done.update(state=RunState.DONE, finished_at=timezone.now()):
        logger.info("%s is done", run)
    run.refresh_from_db(using=write_alias())
    if run.warning:
        logger.warning("%s: %s", run, run.warning)


def complete(run: Run, *, seconds: float, progress: Progress | None = None) -> Run:
    """Advance a run in this process, slice by slice of `seconds`, until it is over.

    Raises as `advance`.
    """
    while run.is_live:
        outcome = advance(run, seconds=seconds, progress=progress)
        if progress:
            progress(run)
        if outcome is StepOutcome.WAITING:
            sleep(WAIT_SECONDS)
    return run


def cancel(run: Run) -> None:
    """Stop a run after its current step. Finished work stays, and the rest can be resumed.

    Raises:
        RunError: it is not under way.
    """
    _move(run, Run.LIVE, RunState.CANCELLED)


def resume(run: Run) -> None:
    """Queue a cancelled or failed run again.

    Raises:
        RunError: it is neither, it cannot go on, or another one of its subject is under way.
    """
    kind = run_kinds.get(run.kind)
    try:
        with transaction.atomic(using=write_alias()):
            _move(run, Run.RESUMABLE, RunState.QUEUED)
            kind.prepare_resume(run)
    except IntegrityError:
        raise RunError(f"Another run of {run.catalogue} is under way.") from None
    finally:
        run.refresh_from_db(using=write_alias())


def _move(run: Run, states: tuple[str, ...], to: RunState) -> None:
    moved = row(run).filter(state__in=states).update(state=to, finished_at=None, error="")
    run.refresh_from_db(using=write_alias())
    if not moved:
        raise RunError(f"{run} is {run.get_state_display()}: it cannot become {to.label}.")


def live_run(catalogue: str, subject: str) -> Run | None:
    """The run of a catalogue and subject that is under way."""
    return _live().filter(catalogue=catalogue, subject=subject).first()


def silent_runs(after: timedelta) -> QuerySet[Run]:
    """Live runs whose last heartbeat is older than `after`, or that never had one."""
    silent = Q(heartbeat_at=None) | Q(heartbeat_at__lt=timezone.now() - after)
    return _live().filter(silent)


def is_left(run: Run) -> bool:
    """Whether no process works on a run: none has taken it yet, or the one that had is gone."""
    with try_lock(_lock(run)) as is_free:
        return is_free and (run.state == RunState.QUEUED or run.is_silent)


def _live() -> QuerySet[Run]:
    return Run.objects.using(write_alias()).filter(state__in=Run.LIVE)


def _lock(run: Run) -> str:
    return f"run {run.pk}"
