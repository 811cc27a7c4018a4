"""What an object says of its place in the knowledge graph."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.core.validators import slug_unicode_re
from django.db import models

ITEM = "item"


class DeclaredEdge(NamedTuple):
    """From the object to `target`: the key of an object of the same catalogue where `kind` is
    "item", else the label of a node of that kind."""

    relation: str
    kind: str
    target: str


def is_relation_code(code: str) -> bool:
    """One word: letters, digits, hyphens and underscores, at most 100 characters."""
    return len(code) <= 100 and slug_unicode_re.search(code) is not None


def declared_edge(model: type[models.Model], relation: str, target: Any) -> DeclaredEdge:
    """The edge to an object of `model`, to its key, or to a `(kind, label)` pair.

    Raises:
        TypeError: the target is an object of another model.
        ValueError: the relation has no code that could be stored.
    """
    if not is_relation_code(relation):
        raise ValueError(f"{relation!r} is no code of a relation: one word such as `part_of`.")
    if isinstance(target, models.Model):
        if not isinstance(target, model):
            raise TypeError(
                f"{relation} leads to a {target._meta.label}, which is no {model._meta.label}. "
                'Yield a pair such as ("collection", "Nordic") for what is no item.'
            )
        # A child of multi-table inheritance: its parent's row has the catalogue's key.
        target = getattr(target, model._meta.pk.attname)
    kind, label = target if isinstance(target, tuple) else (ITEM, target)
    return DeclaredEdge(relation, str(kind), str(label))
