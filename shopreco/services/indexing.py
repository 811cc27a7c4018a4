"""Indexing: whole catalogues, single objects, spaces and their state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shopreco.catalogues import Catalogue, get_catalogue, get_catalogues
from shopreco.conf import get_settings
from shopreco.indexing import marks, retention, signals, spaces
from shopreco.indexing import reindex as reindexing
from shopreco.indexing.status import CatalogueStatus, catalogue_status, outcome_counts
from shopreco.models import EmbeddingSpace, Run
from shopreco.runs import engine
from shopreco.runs.slices import Progress
from shopreco.spaces.indexes import build_indexes

__all__ = [
    "CatalogueStatus",
    "Progress",
    "abandoned_run",
    "activate",
    "begin",
    "cancel",
    "catalogue_status",
    "outcome_counts",
    "prune",
    "rebuild",
    "reindex",
    "reindex_objects",
    "resume",
    "run_inline",
    "status",
    "waiting_changes",
]


def reindex(catalogue: str | None = None, *, user: Any = None) -> Run:
    """Compare a whole catalogue with its index and repair what differs; workers do it.

    Raises:
        RunError: a run of this catalogue is under way.
    """
    return engine.hand_over(reindexing.start(get_catalogue(catalogue), user=user))


def rebuild(catalogue: str | None = None, *, refit: bool = False, user: Any = None) -> Run:
    """Build a new space from the current settings beside the active one and switch to it.

    Args:
        refit: fit the alignment of pictures anew, on all pairs of picture and text that there are
            by now. Nothing is encoded for it. The same pairs give the same alignment, and so a
            space of the same fingerprint.

    Raises:
        RunError: a run of this catalogue is under way.
    """
    shop = get_catalogue(catalogue)
    return engine.hand_over(reindexing.start(shop, rebuild=True, refit=refit, user=user))


def begin(catalogue: Catalogue, *, rebuild: bool = False, refit: bool = False) -> Run:
    """Begin a run that this process works on, see `run_inline`; workers are not told.

    Raises:
        RunError: a run of this catalogue is under way.
    """
    return reindexing.start(catalogue, rebuild=rebuild, refit=refit)


def abandoned_run(catalogue: Catalogue) -> Run | None:
    """The run of a catalogue that is under way, if nobody works on it."""
    live = reindexing.live_run(catalogue.name)
    return live if live is not None and engine.is_left(live) else None


def reindex_objects(catalogue: str, object_ids: Iterable[str]) -> int:
    """Have some objects indexed again, before the bulk of runs; returns how many."""
    ids = list(dict.fromkeys(object_ids))
    signals.changed(get_catalogue(catalogue), ids)
    return len(ids)


def cancel(run: Run) -> None:
    """Cancel a run after its current step. Finished work stays, and the rest can be resumed.

    Raises:
        RunError: it is not under way.
    """
    engine.cancel(run)


def resume(run: Run) -> Run:
    """Go on with a run that was cancelled or has failed; workers do it.

    Raises:
        RunError: it is neither, it cannot go on, or another run of its subject is under way.
    """
    engine.resume(run)
    return engine.hand_over(run)


def activate(space: EmbeddingSpace, *, user: Any = None) -> Run | None:
    """Switch to a space, for instance back to the one before, and bring it up to date.

    The switch is one UPDATE. What changed while the space was retired is caught up by a run,
    which is returned; None if another run is under way, which then begins again and does it.
    """
    build_indexes(space)
    spaces.activate(space)
    run = reindexing.catch_up(get_catalogue(space.catalogue), user=user)
    return None if run is None else engine.hand_over(run)


def run_inline(run: Run, progress: Progress | None = None) -> Run:
    """Work on a run in this process until it is over; for commands, scripts and tests. Raises
    `RunError` inside a transaction, if the run builds a space."""
    return engine.complete(run, seconds=get_settings().SLICE_SECONDS, progress=progress)


def status() -> list[CatalogueStatus]:
    """The state of every catalogue: what is indexed, what waits, what is wrong and the fix."""
    return [catalogue_status(catalogue) for catalogue in get_catalogues()]


def waiting_changes(catalogue: Catalogue) -> int:
    """How many changes of a catalogue wait to be indexed."""
    return marks.pending(catalogue.name)


def prune(catalogue: str | None = None, *, keep: int = 1, before: datetime) -> dict[str, int]:
    """Remove retired spaces beyond the `keep` newest, tombstones and runs older than `before`."""
    chosen = [get_catalogue(catalogue)] if catalogue else get_catalogues()
    pruned: Counter[str] = Counter({"spaces": 0, "vectors": 0, "tombstones": 0, "runs": 0})
    for each in chosen:
        pruned.update(retention.prune(each, keep=keep, before=before))
    return dict(pruned)
