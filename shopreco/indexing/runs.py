"""Runs: passes over a whole catalogue that any process can take up where another stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connections, transaction
from django.db.models import QuerySet
from django.utils import timezone

from shopreco.catalogues import Catalogue, get_catalogue
from shopreco.db.locks import only_one
from shopreco.db.routing import write_alias
from shopreco.exceptions import RunError, describe
from shopreco.fusion import GRAPH
from shopreco.graph import extraction, orphans
from shopreco.indexing import items, marks, node_vectors, outbox, propagation, spaces
from shopreco.indexing.outbox import PAGE
from shopreco.indexing.pipeline import index_batch, index_changes
from shopreco.models import (
    EmbeddingSpace,
    IndexRun,
    Item,
    Outcome,
    RunKind,
    RunState,
    SpaceState,
)
from shopreco.spaces import serving
from shopreco.spaces.indexes import build_indexes

logger = logging.getLogger(__name__)

Progress = Callable[[IndexRun], None]


def start(
    catalogue: Catalogue, *, rebuild: bool = False, refit: bool = False, user: Any = None
) -> IndexRun:
    """Create the row of a run; work begins with the first `advance`.

    A catalogue without an active space gets one: its first run is a rebuild in any case.
    refit: see `spaces.create_space`; of a rebuild only.

    Raises:
        RunError: another run of this catalogue is under way.
    """
    if (other := live_run(catalogue.name)) is not None:
        raise RunError(f"{other} is under way. Wait for it, or cancel it first, in the admin.")
    rebuild = rebuild or serving.active_space(catalogue.name) is None
    space = spaces.create_space(catalogue, refit=refit) if rebuild else None
    try:
        with transaction.atomic(using=write_alias()):
            return IndexRun.objects.using(write_alias()).create(
                catalogue=catalogue.name,
                kind=RunKind.REBUILD if rebuild else RunKind.REINDEX,
                space=space,
                requested_by_id="" if user is None else str(user.pk),
                requested_by="" if user is None else user.get_username()[:255],
            )
    except IntegrityError:
        # Somebody was faster, in this very moment.
        if space is not None and not space.runs.exists():
            space.delete(using=write_alias())
        raise RunError(f"{live_run(catalogue.name) or catalogue.name} is under way.") from None


def catch_up(catalogue: Catalogue, *, user: Any = None) -> IndexRun | None:
    """A run over all objects, for a space that has not heard of them for a while; None where one
    is under way, which begins again and does it."""
    while True:
        try:
            return start(catalogue, user=user)
        except RunError:
            if (live := live_run(catalogue.name)) is not None:
                begin_again(live)
                return None


def cancel(run: IndexRun) -> None:
    """Stop a run after the batch in hand; what it has indexed stays, the rest can be resumed.

    Raises:
        RunError: it is not under way.
    """
    _move(run, IndexRun.LIVE, RunState.CANCELLED)


def resume(run: IndexRun) -> None:
    """Go on with a cancelled or failed run. It compares all objects again: what was saved since was
    not written to the space that it builds.

    Raises:
        RunError: it is neither, its space is gone, or another run of its catalogue is under way.
    """
    if run.kind == RunKind.REBUILD and run.space_id is None:
        raise RunError(f"The space of {run} was pruned. Start another rebuild.")
    try:
        with transaction.atomic(using=write_alias()):
            _move(run, (RunState.CANCELLED, RunState.FAILED), RunState.QUEUED)
            begin_again(run)
    except IntegrityError:
        raise RunError(f"Another run of {run.catalogue} is under way.") from None


def begin_again(run: IndexRun) -> None:
    """Have a run compare all objects from the first on: the spaces that it writes to are others."""
    _row(run).update(cursor="", enumerated=False, linked=False, total=run.pending)


def live_run(catalogue: str) -> IndexRun | None:
    """The run of a catalogue that is under way."""
    runs = IndexRun.objects.using(write_alias())
    return runs.filter(catalogue=catalogue, state__in=IndexRun.LIVE).first()


def is_left(run: IndexRun) -> bool:
    """Whether nobody works on a run: it was queued and not taken, or whoever took it is gone."""
    with only_one(f"run {run.pk}") as free:
        return free and (run.state == RunState.QUEUED or run.is_silent)


def _row(run: IndexRun) -> QuerySet[IndexRun]:
    return IndexRun.objects.using(write_alias()).filter(pk=run.pk)


def _move(run: IndexRun, states: tuple[str, ...], to: RunState) -> None:
    moved = _row(run).filter(state__in=states).update(state=to, finished_at=None, error="")
    run.refresh_from_db(using=write_alias())
    if not moved:
        raise RunError(f"{run} is {run.get_state_display()}: it cannot become {to.label}.")


def advance(run: IndexRun, *, seconds: float, progress: Progress | None = None) -> IndexRun:
    """Work on a run for about `seconds`; call again while it `is_live`.

    Several processes may advance one run: one of them enumerates and finishes, all of them index.
    Whatever stops the work is recorded, and goes up.

    Raises:
        RunError: the run builds a space, and this is inside a transaction.
    """
    if run.kind == RunKind.REBUILD and connections[write_alias()].in_atomic_block:
        raise RunError(
            f"{run} cannot be worked on inside a transaction: its indexes are created "
            "concurrently. Leave atomic() first; in tests use TransactionTestCase, or "
            "pytest.mark.django_db(transaction=True)."
        )
    catalogue = get_catalogue(run.catalogue)
    deadline = monotonic() + seconds
    try:
        with only_one(f"run {run.pk}") as mine:
            _row(run).filter(state=RunState.QUEUED).update(state=RunState.RUNNING)
            _row(run).filter(started_at=None).update(started_at=timezone.now())
            while _alive(run) and monotonic() < deadline:
                if mine and not run.enumerated:
                    _enumerate(run, catalogue, progress)
                elif not _work(run, catalogue, mine):
                    break
                if progress:
                    progress(run)
    except (OperationalError, InterfaceError):
        # The database went away: the run stays as it is, and the sweep takes it up again.
        raise
    except Exception as error:
        _row(run).filter(state__in=IndexRun.LIVE).update(
            state=RunState.FAILED, error=describe(error)
        )
        raise
    run.refresh_from_db(using=write_alias())
    return run


def _alive(run: IndexRun) -> bool:
    """Leave a sign of life; False once somebody has cancelled the run."""
    _row(run).update(heartbeat_at=timezone.now())
    run.refresh_from_db(using=write_alias())
    return run.state == RunState.RUNNING


def _enumerate(run: IndexRun, catalogue: Catalogue, progress: Progress | None) -> None:
    """Enqueue every object, page by page in the order of the key, and every item without one, which
    the pipeline finds gone.

    Claims begin when all is enqueued, so nothing is indexed twice.
    """
    marks.collect(catalogue)
    pks = catalogue.written_queryset().order_by("pk").values_list("pk", flat=True)
    while _alive(run):
        after = catalogue.to_pk(run.cursor) if run.cursor else None
        page = list((pks if after is None else pks.filter(pk__gt=after))[:PAGE])
        if not page:
            break
        _enqueue(run, [str(pk) for pk in page], cursor=str(page[-1]))
        if progress:
            progress(run)
    items = Item.objects.using(write_alias()).filter(catalogue=catalogue.name)
    known = items.exclude(outcome=Outcome.DELETED).order_by("pk").values_list("pk", "object_id")
    last = 0
    while _alive(run) and (rows := list(known.filter(pk__gt=last)[:PAGE])):
        ids = [object_id for _pk, object_id in rows]
        # Others are enqueued by now, and may be indexed: once more they would count twice.
        there = {str(pk) for pk in pks.filter(pk__in=catalogue.to_pks(ids))}
        _enqueue(run, [object_id for object_id in ids if object_id not in there])
        last, _object_id = rows[-1]
    if serving.active_space(catalogue.name) is None:
        outbox.demote(run.pk)
    if run.state == RunState.RUNNING:
        _row(run).filter(enumerated=False).update(enumerated=True)


def _enqueue(run: IndexRun, object_ids: Sequence[str], **noted: str) -> None:
    enqueued = outbox.enqueue_run(run.catalogue, object_ids, run.pk)
    run.total += enqueued
    _row(run).update(total=run.total, **noted)


def _work(run: IndexRun, catalogue: Catalogue, mine: bool) -> bool:
    """Index a batch of what comes first; where that is not of the run, one of the run as well, or
    take its next step: in a shop that never rests saves would keep it waiting for ever.

    False if there is nothing to do now.
    """
    batch = index_batch(catalogue)
    if batch.of_run or index_changes(catalogue, run_id=run.pk).claimed:
        return True
    return (mine and _step(run, catalogue)) or batch.claimed > 0


def _step(run: IndexRun, catalogue: Catalogue) -> bool:
    """The next step of a run that has nothing to claim; False if there is none yet."""
    if not run.enumerated:
        return False
    if not run.linked:
        if run.unlinked:
            return False
        # All values are known by now. What says them in its texts is linked to them as it is
        # encoded, and what was settled before they were known comes again.
        outbox.enqueue_again(catalogue.name, extraction.learn_values(catalogue), run_id=run.pk)
        _row(run).update(linked=True)
        return True
    if run.pending:
        return False
    _finish(run, catalogue)
    return True


def wait_for_others(seconds: float = 0.2) -> None:
    """Nothing can be claimed, but other workers hold leases: look again in a moment."""
    sleep(seconds)


def _name_nodes(catalogue: str) -> None:
    """Vectors of the graph's nodes, in the space that answers."""
    active = serving.active_space(catalogue)
    if active is not None and GRAPH in active.encoders:
        node_vectors.encode_nodes(active)


def _finish(run: IndexRun, catalogue: Catalogue) -> None:
    """Build what a space needs beside its rows, and answer from it."""
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
    _row(run).filter(state=RunState.RUNNING).update(state=RunState.DONE, finished_at=timezone.now())
    logger.info("%s is done", run)
    run.refresh_from_db(using=write_alias())
    if run.warning:
        logger.warning("%s: %s", run, run.warning)
