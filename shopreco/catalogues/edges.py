"""What an object says of its place in the knowledge graph."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any, NamedTuple

from django.core.validators import slug_unicode_re
from django.db import models

ITEM = "item"

MIN_WEIGHT = 0.01
"""The least weight of a link: the last of a ranking still counts."""


class DeclaredEdge(NamedTuple):
    """From the object to `target`: the key of an object of the same catalogue where `kind` is
    "item", else the label of a node of that kind. `weight`: how much it counts, above 0 to 1."""

    relation: str
    kind: str
    target: str
    weight: float = 1.0


def is_relation_code(code: str) -> bool:
    """One word: letters, digits, hyphens and underscores, at most 100 characters."""
    return len(code) <= 100 and slug_unicode_re.search(code) is not None


def declared_edges(
    model: type[models.Model], links: Iterable[tuple[str, Any, Any]]
) -> tuple[DeclaredEdge, ...]:
    """Edges by relation, target and number, each once; of several with the greatest weight.

    Numbers above 1, as of a ranking, are taken relative to the object's greatest of the relation.
    An object that weighs none of a relation's links, with None or with 0, weighs all of them alike.

    Raises:
        TypeError, ValueError: as `declared_edge`; or a number is none.
    """
    numbered = [(relation, target, _number(relation, number)) for relation, target, number in links]
    greatest: dict[str, float] = {}
    for relation, _target, number in numbered:
        greatest[relation] = max(number, greatest.get(relation, 0.0))
    found: dict[DeclaredEdge, float] = {}
    for relation, target, number in numbered:
        edge = declared_edge(model, relation, target)
        maximum = greatest[relation]
        weight = max(MIN_WEIGHT, number / max(maximum, 1.0)) if maximum > 0 else 1.0
        found[edge] = max(round(weight, 4), found.get(edge, 0.0))
    return tuple(edge._replace(weight=weight) for edge, weight in found.items())


def _number(relation: str, value: Any) -> float:
    number = 0.0 if value is None else float(value)
    if not isfinite(number):
        raise ValueError(f"{relation} is weighed by {value!r}, which is no number.")
    return number


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
