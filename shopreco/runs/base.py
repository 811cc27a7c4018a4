"""The contract of a kind of run: the steps of long work. The engine does everything else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from shopreco.models import Run
    from shopreco.runs.slices import TimeSlice


class StepOutcome(Enum):
    """The outcome of a step."""

    WORKED = "worked"
    """Something was done; there may be more to do at once."""
    WAITING = "waiting"
    """Nothing can be done now: other processes have the rest in hand."""
    DONE = "done"
    """The work is complete. It counts only from the leader."""


class RunKind(ABC):
    """One kind of long work, such as a re-index. Register one instance in `AppConfig.ready`:

        run_kinds.register("count", Count())

    A process may be killed at any line, and another calls `step` again. So a step writes where it
    stands into the row with what it did: `notes` (JSON) and `cursor` are the kind's own. `total`
    says how many things there are to do, `enumerated` that this number is final.

    Capability flags:
        is_shared: Can several processes work on one run at the same time? If so, only one of them
            is the leader (`TimeSlice.is_leader`); else the others are not asked.
        needs_autocommit: Does a step commit by itself, or create an index concurrently? If so, it
            is not called inside a transaction.
    """

    name: ClassVar[str]
    """The name by which it is registered, and the value of `Run.kind`."""
    label: ClassVar[_StrOrPromise]
    """What people call it, translated."""
    is_shared: ClassVar[bool] = False
    needs_autocommit: ClassVar[bool] = False

    @abstractmethod
    def step(self, run: Run, time_slice: TimeSlice) -> StepOutcome:
        """Do the next piece of the work, a few seconds long.

        A longer step calls `time_slice.beat` now and then, and stops if that is false.
        An error fails the run, which records it; but not one of the database connection.
        """

    @abstractmethod
    def done(self, run: Run) -> int:
        """Number of `run.total` that is done. Reads stored rows, and does no work."""

    def prepare_resume(  # noqa: B027 (a kind that goes on where it stood need not do anything)
        self, run: Run
    ) -> None:
        """Get a cancelled or failed run ready to go on, in the transaction that queues it again.

        Raises:
            RunError: it cannot go on; the message says what to do instead.
        """

    def stage(self, run: Run) -> str:
        """A translated sentence about what a run does now, or did; empty for none.

        Not called while a run is queued, or after it failed.
        """
        return ""

    def warning(self, run: Run) -> str:
        """A translated warning for whoever looks at a run; empty for none."""
        return ""
