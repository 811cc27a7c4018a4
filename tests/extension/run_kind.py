from __future__ import annotations

from shopreco.models import Item, Run
from shopreco.runs.base import RunKind, StepOutcome
from shopreco.runs.slices import TimeSlice, row

TOGETHER = 2


class Stocktake(RunKind):
    """Counts the indexed products that are available, two at a step."""

    name = "stocktake"
    label = "stocktake"

    def step(self, run: Run, time_slice: TimeSlice) -> StepOutcome:
        items = Item.objects.indexed().filter(catalogue=run.catalogue).order_by("pk")
        if not run.enumerated:
            row(run).update(total=items.count(), enumerated=True)
            return StepOutcome.WORKED
        part = list(items.filter(pk__gt=run.cursor or 0)[:TOGETHER])
        if not part:
            return StepOutcome.DONE
        notes = {
            "read": self.done(run) + len(part),
            "available": run.notes.get("available", 0) + sum(item.available for item in part),
        }
        row(run).update(cursor=str(part[-1].pk), notes=notes)
        run.refresh_from_db()
        return StepOutcome.WORKED

    def done(self, run: Run) -> int:
        return int(run.notes.get("read", 0))

    def stage(self, run: Run) -> str:
        return f"{run.notes.get('available', 0)} of {self.done(run)} are available."
