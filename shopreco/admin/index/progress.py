"""Progress of a run at one moment, for its page and for the script that keeps the page fresh."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from shopreco.models import Run


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


def progress(run: Run, *, may_steer: bool) -> Progress:
    return {
        "state": run.state,
        "label": str(run.get_state_display()),
        "stage": run.stage,
        "warning": run.warning,
        "error": run.error,
        "is_live": run.is_live,
        "counting": run.is_live and not run.enumerated,
        "can_cancel": may_steer and run.is_live,
        "can_resume": may_steer and run.state in Run.RESUMABLE,
        "total": run.total,
        "done": run.done,
        "encoded": run.encoded,
        "changed": run.changed,
        "removed": run.removed,
        "failed": run.failed,
        "seconds": _seconds(run),
        "heartbeat": _heartbeat(run),
    }


def _seconds(run: Run) -> int | None:
    if run.started_at is None:
        return None
    end = run.finished_at or (timezone.now() if run.is_live else run.heartbeat_at)
    return max(0, round((end - run.started_at).total_seconds())) if end else None


def _heartbeat(run: Run) -> str:
    if run.heartbeat_at is None:
        return _("none yet")
    passed = timezone.now() - run.heartbeat_at
    if passed < timedelta(seconds=10):
        return _("just now")
    if passed < timedelta(minutes=1):
        return _("%d seconds ago") % passed.total_seconds()
    return _("%s ago") % timesince(run.heartbeat_at, depth=1)
