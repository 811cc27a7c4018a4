"""What a catalogue listens to: its own rows, those that its relations lead to, those between.

Each watch turns a signal into facts. A row that its object points to, such as a brand, is one fact
however many objects have it. A row that points to its object, such as a picture or a line of a
many-to-many table, is a fact about that object, and about the one that it pointed to before.
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
"""Called as a receiver of its signal; what it gives has changed."""
Values = Callable[[models.Model, str], set[Any]]
"""What a foreign key of a row is, or was."""
BEFORE = "_shopreco_before"
"""Where an instance remembers what its foreign keys were before a save."""


class Watch(NamedTuple):
    signal: ModelSignal
    sender: type[models.Model]
    facts: Facts


class Place(NamedTuple):
    """Where rows stand that changed: at the end of a relation from a catalogue's model."""

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
    """Watches at the last step of a relation; those before it have their own."""
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
            yield Watch(pre_delete, each, partial(_having, model, place, step.far))
        if field.many_to_many:
            yield from _between(step, owner)


def _tree(tree: Tree, place: Place) -> Iterator[Watch]:
    """Rows of a tree; who stands below is asked when the marks are collected. For a row that goes
    its children tell, which may stay."""
    yield from _rows(tree.model, place)
    for each in _with_children(tree.model) if tree.field.is_relation else ():
        yield Watch(pre_delete, each, partial(_children, tree, place))


def _rows(model: type[models.Model], place: Place) -> Iterator[Watch]:
    """Rows of a model: saved as it is, as one of its children or as one of its parents."""
    for each in [*_with_children(model), *model._meta.get_parent_list()]:
        yield Watch(post_save, each, partial(_row, model, place))


def _owned(step: RelationStep, owner: Place, attname: str) -> Iterator[Watch]:
    """Rows that point to their owner by a key, which may move."""
    for each in _with_children(step.far):
        yield Watch(pre_save, each, partial(_remember, attname))
        yield Watch(post_save, each, partial(_owner, step, owner, attname, _now_and_before))
        yield Watch(post_delete, each, partial(_owner, step, owner, attname, _now))


def _between(step: RelationStep, owner: Place) -> Iterator[Watch]:
    """The table between of a many-to-many relation: changed by its manager, or row by row."""
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
        yield Watch(post_save, through, partial(_line, owner, attname, _now_and_before))
        yield Watch(post_delete, through, partial(_line, owner, attname, _now))


# Facts


def _row(
    model: type[models.Model], place: Place, instance: models.Model, **kwargs: Any
) -> list[Fact]:
    return place.facts([_key(model, instance)])


def _key(model: type[models.Model], instance: models.Model) -> Any:
    """Its key as a row of `model`: that of a child of multi-table inheritance may have another
    name."""
    return getattr(instance, model._meta.pk.attname, instance.pk)


def _having(
    model: type[models.Model],
    place: Place,
    far: type[models.Model],
    instance: models.Model,
    using: str,
    **kwargs: Any,
) -> list[Fact]:
    """The objects that have a row which is about to go."""
    lookup = f"{lookup_of(model, place.path)}__pk"
    having = model._base_manager.filter(**{lookup: _key(far, instance)})
    return place._replace(path="").facts(_asked(having.values_list("pk", flat=True), using))


def _children(
    tree: Tree, place: Place, instance: models.Model, using: str, **kwargs: Any
) -> list[Fact]:
    """The rows right below one that is about to go."""
    children = tree.model._base_manager.filter(
        **{f"{tree.field.name}__pk": _key(tree.model, instance)}
    )
    return place.facts(_asked(children.values_list("pk", flat=True), using))


def _remember(
    attname: str,
    instance: models.Model,
    using: str,
    update_fields: Iterable[str] | None = None,
    **kwargs: Any,
) -> list[Fact]:
    """Note what a key is before the save. Nothing has changed yet.

    It asks for the row that the save writes next: where it would have to wait, so has the save.
    """
    before = instance.__dict__.setdefault(BEFORE, {})
    before[attname] = None
    field = instance._meta.get_field(attname)
    written = update_fields is None or {attname, field.name} & {*update_fields}
    if written and not instance._state.adding:
        before[attname] = _stored(field, instance, using)
    return []


def _stored(field: Any, instance: models.Model, using: str) -> Any:
    """The value of a field in the database. By the ORM it would take as long as the save."""
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
    """Whom a row belongs to, or belonged to."""
    keys = values(instance, attname)
    if _is_generic(step.field):
        with _savepoint(using):
            kind = step.field.get_content_type().pk
        if getattr(instance, f"{step.field.content_type_field_name}_id") != kind:
            return []
    elif (target := step.field.field.target_field) is not step.near._meta.pk:
        owners = step.near._base_manager.filter(**{f"{target.name}__in": keys})
        keys = _asked(owners.values_list("pk", flat=True), using)
    return owner.facts(keys)


def _line(
    owner: Place, attname: str, values: Values, instance: models.Model, **kwargs: Any
) -> list[Fact]:
    """The near end of a line of a many-to-many table, or what it was."""
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
    """The near ends of the lines that the manager of either end adds or removes.

    is_reverse: whether the near end is the one that the relation is not declared on.
    """
    if reverse == is_reverse:
        return owner.facts(
            [instance.pk] if action in {"post_add", "post_remove", "post_clear"} else []
        )
    if action == "pre_clear":
        lines = through._base_manager.filter(**{far: instance.pk})
        return owner.facts(_asked(lines.values_list(near, flat=True), using))
    return owner.facts(pk_set or () if action in {"post_add", "post_remove"} else ())


def _asked(keys: models.QuerySet[Any], using: str) -> set[Any]:
    """What the save itself does not ask."""
    with _savepoint(using):
        return set(keys.using(using))


def _savepoint(using: str) -> AbstractContextManager[Any]:
    """So that the host's transaction stays usable whatever fails inside; without one none is
    needed."""
    connection = connections[using]
    is_open = connection.in_atomic_block or not connection.get_autocommit()
    return transaction.atomic(using=using) if is_open else nullcontext()


def _is_generic(field: Any) -> bool:
    """Whether it is a `GenericRelation`; the app that has it need not be installed."""
    return hasattr(field, "object_id_field_name")


def _with_children(model: type[models.Model]) -> list[type[models.Model]]:
    """All models whose rows are rows of this one: itself, its proxies, what inherits from it."""
    table = model._meta.concrete_model or model
    return [each for each in apps.get_models(include_auto_created=True) if issubclass(each, table)]
