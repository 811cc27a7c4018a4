"""Runs: passes over a whole catalogue that any process can take up where another stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from django.db import (
    IntegrityError,
    InterfaceError,
    OperationalError,
    connections,
    transaction,
)
from django.db.models import F
from django.utils import timezone

from shopreco.catalogues import Catalogue, get_catalogue
from shopreco.exceptions import RunError
from shopreco.fusion import GRAPH
from shopreco.indexing import graph, items, outbox, spaces
from shopreco.indexing.outbox import PAGE, outbox_database
from shopreco.indexing.pipeline import index_batch
from shopreco.models import IndexRun, Item, Outcome, RunKind, RunState, SpaceState

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
    live = IndexRun.objects.using(outbox_database()).filter(
        catalogue=catalogue.name, state__in=IndexRun.LIVE
    )
    if (other := live.first()) is not None:
        raise RunError(f"{other} is under way. Wait for it, or cancel it first.")
    rebuild = rebuild or spaces.active_space(catalogue.name) is None
    space = spaces.create_space(catalogue, refit=refit) if rebuild else None
    try:
        with transaction.atomic(using=outbox_database()):
            return IndexRun.objects.using(outbox_database()).create(
                catalogue=catalogue.name,
                kind=RunKind.REBUILD if rebuild else RunKind.REINDEX,
                space=space,
                requested_by=user,
            )
    except IntegrityError:
        # Somebody was faster, in this very moment.
        if space is not None and not space.runs.exists():
            space.delete(using=outbox_database())
        raise RunError(f"{live.first() or catalogue.name} is under way.") from None


def cancel(run: IndexRun) -> None:
    """Stop a run after the batch in hand; what it has indexed stays, the rest can be resumed.

    Raises:
        RunError: it is not under way.
    """
    _move(run, IndexRun.LIVE, RunState.CANCELLED)


def resume(run: IndexRun) -> None:
    """Go on with a cancelled or failed run.

    Raises:
        RunError: it is neither, or another run of its catalogue is under way.
    """
    try:
        with transaction.atomic(using=outbox_database()):
            _move(run, (RunState.CANCELLED, RunState.FAILED), RunState.QUEUED)
    except IntegrityError:
        raise RunError(f"Another run of {run.catalogue} is under way.") from None


def _move(run: IndexRun, states: tuple[str, ...], to: RunState) -> None:
    rows = IndexRun.objects.using(outbox_database()).filter(pk=run.pk, state__in=states)
    if not rows.update(state=to, finished_at=None, error=""):
        run.refresh_from_db()
        raise RunError(f"{run} is {run.get_state_display()}: it cannot become {to.label}.")
    run.refresh_from_db()


def advance(run: IndexRun, *, seconds: float, progress: Progress | None = None) -> IndexRun:
    """Work on a run for about `seconds`; call again while it `is_live`.

    Several processes may advance one run: one of them enumerates and finishes, all of them index.
    Whatever stops the work is recorded, and goes up.
    """
    catalogue = get_catalogue(run.catalogue)
    deadline = monotonic() + seconds
    try:
        with _coordinator(run) as mine:
            if mine and _begin(run) and not run.enumerated:
                _enumerate(run, catalogue, progress)
            while _alive(run) and monotonic() < deadline:
                if not index_batch(catalogue).claimed:
                    break
                if progress:
                    progress(run)
            if mine and run.state == RunState.RUNNING and run.enumerated and not run.pending:
                _finish(run)
    except (OperationalError, InterfaceError):
        # The database went away: the run stays as it is, and the sweep takes it up again.
        raise
    except Exception as error:
        rows = IndexRun.objects.using(outbox_database()).filter(pk=run.pk)
        rows.filter(state__in=IndexRun.LIVE).update(
            state=RunState.FAILED, error=f"{type(error).__name__}: {error}"
        )
        raise
    run.refresh_from_db()
    return run


@contextmanager
def _coordinator(run: IndexRun) -> Iterator[bool]:
    """An advisory lock: PostgreSQL frees it when the holder's connection ends, however it ends."""
    key = f"shopreco-run-{run.pk}"
    connection = connections[outbox_database()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        if mine and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])


def _begin(run: IndexRun) -> bool:
    rows = IndexRun.objects.using(outbox_database()).filter(pk=run.pk)
    rows.filter(state=RunState.QUEUED).update(state=RunState.RUNNING)
    rows.filter(started_at=None).update(started_at=timezone.now())
    return _alive(run)


def _alive(run: IndexRun) -> bool:
    """Leave a sign of life; False once somebody has cancelled the run."""
    rows = IndexRun.objects.using(outbox_database()).filter(pk=run.pk)
    rows.update(heartbeat_at=timezone.now())
    run.refresh_from_db(using=outbox_database())
    return run.state == RunState.RUNNING


def _enumerate(run: IndexRun, catalogue: Catalogue, progress: Progress | None) -> None:
    """Enqueue every object, page by page in the order of the key, and every item.

    An item whose object is no longer there is found gone by the pipeline like any other.
    Claims begin when all is enqueued, so nothing is indexed twice.
    """
    rows = IndexRun.objects.using(outbox_database()).filter(pk=run.pk)
    pks = catalogue.get_queryset().order_by("pk").values_list("pk", flat=True)
    while _alive(run):
        after = catalogue.to_pk(run.cursor) if run.cursor else None
        page = list((pks if after is None else pks.filter(pk__gt=after))[:PAGE])
        if not page:
            break
        with transaction.atomic(using=outbox_database()):
            marked = outbox.mark(catalogue.name, map(str, page), run_id=run.pk)
            rows.update(cursor=str(page[-1]), total=run.total + marked)
        if progress:
            progress(run)
    if run.state != RunState.RUNNING:
        return
    known = Item.objects.using(outbox_database()).filter(catalogue=catalogue.name)
    object_ids = known.exclude(outcome=Outcome.DELETED).values_list("object_id", flat=True)
    with transaction.atomic(using=outbox_database()):
        marked = outbox.mark(catalogue.name, object_ids.iterator(PAGE), run_id=run.pk)
        rows.update(enumerated=True, total=run.total + marked)
    _alive(run)


def wait_for_others(seconds: float = 0.2) -> None:
    """Nothing can be claimed, but other workers hold leases: look again in a moment."""
    sleep(seconds)


def _mentions(run: IndexRun) -> int:
    """Enqueue what mentions newly known values of the graph; returns how many objects."""
    catalogue = get_catalogue(run.catalogue)
    with transaction.atomic(using=outbox_database()):
        object_ids = graph.learn_values(catalogue)
        return outbox.mark(catalogue.name, object_ids, run_id=run.pk)


def _name_nodes(catalogue: str) -> None:
    """Vectors of the graph's nodes, in the space that answers."""
    active = spaces.active_space(catalogue)
    if active is not None and GRAPH in active.encoders:
        graph.encode_nodes(active)


def _finish(run: IndexRun) -> None:
    space = run.space
    items.show_prices(run.catalogue, items.wrongly_priced(run.catalogue))
    if space is not None and space.state == SpaceState.BUILDING:
        spaces.fuse_what_awaits(space, get_catalogue(run.catalogue))
        graph.spread(space)
        spaces.export_query_encoders(space)
        spaces.build_indexes(space)
        spaces.calibrate(space)
        spaces.activate(space)
    elif active := spaces.active_space(run.catalogue):
        graph.spread(active)
        spaces.export_query_encoders(active)
    rows = IndexRun.objects.using(outbox_database()).filter(pk=run.pk, state=RunState.RUNNING)
    if again := _mentions(run):
        # Their texts say values that this run has learnt; nothing is encoded for it.
        rows.update(total=F("total") + again)
        return
    _name_nodes(run.catalogue)
    rows.update(state=RunState.DONE, finished_at=timezone.now())
    logger.info("%s is done", run)
