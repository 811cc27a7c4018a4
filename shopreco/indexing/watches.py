"""What a catalogue listens to: its own rows, those that its relations lead to, those between.

Each watch turns a signal into facts. A row that its object points to, such as a brand, is one fact
however many objects have it. A row that points to its object, such as a picture or a line of a
many-to-many table, is a fact about that object, and about the one that it pointed to before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models
from django.db.models.signals import (
    ModelSignal,
    m2m_changed,
    post_delete,
    post_save,
    pre_delete,
    pre_save,
)

from shopreco.catalogues import Catalogue
from shopreco.catalogues.paths import RelationStep, lookup_of, relation_steps
from shopreco.indexing.marks import Fact

Facts = Callable[..., Iterable[Fact]]
"""Called as a receiver of its signal; what it gives has changed."""
BEFORE = "_shopreco_before"
"""Where an instance remembers what its foreign keys were before a save."""


class Watch(NamedTuple):
    signal: ModelSignal
    sender: type[models.Model]
    facts: Facts
    name: str
    """Unique for signal and sender, so that connecting again changes nothing."""
    asks: bool = False
    """Whether it asks the shop's database."""


def watches(catalogue: Catalogue) -> Iterator[Watch]:
    yield from _rows(catalogue.model, "", post_save)
    # Before a delete others are asked who has the row; the object itself is gone afterwards.
    for each in _with_children(catalogue.model):
        yield Watch(post_delete, each, partial(_row, catalogue.model, ""), "object")
    for relation in catalogue.relations:
        yield from _relation(catalogue.model, relation)


def _relation(model: type[models.Model], path: str) -> Iterator[Watch]:
    """Watches at the last step of a relation; those before it have their own."""
    step = relation_steps(model, path)[-1]
    prefix = path.rpartition("__")[0]
    field = step.field
    if _is_generic(field):
        yield from _owned(step, path, prefix, field.object_id_field_name)
    elif field.one_to_many or (field.one_to_one and not field.concrete):
        yield from _owned(step, path, prefix, field.field.attname)
    else:
        yield from _rows(step.far, path, post_save)
        for each in _with_children(step.far):
            facts = partial(_having, model, path, step.far)
            yield Watch(pre_delete, each, facts, path, asks=True)
        if field.many_to_many:
            yield from _between(step, path, prefix)


def _rows(model: type[models.Model], path: str, signal: ModelSignal) -> Iterator[Watch]:
    """Rows of a model: saved as it is, as one of its children or as one of its parents."""
    for each in [*_with_children(model), *model._meta.get_parent_list()]:
        yield Watch(signal, each, partial(_row, model, path), path or "object")


def _owned(step: RelationStep, path: str, prefix: str, attname: str) -> Iterator[Watch]:
    """Rows that point to their owner by a key, which may move."""
    for each in _with_children(step.far):
        yield Watch(pre_save, each, partial(_remember, attname), f"before {attname}", asks=True)
        for signal in (post_save, post_delete):
            yield Watch(signal, each, partial(_owner, step, prefix, attname), path, asks=True)


def _between(step: RelationStep, path: str, prefix: str) -> Iterator[Watch]:
    """The table between of a many-to-many relation: changed by its manager, or row by row."""
    many = step.field if step.field.concrete else step.field.field
    through = many.remote_field.through
    source, target = many.m2m_field_name(), many.m2m_reverse_field_name()
    ends = [(source, target, False)] if step.field.concrete else [(target, source, True)]
    if many.remote_field.symmetrical:
        ends.append((target, source, True))
    for near, far, is_reverse in ends:
        name, attname = f"{path} {near}", through._meta.get_field(near).attname
        facts = partial(_m2m, through, prefix, near, far, is_reverse)
        yield Watch(m2m_changed, through, facts, name, asks=True)
        yield Watch(pre_save, through, partial(_remember, attname), f"before {attname}", asks=True)
        for signal in (post_save, post_delete):
            yield Watch(signal, through, partial(_line, prefix, attname), name)


# Facts


def _row(
    model: type[models.Model], path: str, instance: models.Model, **kwargs: Any
) -> Iterable[Fact]:
    """A row, by its key as a row of `model`: that of a child of multi-table inheritance may have
    another name."""
    key = getattr(instance, model._meta.pk.attname, instance.pk)
    return [Fact(path, str(key))]


def _having(
    model: type[models.Model],
    path: str,
    far: type[models.Model],
    instance: models.Model,
    using: str,
    **kwargs: Any,
) -> Iterable[Fact]:
    """The objects that have a row which is about to go: afterwards nobody would know."""
    key = getattr(instance, far._meta.pk.attname, instance.pk)
    having = model._base_manager.using(using).filter(**{f"{lookup_of(model, path)}__pk": key})
    return {Fact("", str(pk)) for pk in having.values_list("pk", flat=True).iterator()}


def _remember(
    attname: str,
    instance: models.Model,
    using: str,
    update_fields: Iterable[str] | None = None,
    **kwargs: Any,
) -> Iterable[Fact]:
    """Note what a key is before the save; nothing has changed yet."""
    before = instance.__dict__.setdefault(BEFORE, {})
    before.pop(attname, None)
    if not instance._state.adding and (
        update_fields is None or {attname, attname.removesuffix("_id")} & {*update_fields}
    ):
        rows = type(instance)._base_manager.using(using).filter(pk=instance.pk)
        before[attname] = rows.values_list(attname, flat=True).first()
    return ()


def _now_and_before(instance: models.Model, attname: str) -> set[Any]:
    keys = {getattr(instance, attname), instance.__dict__.get(BEFORE, {}).get(attname)}
    return keys - {None}


def _owner(
    step: RelationStep,
    prefix: str,
    attname: str,
    instance: models.Model,
    using: str,
    **kwargs: Any,
) -> Iterable[Fact]:
    """Who a row belongs to, and whom it belonged to."""
    keys = _now_and_before(instance, attname)
    if _is_generic(step.field):
        kind = step.field.get_content_type()
        if getattr(instance, f"{step.field.content_type_field_name}_id") != kind.pk:
            return ()
    elif (target := step.field.field.target_field) is not step.near._meta.pk:
        owners = step.near._base_manager.using(using).filter(**{f"{target.name}__in": keys})
        keys = set(owners.values_list("pk", flat=True))
    return [Fact(prefix, str(key)) for key in keys]


def _line(prefix: str, attname: str, instance: models.Model, **kwargs: Any) -> Iterable[Fact]:
    """The near end of a line of a many-to-many table, and what it was."""
    return [Fact(prefix, str(key)) for key in _now_and_before(instance, attname)]


def _m2m(
    through: type[models.Model],
    prefix: str,
    near: str,
    far: str,
    is_reverse: bool,
    instance: models.Model,
    using: str,
    action: str,
    reverse: bool,
    pk_set: set[Any] | None,
    **kwargs: Any,
) -> Iterable[Fact]:
    """The near ends of the lines that the manager of either end adds or removes.

    is_reverse: whether the near end is the one that the relation is not declared on.
    """
    keys: Iterable[Any] = ()
    if reverse == is_reverse:
        keys = [instance.pk] if action in {"post_add", "post_remove", "post_clear"} else []
    elif action == "pre_clear":
        lines = through._base_manager.using(using).filter(**{far: instance.pk})
        keys = set(lines.values_list(near, flat=True))
    elif action in {"post_add", "post_remove"}:
        keys = pk_set or ()
    return [Fact(prefix, str(key)) for key in keys]


def _is_generic(field: Any) -> bool:
    """Whether it is a `GenericRelation`; the app that has it need not be installed."""
    return hasattr(field, "object_id_field_name")


def _with_children(model: type[models.Model]) -> list[type[models.Model]]:
    """All models whose rows are rows of this one: itself, its proxies, what inherits from it."""
    table = model._meta.concrete_model or model
    return [each for each in apps.get_models(include_auto_created=True) if issubclass(each, table)]
