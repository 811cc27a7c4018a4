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

Receiver = Callable[..., None]
_silent: dict[type[models.Model], dict[ModelSignal, dict[str, Receiver]]] = {}
"""Receivers of models that Django sends no signals of."""


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
    for catalogue in get_catalogues():
        if hasattr(catalogue, "model"):
            for watch in watches(catalogue):
                _listen(catalogue, watch)


def _listen(catalogue: Catalogue, watch: Watch) -> None:
    def receive(*, instance: models.Model, using: str, raw: bool = False, **kwargs: Any) -> None:
        if raw or _paused.get():
            return
        try:
            with _savepoint(using) if watch.asks else nullcontext():
                facts = list(watch.facts(instance=instance, using=using, **kwargs))
            _mark(catalogue, facts, using)
        except Exception:
            # The shop's save comes first: reconciliation finds what was not marked here.
            logger.exception("%s of %r was not marked for indexing", catalogue.name, instance)

    uid = f"shopreco:{catalogue.name}:{watch.name}"
    if watch.sender._meta.auto_created and watch.signal is not m2m_changed:
        _silent.setdefault(_speaking(watch.sender), {}).setdefault(watch.signal, {})[uid] = receive
    else:
        watch.signal.connect(receive, sender=watch.sender, weak=False, dispatch_uid=uid)


def _speaking(model: type[models.Model]) -> type[models.Model]:
    """A many-to-many table that Django has made itself, with our receivers called for its rows.

    Their managers send `m2m_changed`; for rows that are saved one by one, as inlines of the admin
    do, Django sends nothing.
    """
    if model not in _silent:
        save_base, delete = model.save_base, model.delete

        def save(self: models.Model, *args: Any, **kwargs: Any) -> None:
            _say(pre_save, self, kwargs)
            save_base(self, *args, **kwargs)
            _say(post_save, self, kwargs)

        def remove(self: models.Model, *args: Any, **kwargs: Any) -> Any:
            deleted = delete(self, *args, **kwargs)
            _say(post_delete, self, kwargs)
            return deleted

        model.save_base, model.delete = save, remove  # type: ignore[method-assign]  # see above
    return model


def _say(signal: ModelSignal, instance: models.Model, kwargs: dict[str, Any]) -> None:
    using = kwargs.get("using") or instance._state.db or outbox_database()
    for receive in _silent[type(instance)].get(signal, {}).values():
        receive(instance=instance, using=using, raw=kwargs.get("raw", False))


def changed(catalogue: Catalogue, object_ids: Iterable[str], *, using: str | None = None) -> None:
    """Have objects indexed again, once the open transaction has committed.

    using: alias of the database that they are saved in.
    """
    facts = [Fact("", object_id) for object_id in object_ids]
    _mark(catalogue, facts, using or outbox_database())


def _mark(catalogue: Catalogue, facts: list[Fact], using: str) -> None:
    """Mark in the open transaction, and nudge the workers once it has committed.

    If the shop's objects live in another database than the marks, they are marked after their own
    commit: a rolled back save must not be indexed as if it had happened. So are those that cannot
    be marked now.
    """
    if not facts:
        return
    outbox = outbox_database()

    def later() -> None:
        mark(catalogue.name, facts)

    if using == outbox:
        try:
            with _savepoint(outbox):
                mark(catalogue.name, facts)
        except Exception:
            logger.exception("%s: %d changes are marked later", catalogue.name, len(facts))
            _after_commit(later, using)
    else:
        _after_commit(later, using)
    hint = _hint(catalogue.name)
    if not any(waiting[1] is hint for waiting in transaction.get_connection(using).run_on_commit):
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
