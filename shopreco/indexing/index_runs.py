"""The kinds of runs that write an index: a re-index and a rebuild.

A web process registers and shows them. Their steps load the whole pipeline, so they are imported
only where a run is worked on.
"""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shopreco.exceptions import RunError
from shopreco.models import Run, RunState
from shopreco.runs.base import RunKind, StepOutcome
from shopreco.runs.registry import run_kinds
from shopreco.runs.slices import TimeSlice


class Reindex(RunKind):
    """A re-index: compares every object of a catalogue with the index, and repairs what differs.

    The nightly reconciliation is one too."""

    name = Run.REINDEX
    label = _("re-index")
    is_shared = True

    def step(self, run: Run, time_slice: TimeSlice) -> StepOutcome:
        from shopreco.indexing import reindex

        return reindex.step(run, time_slice)

    def done(self, run: Run) -> int:
        return max(0, run.total - run.pending)

    def prepare_resume(self, run: Run) -> None:
        """Compare all objects again: saves meanwhile were not written to the space of the run."""
        from shopreco.indexing import reindex

        reindex.begin_again(run)

    def stage(self, run: Run) -> str:
        if run.state == RunState.CANCELLED:
            return gettext("What is indexed stays; resume to do the rest.")
        if run.state == RunState.DONE:
            return self.result()
        if not run.enumerated:
            return gettext("Listing the objects of the catalogue.")
        pending = run.pending
        if pending and not run.linked:
            return gettext("Reading and comparing %(done)s of %(total)s objects.") % {
                "done": max(0, run.total - run.unlinked),
                "total": run.total,
            }
        if pending:
            return gettext("Encoding and writing what differs.")
        return self.last_stage()

    def last_stage(self) -> str:
        return gettext("Finishing.")

    def result(self) -> str:
        return gettext("The index agrees with the catalogue.")

    def warning(self, run: Run) -> str:
        if 2 * run.unopened <= run.files:
            return ""
        return gettext(
            "Most pictures and videos could not be opened (%(unopened)d of %(files)d): is their "
            "storage mounted, and may workers read it? The vectors that they had are kept."
        ) % {"unopened": run.unopened, "files": run.files}


class Rebuild(Reindex):
    """Fills a new space in the same pass, and activates it at the end."""

    name = Run.REBUILD
    label = _("rebuild")
    needs_autocommit = True

    def prepare_resume(self, run: Run) -> None:
        if run.space_id is None:
            raise RunError(f"The space of {run} was pruned. Start another rebuild.")
        super().prepare_resume(run)

    def last_stage(self) -> str:
        return gettext(
            "Building the search indexes of the new version, and the first time a copy of "
            "the model for queries."
        )

    def result(self) -> str:
        return gettext("Answers come from the new version.")


def register() -> None:
    """Register both kinds."""
    for kind in (REINDEX, REBUILD):
        run_kinds.register(kind.name, kind)


REINDEX, REBUILD = Reindex(), Rebuild()
