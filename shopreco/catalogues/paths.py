"""Dotted paths over Django models: which relations they follow, and whether they exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from shopreco.registries import closest


class MissingStep(NamedTuple):
    """A step of a path that its model does not have, and what may have been meant."""

    model: type[models.Model]
    step: str
    suggestion: str


def relations_of(model: type[models.Model], paths: Iterable[str]) -> tuple[str, ...]:
    """The relation prefixes of dotted paths, written as for `prefetch_related`."""
    found: dict[str, None] = {}
    for path in paths:
        prefix: list[str] = []
        for step, _related in _walk(model, path):
            prefix.append(step)
            found["__".join(prefix)] = None
    return tuple(found)


class RelationStep(NamedTuple):
    """One step of a relation: the model that it starts from and its field there, which is a
    relation of that model's own or the reverse of another's."""

    near: type[models.Model]
    field: Any

    @property
    def far(self) -> type[models.Model]:
        related: type[models.Model] = self.field.related_model
        return related


def relation_steps(model: type[models.Model], relation: str) -> list[RelationStep]:
    """The steps of a dotted or `prefetch_related` path, in order; those that are relations."""
    steps = []
    for step, related in _walk(model, relation.replace("__", ".")):
        steps.append(RelationStep(model, _field(model, step)))
        model = related
    return steps


def lookup_of(model: type[models.Model], relation: str) -> str:
    """A `prefetch_related` path as `filter` wants it: reverse relations have another name there."""
    return "__".join(step.field.name for step in relation_steps(model, relation))


def written_prefetch(
    model: type[models.Model], relation: str, database: str
) -> models.Prefetch[Any]:
    """The last step of a `prefetch_related` path, read from a database that is named."""
    step = relation_steps(model, relation)[-1]
    # The managers that Django itself fetches with.
    is_one = step.field.many_to_one or step.field.one_to_one
    manager = step.far._base_manager if is_one else step.far._default_manager
    return models.Prefetch(relation, manager.using(database))


def _field(model: type[models.Model], step: str) -> Any:
    try:
        return model._meta.get_field(step)
    except FieldDoesNotExist:
        return next(r for r in model._meta.related_objects if r.get_accessor_name() == step)


def missing_step(model: type[models.Model], path: str) -> MissingStep | None:
    """The first step of a path that is neither a field nor an attribute of its model."""
    current = model
    for step in path.split("."):
        try:
            related = current._meta.get_field(step).related_model
        except FieldDoesNotExist:
            if not hasattr(current, step):
                names = [field.name for field in current._meta.get_fields()]
                return MissingStep(current, step, closest(step, names))
            related = _accessor(current, step)
        if not isinstance(related, type):
            # A value, a property or a method: what lies behind it is not declared.
            return None
        current = related
    return None


def method_on(model: type[models.Model], path: str) -> str:
    """The method or property that a path goes on from, which hides what it reads; else empty."""
    steps = path.split(".")
    followed = sum(1 for _ in _walk(model, path))
    current = model
    for _step, related in _walk(model, path):
        current = related
    if followed >= len(steps) - 1:
        return ""
    attribute = getattr(current, steps[followed], None)
    is_read = callable(attribute) or isinstance(attribute, property)
    return steps[followed] if is_read else ""


def _walk(model: type[models.Model], path: str) -> Iterator[tuple[str, type[models.Model]]]:
    current = model
    for step in path.split("."):
        try:
            related = current._meta.get_field(step).related_model
        except FieldDoesNotExist:
            related = _accessor(current, step)
        if not isinstance(related, type):
            return
        yield step, related
        current = related


def _accessor(model: type[models.Model], step: str) -> type[models.Model] | None:
    for relation in model._meta.related_objects:
        if relation.get_accessor_name() == step:
            return relation.related_model
    return None
