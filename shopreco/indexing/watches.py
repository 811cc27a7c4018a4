"""Watches: the signals that a catalogue listens to, and the facts that follow from each.

A catalogue listens to its own model, to the models that its relations lead to, and to the tables
between. A row that its object points to, such as a brand, is one fact however many objects have it.
A row that points to its object, such as a picture or a row of a many-to-many table, is a fact about
that object, and about the one that it pointed to before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connections, models, transaction
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
from shopreco.catalogues.trees import Tree
from shopreco.indexing.marks import Fact

Facts = Callable[..., Iterable[Fact]]
"""A receiver of a signal; returns what has changed."""
Values = Callable[[models.Model, str], set[Any]]
"""Returns the values of a foreign key of a row: now, and before the save."""
BEFORE = "_shopreco_before"
"""Attribute of an instance that keeps the foreign keys from before a save."""


class Watch(NamedTuple):
    signal: ModelSignal
    sender: type[models.Model]
    facts: Facts


class Place(NamedTuple):
    """A relation from a catalogue's model, at whose end rows change."""

    catalogue: str
    path: str

    def facts(self, keys: Iterable[Any]) -> list[Fact]:
        return [Fact(self.catalogue, self.path, str(key)) for key in keys if key is not None]


def watches(catalogue: Catalogue) -> Iterator[Watch]:
    model, itself = catalogue.model, Place(catalogue.name, "")
    yield from _rows(model, itself)
    for each in _with_children(model):
        yield Watch(post_delete, each, partial(_row, model, itself))
    for relation in catalogue.relations:
        yield from _relation(catalogue, relation)
    for tree in catalogue.trees.values():
        yield from _tree(tree, Place(catalogue.name, tree.path))


def _relation(catalogue: Catalogue, path: str) -> Iterator[Watch]:
    """Watches of the last step of a relation; the steps before have their own."""
    model = catalogue.model
    step, place = relation_steps(model, path)[-1], Place(catalogue.name, path)
    owner = Place(catalogue.name, path.rpartition("__")[0])
    field = step.field
    if _is_generic(field):
        yield from _owned(step, owner, field.object_id_field_name)
    elif field.one_to_many or (field.one_to_one and not field.concrete):
        yield from _owned(step, owner, field.field.attname)
    else:
        yield from _rows(step.far, place)
        for each in _with_children(step.far):
            # Before the delete: afterwards nobody would know who had the row.
            yield Watch(pre_delete, each, partial(_related_objects, model, place, step.far))
        if field.many_to_many:
            yield from _through_rows(step, owner)


def _tree(tree: Tree, place: Place) -> Iterator[Watch]:
    """Rows of a tree. Rows below are looked up when the marks are collected; of a row that is
    deleted, its children are marked, which may stay."""
    yield from _rows(tree.model, place)
    for each in _with_children(tree.model) if tree.field.is_relation else ():
        yield Watch(pre_delete, each, partial(_children, tree, place))


def _rows(model: type[models.Model], place: Place) -> Iterator[Watch]:
    """Rows of a model, saved as an instance of it, of a child or of a parent model."""
    for each in [*_with_children(model), *model._meta.get_parent_list()]:
        yield Watch(post_save, each, partial(_row, model, place))


def _owned(step: RelationStep, owner: Place, attname: str) -> Iterator[Watch]:
    """Rows that point to their owner by a key, which may change."""
    for each in _with_children(step.far):
        yield Watch(pre_save, each, partial(_remember, attname))
        yield Watch(post_save, each, partial(_owner, step, owner, attname, _now_and_before))
        yield Watch(post_delete, each, partial(_owner, step, owner, attname, _now))


def _through_rows(step: RelationStep, owner: Place) -> Iterator[Watch]:
    """The table of a many-to-many relation, changed by its manager or row by row."""
    is_reverse = isinstance(step.field, models.ManyToManyRel)
    many = step.field.field if is_reverse else step.field
    through = many.remote_field.through
    source, target = many.m2m_field_name(), many.m2m_reverse_field_name()
    ends = [(target, source, True)] if is_reverse else [(source, target, False)]
    if many.remote_field.symmetrical:
        ends.append((target, source, True))
    for near, far, reverse in ends:
        facts = partial(_m2m, through, owner, near, far, reverse)
        yield Watch(m2m_changed, through, facts)
        attname = through._meta.get_field(near).attname
        yield Watch(pre_save, through, partial(_remember, attname))
        yield Watch(post_save, through, partial(_through_row, owner, attname, _now_and_before))
        yield Watch(post_delete, through, partial(_through_row, owner, attname, _now))


# Facts


def _row(
    model: type[models.Model], place: Place, instance: models.Model, **kwargs: Any
) -> list[Fact]:
    return place.facts([_key(model, instance)])


def _key(model: type[models.Model], instance: models.Model) -> Any:
    """Primary key of a row of `model`. In a child of multi-table inheritance it may have another
    name."""
    return getattr(instance, model._meta.pk.attname, instance.pk)


def _related_objects(
    model: type[models.Model],
    place: Place,
    far: type[models.Model],
    instance: models.Model,
    using: str,
    **kwargs: Any,
) -> list[Fact]:
    """The objects that are related to a row which is about to be deleted."""
    lookup = f"{lookup_of(model, place.path)}__pk"
    having = model._base_manager.filter(**{lookup: _key(far, instance)})
    return place._replace(path="").facts(_fetch_keys(having.values_list("pk", flat=True), using))


def _children(
    tree: Tree, place: Place, instance: models.Model, using: str, **kwargs: Any
) -> list[Fact]:
    """The rows right below one that is about to be deleted."""
    children = tree.model._base_manager.filter(
        **{f"{tree.field.name}__pk": _key(tree.model, instance)}
    )
    return place.facts(_fetch_keys(children.values_list("pk", flat=True), using))


def _remember(
    attname: str,
    instance: models.Model,
    using: str,
    update_fields: Iterable[str] | None = None,
    **kwargs: Any,
) -> list[Fact]:
    """Keep the value of a key from before the save. Nothing has changed yet.

    It reads the row that the save writes next, so it waits for no lock that the save does not.
    """
    before = instance.__dict__.setdefault(BEFORE, {})
    before[attname] = None
    field = instance._meta.get_field(attname)
    written = update_fields is None or {attname, field.name} & {*update_fields}
    if written and not instance._state.adding:
        before[attname] = _stored(field, instance, using)
    return []


def _stored(field: Any, instance: models.Model, using: str) -> Any:
    """Read a field from the database. The ORM would take as long as the save."""
    connection, meta = connections[using], field.model._meta
    column, table, key = map(
        connection.ops.quote_name, (field.column, meta.db_table, meta.pk.column)
    )
    pk = meta.pk.get_db_prep_value(getattr(instance, meta.pk.attname), connection)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} WHERE {key} = %s", [pk])
        row = cursor.fetchone()
    return None if row is None else field.to_python(row[0])


def _now(instance: models.Model, attname: str) -> set[Any]:
    return {getattr(instance, attname)}


def _now_and_before(instance: models.Model, attname: str) -> set[Any]:
    return _now(instance, attname) | {instance.__dict__.get(BEFORE, {}).get(attname)}


def _owner(
    step: RelationStep,
    owner: Place,
    attname: str,
    values: Values,
    instance: models.Model,
    using: str,
    **kwargs: Any,
) -> list[Fact]:
    """The object that a row belongs to, and the one that it belonged to."""
    keys = values(instance, attname)
    if _is_generic(step.field):
        with _savepoint(using):
            kind = step.field.get_content_type().pk
        if getattr(instance, f"{step.field.content_type_field_name}_id") != kind:
            return []
    elif (target := step.field.field.target_field) is not step.near._meta.pk:
        owners = step.near._base_manager.filter(**{f"{target.name}__in": keys})
        keys = _fetch_keys(owners.values_list("pk", flat=True), using)
    return owner.facts(keys)


def _through_row(
    owner: Place, attname: str, values: Values, instance: models.Model, **kwargs: Any
) -> list[Fact]:
    """The near end of a row of a many-to-many table, now and before."""
    return owner.facts(values(instance, attname))


def _m2m(
    through: type[models.Model],
    owner: Place,
    near: str,
    far: str,
    is_reverse: bool,
    instance: models.Model,
    using: str,
    action: str,
    reverse: bool,
    pk_set: set[Any] | None,
    **kwargs: Any,
) -> list[Fact]:
    """The near ends of the rows that the manager of either end adds or removes.

    is_reverse: whether the near end is the one that the relation is not declared on.
    """
    if reverse == is_reverse:
        return owner.facts(
            [instance.pk] if action in {"post_add", "post_remove", "post_clear"} else []
        )
    if action == "pre_clear":
        lines = through._base_manager.filter(**{far: instance.pk})
        return owner.facts(_fetch_keys(lines.values_list(near, flat=True), using))
    return owner.facts(pk_set or () if action in {"post_add", "post_remove"} else ())


def _fetch_keys(keys: models.QuerySet[Any], using: str) -> set[Any]:
    """Run a query that is not part of the save."""
    with _savepoint(using):
        return set(keys.using(using))


def _savepoint(using: str) -> AbstractContextManager[Any]:
    """A savepoint, so that the host's transaction stays usable if a query fails. Without a
    transaction none is needed."""
    connection = connections[using]
    is_open = connection.in_atomic_block or not connection.get_autocommit()
    return transaction.atomic(using=using) if is_open else nullcontext()


def _is_generic(field: Any) -> bool:
    """Whether a field is a `GenericRelation`, whose app need not be installed."""
    return hasattr(field, "object_id_field_name")


def _with_children(model: type[models.Model]) -> list[type[models.Model]]:
    """All models whose rows are rows of this one: itself, its proxies and its child models."""
    table = model._meta.concrete_model or model
    return [each for each in apps.get_models(include_auto_created=True) if issubclass(each, table)]
