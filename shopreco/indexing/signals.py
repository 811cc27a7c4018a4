"""Signals of Django become marks: of models that catalogues index, and of what these relate to."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import models
from django.db.models.signals import ModelSignal, m2m_changed, post_delete, post_save, pre_save

from shopreco.catalogues import Catalogue, get_catalogues
from shopreco.db.routing import write_alias
from shopreco.indexing.marks import Fact, note
from shopreco.indexing.watches import Watch, watches

logger = logging.getLogger(__name__)

_paused: ContextVar[bool] = ContextVar("shopreco_signals_paused", default=False)

_watches: dict[tuple[ModelSignal, type[models.Model]], list[Watch]] = {}


@contextmanager
def pause() -> Iterator[None]:
    """Mark nothing while inside, for an import that is followed by a `reindex`."""
    token = _paused.set(True)
    try:
        yield
    finally:
        _paused.reset(token)


def connect() -> None:
    """Connect to the signals of all models that catalogues read; called when apps are ready."""
    _watches.clear()
    for catalogue in get_catalogues():
        if hasattr(catalogue, "model"):
            for watch in watches(catalogue):
                _watches.setdefault((watch.signal, watch.sender), []).append(watch)
    for signal, sender in _watches:
        if sender._meta.auto_created and signal is not m2m_changed:
            _send_row_signals(sender)
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
    try:
        facts = [
            fact
            for watch in _watches.get((signal, sender), [])
            for fact in watch.facts(instance=instance, using=using, **kwargs)
        ]
        if facts:
            note(facts, using)
    except Exception:
        # The shop's save comes first: reconciliation finds what was not marked here.
        logger.exception("%r was not marked for indexing", instance)


def _send_row_signals(model: type[models.Model]) -> None:
    """Have a many-to-many table that Django has made itself tell of its rows.

    Its managers send `m2m_changed`; of rows that are saved one by one, as inlines of the admin do,
    Django sends nothing.
    """
    save_base, delete = model.save_base, model.delete
    if hasattr(save_base, "of_shopreco"):
        return

    def save(self: models.Model, *args: Any, **kwargs: Any) -> None:
        _notify(pre_save, self, kwargs)
        save_base(self, *args, **kwargs)
        _notify(post_save, self, kwargs)

    def remove(self: models.Model, *args: Any, **kwargs: Any) -> Any:
        deleted = delete(self, *args, **kwargs)
        _notify(post_delete, self, kwargs)
        return deleted

    save.of_shopreco = True  # type: ignore[attr-defined]  # so that it is wrapped once
    model.save_base, model.delete = save, remove  # type: ignore[method-assign]  # see above


def _notify(signal: ModelSignal, instance: models.Model, kwargs: dict[str, Any]) -> None:
    _receive(
        signal=signal,
        sender=type(instance),
        instance=instance,
        using=kwargs.get("using") or instance._state.db or write_alias(),
        raw=kwargs.get("raw", False),
    )


def changed(catalogue: Catalogue, object_ids: Iterable[str], *, using: str | None = None) -> None:
    """Have objects indexed again, once the open transaction has committed.

    using: alias of the database that they are saved in.
    """
    note(
        [Fact(catalogue.name, "", object_id) for object_id in object_ids],
        using or write_alias(),
    )
