"""The state of a run at one moment, for its page and for the script that keeps the page fresh."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from shopreco.models import IndexRun, RunKind, RunState
from shopreco.tasks import SWEEP_SECONDS

SILENCE = timedelta(seconds=2 * SWEEP_SECONDS)
"""A run that is silent for longer has lost its workers, and the sweep too."""


class Progress(TypedDict):
    """JSON of a run. `seconds`: how long it has worked so far, or worked in all."""

    state: str
    label: str
    stage: str
    warning: str
    error: str
    is_live: bool
    counting: bool
    can_cancel: bool
    can_resume: bool
    total: int
    done: int
    encoded: int
    changed: int
    removed: int
    failed: int
    seconds: int | None
    heartbeat: str


def progress(run: IndexRun, *, may_steer: bool) -> Progress:
    pending = run.pending if run.is_live or run.state in RESUMABLE else 0
    return {
        "state": run.state,
        "label": str(run.get_state_display()),
        "stage": _stage(run, pending),
        "warning": _warning(run) or run.warning,
        "error": run.error,
        "is_live": run.is_live,
        "counting": run.is_live and not run.enumerated,
        "can_cancel": may_steer and run.is_live,
        "can_resume": may_steer and run.state in RESUMABLE,
        "total": run.total,
        "done": max(0, run.total - pending),
        "encoded": run.encoded,
        "changed": run.changed,
        "removed": run.removed,
        "failed": run.failed,
        "seconds": _seconds(run),
        "heartbeat": _heartbeat(run),
    }


RESUMABLE = (RunState.CANCELLED, RunState.FAILED)


def _stage(run: IndexRun, pending: int) -> str:
    match run.state:
        case RunState.QUEUED:
            return _("Waiting for a worker.")
        case RunState.RUNNING if not run.enumerated:
            return _("Listing the objects of the catalogue.")
        case RunState.RUNNING if pending and not run.linked:
            return _("Reading and comparing %(done)s of %(total)s objects.") % {
                "done": max(0, run.total - run.unlinked),
                "total": run.total,
            }
        case RunState.RUNNING if pending:
            return _("Encoding and writing what differs.")
        case RunState.RUNNING if run.kind == RunKind.REBUILD:
            return _("Building the search indexes of the new version.")
        case RunState.RUNNING:
            return _("Finishing.")
        case RunState.DONE if run.kind == RunKind.REBUILD:
            return _("Answers come from the new version.")
        case RunState.DONE:
            return _("The index agrees with the catalogue.")
        case RunState.CANCELLED:
            return _("What is indexed stays; resume to do the rest.")
        case _:
            return _("An error stopped it; resume when its cause is gone.")


def _warning(run: IndexRun) -> str:
    """What to look at when a run that should move does not."""
    since = run.heartbeat_at or run.created_at
    if not run.is_live or timezone.now() - since < SILENCE:
        return ""
    return _(
        "No sign of life for %(time)s. Are a Celery worker and beat running, and is the broker "
        "reachable? The run goes on by itself as soon as they are."
    ) % {"time": timesince(since, depth=1)}


def _seconds(run: IndexRun) -> int | None:
    if run.started_at is None:
        return None
    end = run.finished_at or (timezone.now() if run.is_live else run.heartbeat_at)
    return max(0, round((end - run.started_at).total_seconds())) if end else None


def _heartbeat(run: IndexRun) -> str:
    if run.heartbeat_at is None:
        return _("none yet")
    passed = timezone.now() - run.heartbeat_at
    if passed < timedelta(seconds=10):
        return _("just now")
    if passed < timedelta(minutes=1):
        return _("%d seconds ago") % passed.total_seconds()
    return _("%s ago") % timesince(run.heartbeat_at, depth=1)
