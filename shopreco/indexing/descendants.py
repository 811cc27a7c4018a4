"""Descendants: the rows below others in a tree of the shop."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db import connections
from django.db.models import Q

from shopreco.catalogues.trees import Tree


def below(tree: Tree, keys: Sequence[str], database: str) -> list[Any]:
    """Keys of some rows of a tree and of all rows below them, in one statement."""
    if tree.field.is_relation:
        return _by_parent(tree, keys, database)
    return _by_path(tree, keys, database)


def _by_parent(tree: Tree, keys: Sequence[str], database: str) -> list[Any]:
    field, connection = tree.field, connections[database]
    meta = field.model._meta
    name = connection.ops.quote_name
    table, key = name(meta.db_table), name(meta.pk.column)
    target, parent = name(field.target_field.column), name(field.column)
    given = [meta.pk.get_db_prep_value(meta.pk.to_python(each), connection) for each in keys]
    places = ", ".join(["%s"] * len(given))
    with connection.cursor() as cursor:
        # UNION drops what was seen: a tree that is a circle by mistake comes to an end.
        cursor.execute(
            f"WITH RECURSIVE below (id, target) AS ("
            f"SELECT {key}, {target} FROM {table} WHERE {key} IN ({places}) UNION "
            f"SELECT t.{key}, t.{target} FROM {table} t JOIN below ON t.{parent} = below.target"
            ") SELECT id FROM below",
            given,
        )
        return [id for (id,) in cursor.fetchall()]


def _by_path(tree: Tree, keys: Sequence[str], database: str) -> list[Any]:
    rows, name = tree.model._base_manager.using(database), tree.field.name
    highest: list[str] = []
    for path in sorted(filter(None, rows.filter(pk__in=keys).values_list(name, flat=True))):
        if not (highest and path.startswith(highest[-1])):
            highest.append(path)
    if not highest:
        return []
    under = reduce(or_, (Q(**{f"{name}__startswith": path}) for path in highest))
    return list(rows.filter(under).values_list("pk", flat=True))
