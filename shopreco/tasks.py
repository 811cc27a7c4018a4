"""Celery tasks: thin, idempotent, safe to kill at any line. The rows are the queue.

app.conf.beat_schedule |= shopreco.tasks.beat_schedule()
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Thread
from time import monotonic, time
from typing import Any, Final

from celery import shared_task
from celery.schedules import crontab
from celery.signals import worker_ready
from django.db import connections
from django.utils import timezone

from shopreco.beats import beats
from shopreco.behaviour import rates, retention, statistics
from shopreco.behaviour.mining import ageing, slices
from shopreco.broker import reply, send
from shopreco.catalogues import get_catalogue, get_catalogues
from shopreco.conf import get_settings
from shopreco.db.locks import try_lock
from shopreco.db.routing import write_alias
from shopreco.exceptions import RunError
from shopreco.graph import mined_edges
from shopreco.indexing import items, marks, outbox, pacing, reindex, removal
from shopreco.indexing.pipeline import index_changes, waiting
from shopreco.models import Change, EmbeddingSpace, Run, SpaceState
from shopreco.queries import worker_photos
from shopreco.runs import engine
from shopreco.runs.base import StepOutcome
from shopreco.spaces.sources import encoder_of

logger = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 30
MINE_SECONDS: Final = 60
STATISTICS_SECONDS: Final = 600
BOT_SECONDS: Final = 600

beats.register("shopreco-sweep", {"task": "shopreco.tasks.sweep", "schedule": SWEEP_SECONDS})
beats.register("shopreco-mine", {"task": "shopreco.tasks.mine", "schedule": MINE_SECONDS})
beats.register(
    "shopreco-statistics",
    {"task": "shopreco.tasks.refresh_statistics", "schedule": STATISTICS_SECONDS},
)
beats.register(
    "shopreco-events",
    {"task": "shopreco.tasks.tend_events", "schedule": crontab(hour=2, minute=41)},
)
beats.register("shopreco-bots", {"task": "shopreco.tasks.flag_bots", "schedule": BOT_SECONDS})
beats.register(
    "shopreco-reconcile",
    {"task": "shopreco.tasks.reconcile", "schedule": crontab(hour=3, minute=17)},
)


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Give the entries of shopreco and of further apps, for Celery's `beat_schedule`.

    Call it when Django is ready, as in a receiver of `app.on_after_finalize`.
    """
    return {name: dict(entry) for name, entry in beats.items()}


@shared_task(acks_late=True, ignore_result=True)
def drain(catalogue: str, is_due: bool = False) -> None:
    """Index what waits, for at most a slice; then let other tasks come first.

    Where little waits one worker is enough. When it has indexed that, what has come up meanwhile is
    gathered for a while, for a batch of many costs hardly more than one of few. A hint that comes
    then is left to the one that is due afterwards. Where much waits others help.
    """
    if not is_due and pacing.is_gathering(catalogue):
        return
    shop, started, claimed = get_catalogue(catalogue), monotonic(), 0
    much, deadline = get_settings().BATCH_SIZE, started + get_settings().SLICE_SECONDS
    with try_lock(f"drain {catalogue}") as mine:
        if mine:
            marks.collect(shop)
        waits = outbox.count_claimable(catalogue, much)
        if waits < much and not mine:
            return
        while is_early := monotonic() < deadline:
            if (claimed >= waits and waits < much) or not (batch := index_changes(shop)).claimed:
                break
            claimed += batch.claimed
    # Without the lock, or whoever comes at once would find it taken, and leave.
    if not is_early:
        send("drain", catalogue, True)
    elif claimed or waiting(shop):
        seconds = pacing.gather(catalogue, worked=monotonic() - started)
        send("drain", catalogue, True, countdown=seconds)


@shared_task(acks_late=True, ignore_result=True)
def advance_run(run_id: int) -> None:
    """Work on a run for a slice and hand it on."""
    run = Run.objects.using(write_alias()).filter(pk=run_id).first()
    if run is None or not run.is_live:
        return
    outcome = engine.advance(run, seconds=get_settings().SLICE_SECONDS)
    if run.is_live:
        # Where others hold the rest, look again a little later.
        send("advance_run", run.pk, countdown=1 if outcome is StepOutcome.WAITING else 0)


@shared_task(acks_late=True, ignore_result=True)
def remove_space(space_id: int) -> None:
    """Remove a space that is marked for it, for a slice, and hand it on."""
    if not removal.remove_marked(space_id, get_settings().SLICE_SECONDS):
        send("remove_space", space_id)


@shared_task(acks_late=True, ignore_result=True)
def sweep() -> None:
    """Catch lost nudges, expired leases, items that failed a while ago, and runs whose worker died.

    What is wrong with one catalogue does not keep the others waiting.
    """
    for catalogue in get_catalogues():
        try:
            outbox.enqueue(catalogue.name, items.due(catalogue.name), Change.Priority.BULK)
            if waiting(catalogue):
                send("drain", catalogue.name)
        except Exception:
            logger.exception("%s was not swept", catalogue.name)
    # A second helper does no harm.
    silence = min(Run.SILENCE, timedelta(seconds=get_settings().LEASE_SECONDS))
    for run in engine.silent_runs(silence):
        send("advance_run", run.pk)
    for space_id in removal.marked():
        send("remove_space", space_id)


@shared_task(acks_late=True, ignore_result=True)
def reconcile() -> None:
    """Compare every catalogue with its index, as a re-index does, and repair what differs."""
    for catalogue in get_catalogues():
        try:
            send("advance_run", reindex.start(catalogue).pk)
        except RunError as error:
            logger.info("no reconciliation now: %s", error)
        except Exception:
            # A catalogue whose encoder cannot be had, say: the others have their night.
            logger.exception("%s was not reconciled", catalogue.name)


@shared_task(acks_late=True, ignore_result=True)
def tend_events() -> None:
    """Make the months of events ahead, and delete what has been kept long enough."""
    deleted = retention.tend(timezone.now())
    logger.info("%s events were kept long enough", deleted)
    ageing.tend(timezone.now())
    for catalogue in get_catalogues():
        try:
            mined_edges.refresh_all(catalogue.name)
        except Exception:
            logger.exception("the mined links of %s were not refreshed", catalogue.name)


@shared_task(acks_late=True, ignore_result=True)
def mine() -> None:
    """Mine the events that are new, and make links of what they say. One worker is enough."""
    seconds = get_settings().SLICE_SECONDS
    for catalogue in get_catalogues():
        with try_lock(f"mine {catalogue.name}") as is_alone:
            if not is_alone:
                continue
            try:
                mined = slices.mine(catalogue.name, seconds)
                mined_edges.refresh(catalogue.name, seconds)
                if mined and not statistics.are_known(catalogue.name):
                    # A shop that has just begun, or taken in a history, need not wait for them.
                    statistics.refresh(catalogue.name, timezone.now())
            except Exception:
                logger.exception("the events of %s were not mined", catalogue.name)


@shared_task(acks_late=True, ignore_result=True)
def refresh_statistics() -> None:
    """Compute what is popular and trending anew."""
    for catalogue in get_catalogues():
        with try_lock(f"statistics {catalogue.name}") as is_alone:
            if not is_alone:
                continue
            try:
                statistics.refresh(catalogue.name, timezone.now())
            except Exception:
                logger.exception("the statistics of %s were not refreshed", catalogue.name)


@shared_task(acks_late=True, ignore_result=True)
def flag_bots() -> None:
    """Flag the events of who is faster than a person."""
    if flagged := rates.flag_bots(timezone.now()):
        logger.info("%s events are of bots, by their rate", flagged)


@shared_task(ignore_result=True)
def encode_photo(space_id: int, photo: str, reply_to: str, until: float) -> None:
    """Answer a web process that searches by a photo, unless it has given up meanwhile."""
    space = EmbeddingSpace.objects.using(write_alias()).filter(pk=space_id).first()
    if space is not None and time() < until:
        reply(reply_to, worker_photos.encoded(space, photo))


@worker_ready.connect
def _warm_up(sender: Any, **kwargs: object) -> None:
    """Be ready for the first save and the first photo, in a worker that they are sent to.

    Not in a parent that forks (only its pool uses a semaphore): CUDA does not survive that.
    """
    queues = sender.app.amqp.queues.consume_from
    chosen = [
        load
        for task, load in ((drain, _load_texts), (encode_photo, worker_photos.warm_up))
        if sender.app.amqp.router.route({}, task.name)["queue"].name in queues
    ]
    if chosen and not sender.pool.uses_semaphore:
        Thread(target=_load, args=[chosen], daemon=True).start()


def _load(chosen: Sequence[Callable[[], None]]) -> None:
    try:
        for load in chosen:
            load()
    finally:
        connections.close_all()


def _load_texts() -> None:
    """Load the language models that the first save would wait for. Never raises."""
    spaces = EmbeddingSpace.objects.using(write_alias()).filter(state=SpaceState.ACTIVE)
    try:
        for space in spaces:
            encoder_of(space).encode_documents(["."])
            logger.info("ready for texts of %s", space.catalogue)
    except Exception as error:  # noqa: BLE001 (whatever an encoder raises)
        logger.warning("not ready for texts, the first save will wait: %s", error)
