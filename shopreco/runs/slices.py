"""Time slices: the time that one process works on a run at a stretch."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from django.db.models import QuerySet
from django.utils import timezone

from shopreco.db.routing import write_alias
from shopreco.models import Run, RunState

Progress = Callable[[Run], None]
"""Called with a run after each step."""


def row(run: Run) -> QuerySet[Run]:
    """The row of a run, in the database where it is written."""
    return Run.objects.using(write_alias()).filter(pk=run.pk)


class TimeSlice:
    """One process at work on a run, until its time is over.

    is_leader: whether the process holds the lock of the run, which one process has at a time.
    """

    def __init__(
        self,
        run: Run,
        *,
        seconds: float,
        is_leader: bool = True,
        progress: Progress | None = None,
    ) -> None:
        self._run, self._progress = run, progress
        self._deadline = monotonic() + seconds
        self.is_leader = is_leader

    @property
    def is_over(self) -> bool:
        return monotonic() >= self._deadline

    def beat(self) -> bool:
        """Record a heartbeat and re-read the run; False once somebody has cancelled it."""
        row(self._run).update(heartbeat_at=timezone.now())
        self._run.refresh_from_db(using=write_alias())
        return self._run.state == RunState.RUNNING

    def report(self) -> None:
        """Call `progress` with the run."""
        if self._progress:
            self._progress(self._run)
