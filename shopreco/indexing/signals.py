"""Saved → marked: signals of registered models, of what they are related to, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete

from shopreco.catalogues import Catalogue, get_catalogues
from shopreco.catalogues.paths import related_models
from shopreco.indexing.outbox import mark, outbox_database
from shopreco.indexing.workers import send

logger = logging.getLogger(__name__)

_paused: ContextVar[bool] = ContextVar("shopreco_signals_paused", default=False)


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
        if not hasattr(catalogue, "model"):
            continue
        for model in _with_children(catalogue.model):
            _listen(post_save, model, catalogue, _object_changed)
            _listen(post_delete, model, catalogue, _object_changed)
        for parent in catalogue.model._meta.get_parent_list():
            _listen(post_save, parent, catalogue, _parent_changed)
        for relation in catalogue.relations:
            _watch(catalogue, relation)


def _watch(catalogue: Catalogue, relation: str) -> None:
    """Listen to the last model of a relation, and to the table between for many-to-many."""
    related = related_models(catalogue.model, relation)
    owner = related[-2] if len(related) > 1 else catalogue.model
    for model in _with_children(related[-1]):
        _listen(post_save, model, catalogue, _related_changed, relation)
        # Before the delete: afterwards nobody knows whose relation it was.
        _listen(pre_delete, model, catalogue, _related_changed, relation)
    prefix, _, name = relation.rpartition("__")
    field = next((f for f in owner._meta.many_to_many if f.name == name), None)
    through = field.remote_field.through if field is not None else None
    if through is not None:
        _listen(m2m_changed, through, catalogue, _m2m_changed, relation, prefix)


def _listen(
    signal: Any, sender: type, catalogue: Catalogue, receiver: Callable[..., None], *extra: str
) -> None:
    def receive(*, instance: models.Model, raw: bool = False, **kwargs: Any) -> None:
        if raw or _paused.get():
            return
        try:
            receiver(catalogue, instance, *extra, using=kwargs.get("using"), **_m2m(kwargs))
        except Exception:
            # The shop's save comes first: reconciliation finds what was not marked here.
            logger.exception("%s of %r was not marked for indexing", catalogue.name, instance)

    uid = f"shopreco:{catalogue.name}:{receiver.__name__}:{':'.join(extra)}"
    signal.connect(receive, sender=sender, weak=False, dispatch_uid=uid)


def _m2m(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: kwargs[name] for name in ("action", "reverse", "pk_set") if name in kwargs}


def _object_changed(catalogue: Catalogue, instance: models.Model, *, using: str | None) -> None:
    pk = instance.pk
    if type(instance) is not catalogue.model:
        # A child of multi-table inheritance: its parent's row has the catalogue's key.
        pk = getattr(instance, catalogue.model._meta.pk.attname, pk)
    changed(catalogue, [str(pk)], using=using)


def _parent_changed(catalogue: Catalogue, instance: models.Model, *, using: str | None) -> None:
    """A row above the model in multi-table inheritance; it need not have a child of this kind."""
    changed(catalogue, [str(instance.pk)], using=using)


def _related_changed(
    catalogue: Catalogue, instance: models.Model, relation: str, *, using: str | None
) -> None:
    changed(catalogue, _pointing_to(catalogue, relation, [instance.pk], using), using=using)


def _m2m_changed(
    catalogue: Catalogue,
    instance: models.Model,
    relation: str,
    prefix: str,
    *,
    using: str | None,
    action: str,
    reverse: bool,
    pk_set: set[Any] | None,
) -> None:
    if not reverse and action in {"post_add", "post_remove", "post_clear"}:
        pks = [instance.pk]
        ids = _pointing_to(catalogue, prefix, pks, using) if prefix else [str(instance.pk)]
        changed(catalogue, ids, using=using)
    elif reverse and action in {"post_add", "pre_remove", "pre_clear"}:
        changed(catalogue, _pointing_to(catalogue, relation, [instance.pk], using), using=using)


def _pointing_to(
    catalogue: Catalogue, relation: str, pks: list[Any], using: str | None
) -> list[str]:
    found = catalogue.model._base_manager.using(using).filter(**{f"{relation}__in": pks})
    return [str(pk) for pk in found.values_list("pk", flat=True).distinct()]


def changed(catalogue: Catalogue, object_ids: list[str], *, using: str | None = None) -> None:
    """Mark objects in the open transaction and nudge the workers once it has committed.

    If the shop's objects live in another database than the outbox, they are marked after their
    own commit: a rolled back save must not be indexed as if it had happened.
    """
    if not object_ids:
        return
    outbox = outbox_database()
    if using in {None, outbox}:
        # A savepoint: should marking fail, the host's transaction stays usable.
        with transaction.atomic(using=outbox):
            mark(catalogue.name, object_ids)
    else:
        transaction.on_commit(lambda: mark(catalogue.name, object_ids), using=using, robust=True)
    nudge_on_commit(catalogue.name, using or outbox)


def nudge_on_commit(catalogue: str, using: str) -> None:
    nudge = _nudge(catalogue)
    connection = transaction.get_connection(using)
    if not any(waiting[1] is nudge for waiting in connection.run_on_commit):
        transaction.on_commit(nudge, using=using, robust=True)


@lru_cache
def _nudge(catalogue: str) -> Callable[[], None]:
    def nudge() -> None:
        send("drain", catalogue)

    return nudge


def _with_children(model: type[models.Model]) -> list[type[models.Model]]:
    return [each for each in apps.get_models(include_auto_created=True) if issubclass(each, model)]
