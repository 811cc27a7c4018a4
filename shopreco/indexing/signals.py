"""Saved → marked: signals of registered models, of what they are related to, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from django.db import models, transaction
from django.db.models.signals import ModelSignal, m2m_changed, post_delete, post_save, pre_save

from shopreco.catalogues import Catalogue, get_catalogues
from shopreco.indexing.marks import Fact, mark
from shopreco.indexing.outbox import outbox_database
from shopreco.indexing.watches import Watch, watches
from shopreco.indexing.workers import nudge

logger = logging.getLogger(__name__)

_paused: ContextVar[bool] = ContextVar("shopreco_signals_paused", default=False)

_watches: dict[tuple[ModelSignal, type[models.Model]], list[Watch]] = {}


@contextmanager
def pause() -> Iterator[None]:
    """Marks nothing inside, for imports that re-index afterwards; `reindex` catches up."""
    token = _paused.set(True)
    try:
        yield
    finally:
        _paused.reset(token)


def connect() -> None:
    """Listen to the models that catalogues index and read; called once when apps are ready."""
    _watches.clear()
    for catalogue in get_catalogues():
        if hasattr(catalogue, "model"):
            for watch in watches(catalogue):
                _watches.setdefault((watch.signal, watch.sender), []).append(watch)
    for signal, sender in _watches:
        if sender._meta.auto_created and signal is not m2m_changed:
            _speak(sender)
        else:
            signal.connect(_receive, sender=sender, dispatch_uid="shopreco")


def _receive(
    *,
    signal: ModelSignal,
    sender: type[models.Model],
    instance: models.Model,
    using: str,
    raw: bool = False,
    **kwargs: Any,
) -> None:
    if raw or _paused.get():
        return
    watching = _watches.get((signal, sender), [])
    try:
        with _savepoint(using) if any(watch.asks for watch in watching) else nullcontext():
            facts = [
                fact
                for watch in watching
                for fact in watch.facts(instance=instance, using=using, **kwargs)
            ]
        _mark(facts, using)
    except Exception:
        # The shop's save comes first: reconciliation finds what was not marked here.
        logger.exception("%r was not marked for indexing", instance)


def _speak(model: type[models.Model]) -> None:
    """Have a many-to-many table that Django has made itself tell of its rows.

    Its managers send `m2m_changed`; of rows that are saved one by one, as inlines of the admin do,
    Django sends nothing.
    """
    save_base, delete = model.save_base, model.delete
    if hasattr(save_base, "of_shopreco"):
        return

    def save(self: models.Model, *args: Any, **kwargs: Any) -> None:
        _say(pre_save, self, kwargs)
        save_base(self, *args, **kwargs)
        _say(post_save, self, kwargs)

    def remove(self: models.Model, *args: Any, **kwargs: Any) -> Any:
        deleted = delete(self, *args, **kwargs)
        _say(post_delete, self, kwargs)
        return deleted

    save.of_shopreco = True  # type: ignore[attr-defined]  # so that it is wrapped once
    model.save_base, model.delete = save, remove  # type: ignore[method-assign]  # see above


def _say(signal: ModelSignal, instance: models.Model, kwargs: dict[str, Any]) -> None:
    _receive(
        signal=signal,
        sender=type(instance),
        instance=instance,
        using=kwargs.get("using") or instance._state.db or outbox_database(),
        raw=kwargs.get("raw", False),
    )


def changed(catalogue: Catalogue, object_ids: Iterable[str], *, using: str | None = None) -> None:
    """Have objects indexed again, once the open transaction has committed.

    using: alias of the database that they are saved in.
    """
    facts = [Fact(catalogue.name, "", object_id) for object_id in object_ids]
    _mark(facts, using or outbox_database())


def _mark(facts: list[Fact], using: str) -> None:
    """Mark in the open transaction, and nudge the workers once it has committed.

    If the shop's objects live in another database than the marks, they are marked after their own
    commit: a rolled back save must not be indexed as if it had happened. So are those that cannot
    be marked now.
    """
    if not facts:
        return
    outbox = outbox_database()

    def later() -> None:
        mark(facts)

    if using == outbox:
        try:
            mark(facts)
        except Exception:
            logger.exception("%d changes are marked later", len(facts))
            _after_commit(later, using)
    else:
        _after_commit(later, using)
    connection = transaction.get_connection(using)
    for catalogue in {fact.catalogue for fact in facts}:
        hint = _hint(catalogue)
        if not any(waiting[1] is hint for waiting in connection.run_on_commit):
            _after_commit(hint, using)


def _savepoint(using: str) -> AbstractContextManager[Any]:
    """So that the host's transaction stays usable whatever fails inside; without one none is
    needed."""
    connection = transaction.get_connection(using)
    is_open = connection.in_atomic_block or not connection.get_autocommit()
    return transaction.atomic(using=using) if is_open else nullcontext()


def _after_commit(work: Callable[[], None], using: str) -> None:
    connection = transaction.get_connection(using)
    if connection.in_atomic_block or connection.get_autocommit():
        transaction.on_commit(work, using=using, robust=True)
    else:
        # A host that manages its transactions by hand does not say when it commits.
        work()


@lru_cache
def _hint(catalogue: str) -> Callable[[], None]:
    """The same for all saves of a transaction, which say it once."""

    def hint() -> None:
        nudge(catalogue)

    return hint
