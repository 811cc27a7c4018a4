"""Trees: paths of `reindex_on` that climb, `categories__parent*` or `categories__path*`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from shopreco.catalogues.paths import missing_step, relation_steps

STAR = "*"
"""Behind the last step of a path: it is climbed as often as there is somebody above."""


class Tree(NamedTuple):
    """Rows that stand above one another: by a foreign key to their own model, or by a text that
    begins with that of every row above, such as the path of treebeard.

    `relation` leads to them from the catalogue's model; empty for its own rows.
    """

    path: str
    relation: str
    model: type[models.Model]
    field: Any


def tree_of(model: type[models.Model], path: str) -> Tree | None:
    """The tree of a path of `reindex_on`; None where the last step leads to none."""
    relation, _, name = path.removesuffix(STAR).replace(".", "__").rpartition("__")
    steps = relation_steps(model, relation) if relation else []
    if len(steps) != len(relation.split("__") if relation else []):
        return None
    far = steps[-1].far if steps else model
    try:
        field = far._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    is_tree = _is_parent(field) or isinstance(field, (models.CharField, models.TextField))
    return Tree(path, relation, far, field) if is_tree else None


def trees_of(model: type[models.Model], paths: Iterable[str]) -> dict[str, Tree]:
    """By path, of those that climb."""
    found = (tree_of(model, path) for path in paths if path.endswith(STAR))
    return {tree.path: tree for tree in found if tree}


def tree_above(model: type[models.Model], path: str) -> str:
    """What `reindex_on` should name of a declaration whose last step is computed, by a method or a
    property, on rows of a tree; empty where it reads no such thing."""
    steps, names = relation_steps(model, path), path.split(".")
    if not steps or len(steps) != len(names) - 1 or missing_step(model, path):
        return ""
    far = steps[-1].far
    fields = {field.name: field for field in far._meta.get_fields()}
    if names[-1] in fields:
        return ""
    above = [name for name, field in fields.items() if _is_parent(field)]
    if not above and hasattr(far, "steplen") and "path" in fields:
        above = ["path"]
    return "__".join([*names[:-1], f"{above[0]}{STAR}"]) if above else ""


def _is_parent(field: Any) -> bool:
    """Whether it is a foreign key to the model that has it."""
    if not (field.many_to_one and field.concrete and field.related_model):
        return False
    return bool(field.related_model._meta.concrete_model is field.model._meta.concrete_model)
