from __future__ import annotations

from shopreco.catalogues import get_catalogue
from shopreco.models import Run
from shopreco.runs.base import RunKind, StepOutcome
from shopreco.runs.slices import TimeSlice, row

TOGETHER = 2


class Count(RunKind):
    """Counts the objects of a catalogue, two at a step: a kind that an app has added."""

    name = "count"
    label = "count"

    def step(self, run: Run, time_slice: TimeSlice) -> StepOutcome:
        objects = get_catalogue(run.catalogue).get_queryset().order_by("pk")
        if not run.enumerated:
            row(run).update(total=objects.count(), enumerated=True)
            return StepOutcome.WORKED
        after = objects.filter(pk__gt=run.cursor) if run.cursor else objects
        pks = list(after.values_list("pk", flat=True)[:TOGETHER])
        if not pks:
            return StepOutcome.DONE
        row(run).update(cursor=str(pks[-1]), notes={"counted": self.done(run) + len(pks)})
        run.refresh_from_db()
        return StepOutcome.WORKED

    def done(self, run: Run) -> int:
        return int(run.notes.get("counted", 0))

    def stage(self, run: Run) -> str:
        return f"Counted {self.done(run)}."
