"""A re-index: a pass over all objects of a catalogue. A rebuild fills a new space in that pass.

Its steps: enumerate the objects; link them, which settles those that are as they were; encode and
write the rest, whose neighbourhoods are known by then; finish.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from shopreco.catalogues import Catalogue, get_catalogue
from shopreco.db.routing import write_alias
from shopreco.exceptions import RunError
from shopreco.fusion import GRAPH
from shopreco.graph import extraction, orphans
from shopreco.indexing import items, marks, node_vectors, outbox, propagation, spaces
from shopreco.indexing.index_runs import REBUILD, REINDEX
from shopreco.indexing.pipeline import index_batch, index_changes
from shopreco.models import EmbeddingSpace, Item, Outcome, Run, RunState, SpaceState
from shopreco.runs import engine
from shopreco.runs.base import StepOutcome
from shopreco.runs.slices import TimeSlice, row
from shopreco.spaces import serving
from shopreco.spaces.indexes import build_indexes

OBJECTS_PER_PAGE: Final = 5_000
"""Objects that are enqueued together."""


def start(
    catalogue: Catalogue, *, rebuild: bool = False, refit: bool = False, user: Any = None
) -> Run:
    """Create the row of a re-index or rebuild; work begins with the first `engine.advance`.

    A catalogue without an active space gets one: its first run is a rebuild in any case.
    refit: see `spaces.create_space`; of a rebuild only.

    Raises:
        RunError: another run of this catalogue is under way.
    """
    if (other := live_run(catalogue.name)) is not None:
        raise RunError(f"{other} is under way. Wait for it, or cancel it first, in the admin.")
    rebuild = rebuild or serving.active_space(catalogue.name) is None
    kind = REBUILD if rebuild else REINDEX
    space = spaces.create_space(catalogue, refit=refit) if rebuild else None
    try:
        return engine.start(
            kind.name, catalogue=catalogue.name, subject=Run.INDEX, space=space, user=user
        )
    except RunError:
        # Somebody was faster, in this very moment.
        if space is not None and not space.runs.exists():
            space.delete(using=write_alias())
        raise


def catch_up(catalogue: Catalogue, *, user: Any = None) -> Run | None:
    """Start a run over all objects, for a space that missed changes.

    If a run is under way, it begins again instead, and this returns None."""
    while True:
        try:
            return start(catalogue, user=user)
        except RunError:
            if (live := live_run(catalogue.name)) is not None:
                begin_again(live)
                return None


def begin_again(run: Run) -> None:
    """Make a run compare all objects from the first on, since it writes to other spaces now."""
    row(run).update(cursor="", enumerated=False, linked=False, total=run.pending)


def live_run(catalogue: str) -> Run | None:
    """The run that writes the index of a catalogue, if one is under way."""
    return engine.live_run(catalogue, Run.INDEX)


def step(run: Run, time_slice: TimeSlice) -> StepOutcome:
    """Do the next step of a run: one process enumerates and finishes, all of them index."""
    catalogue = get_catalogue(run.catalogue)
    if time_slice.is_leader and not run.enumerated:
        enumerate_objects(run, catalogue, time_slice)
        return StepOutcome.WORKED
    return _work(run, catalogue, is_leader=time_slice.is_leader)


def enumerate_objects(run: Run, catalogue: Catalogue, time_slice: TimeSlice) -> None:
    """Enqueue every object, page by page in the order of the key, and every item without an object.

    Claims begin when all is enqueued, so nothing is indexed twice.
    """
    marks.collect(catalogue)
    pks = catalogue.written_queryset().order_by("pk").values_list("pk", flat=True)
    while time_slice.beat():
        after = catalogue.to_pk(run.cursor) if run.cursor else None
        page = list((pks if after is None else pks.filter(pk__gt=after))[:OBJECTS_PER_PAGE])
        if not page:
            break
        _enqueue(run, [str(pk) for pk in page], cursor=str(page[-1]))
        time_slice.report()
    items = Item.objects.using(write_alias()).filter(catalogue=catalogue.name)
    known = items.exclude(outcome=Outcome.DELETED).order_by("pk").values_list("pk", "object_id")
    last = 0
    while time_slice.beat() and (rows := list(known.filter(pk__gt=last)[:OBJECTS_PER_PAGE])):
        ids = [object_id for _pk, object_id in rows]
        # Others are enqueued by now, and may be indexed: once more they would count twice.
        there = {str(pk) for pk in pks.filter(pk__in=catalogue.to_pks(ids))}
        _enqueue(run, [object_id for object_id in ids if object_id not in there])
        last, _object_id = rows[-1]
    if serving.active_space(catalogue.name) is None:
        outbox.demote(run.pk)
    if run.state == RunState.RUNNING:
        row(run).filter(enumerated=False).update(enumerated=True)


def _enqueue(run: Run, object_ids: Sequence[str], **noted: str) -> None:
    enqueued = outbox.enqueue_for_run(run.catalogue, object_ids, run.pk)
    run.total += enqueued
    row(run).update(total=run.total, **noted)


def _work(run: Run, catalogue: Catalogue, *, is_leader: bool) -> StepOutcome:
    """Index a batch of the highest priority. If it is not of the run, do a batch or step of the run
    as well: in a shop that never rests, saves would keep the run waiting for ever."""
    batch = index_batch(catalogue)
    if batch.of_run or index_changes(catalogue, run_id=run.pk).claimed:
        return StepOutcome.WORKED
    outcome = _go_on(run, catalogue) if is_leader else StepOutcome.WAITING
    return StepOutcome.WORKED if outcome is StepOutcome.WAITING and batch.claimed else outcome


def _go_on(run: Run, catalogue: Catalogue) -> StepOutcome:
    """Take the next step of a run that has nothing to claim."""
    if not run.linked:
        if run.unlinked:
            return StepOutcome.WAITING
        # All values are known by now. What says them in its texts is linked to them as it is
        # encoded, and what was settled before they were known comes again.
        outbox.enqueue_again(catalogue.name, extraction.learn_values(catalogue), run_id=run.pk)
        row(run).update(linked=True)
        return StepOutcome.WORKED
    if run.pending:
        return StepOutcome.WAITING
    _finish(run, catalogue)
    return StepOutcome.DONE


def _name_nodes(catalogue: str) -> None:
    """Encode the labels of graph nodes for the space that answers."""
    active = serving.active_space(catalogue)
    if active is not None and GRAPH in active.encoders:
        node_vectors.encode_nodes(active)


def _finish(run: Run, catalogue: Catalogue) -> None:
    """Finish a run: build the indexes of its space, and activate it."""
    items.show_prices(run.catalogue, items.wrongly_priced(run.catalogue))
    # Not `run.space`, which a replica may not have yet.
    space = EmbeddingSpace.objects.using(write_alias()).filter(runs=run).first()
    if space is not None and space.state == SpaceState.BUILDING:
        spaces.fuse_what_awaits(space, catalogue)
        propagation.propagate_links(space)
        spaces.export_query_encoders(space)
        build_indexes(space)
        spaces.calibrate(space)
        spaces.activate(space)
    elif active := serving.active_space(run.catalogue):
        propagation.propagate_links(active)
        spaces.export_query_encoders(active)
    # Texts that say values which were saved meanwhile, and are not the run's: nothing is encoded.
    outbox.enqueue_again(catalogue.name, extraction.learn_values(catalogue), run_id=None)
    orphans.prune_nodes(run.catalogue)
    _name_nodes(run.catalogue)
