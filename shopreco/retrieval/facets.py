"""Facets: exact counts over the whole match set, so that a click shows what its count says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connections, router

from shopreco.catalogues import Catalogue
from shopreco.models import Item
from shopreco.retrieval.filters import Filters

MAX_VALUES = 50
MAX_FACETS = 12
SAMPLE = 200
"""Of so many of the best matches the free attributes are looked at, to choose facets by."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    count: int
    selected: bool


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """Values of one facet, the most frequent first. Its own filter does not narrow them."""

    name: str
    label: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True)
class PriceRange:
    minimum: Decimal
    maximum: Decimal
    currency: str


def count_facets(
    catalogue: Catalogue,
    item_ids: Sequence[int],
    names: Sequence[str],
    filters: Filters,
    selected: dict[str, list[str]],
    *,
    collapse: bool,
) -> list[FacetCounts]:
    """Counts of products (of groups, with `collapse`) by facet value, in the order of `names`.

    A facet with a filter of its own is counted as if that filter were not set: its other values
    show what choosing them as well would add.
    """
    grouped = collapse and catalogue.parent_field is not None
    number = "count(DISTINCT i.group_id)" if grouped else "count(*)"
    plain = [name for name in names if name not in filters.conditions]
    passes = [(plain, filters.where())]
    passes += [([n], filters.where(without=n)) for n in names if n in filters.conditions]
    counted: dict[str, list[tuple[str, int]]] = {}
    with connections[router.db_for_read(Item)].cursor() as cursor:
        for chosen, where in passes:
            if not chosen:
                continue
            cursor.execute(
                f"""
                SELECT f.name, v.value, {number} AS n
                FROM shopreco_item i
                CROSS JOIN jsonb_each(i.facets) AS f (name, "values")
                CROSS JOIN jsonb_array_elements_text(f."values") AS v (value)
                WHERE f.name = ANY(%s) AND i.id = ANY(%s) AND {where.sql}
                GROUP BY f.name, v.value ORDER BY n DESC, v.value
                """,
                [chosen, list(item_ids), *where.params],
            )
            for name, value, count in cursor.fetchall():
                counted.setdefault(name, []).append((value, count))
    return [
        FacetCounts(
            name,
            catalogue.get_facet_label(name),
            tuple(
                FacetValue(value, count, value in selected.get(name, ()))
                for value, count in counted[name][:MAX_VALUES]
            ),
        )
        for name in names
        if name in counted
    ]


def attribute_names(item_ids: Sequence[int], declared: Sequence[str]) -> list[str]:
    """The free attributes that most of the best matches have, after the declared facets.

    item_ids: best first.
    """
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            """
            SELECT name FROM shopreco_item i CROSS JOIN jsonb_object_keys(i.facets) AS name
            WHERE i.id = ANY(%s) AND NOT name = ANY(%s)
            GROUP BY name ORDER BY count(*) DESC, name LIMIT %s
            """,
            [list(item_ids[:SAMPLE]), list(declared), max(0, MAX_FACETS - len(declared))],
        )
        return [name for (name,) in cursor.fetchall()]


def price_range(item_ids: Sequence[int], filters: Filters) -> PriceRange | None:
    """Lowest and highest price of the matches, as if no price filter were set."""
    where = filters.where(without="price")
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            f"""
            SELECT min(i.price), max(i.price), min(i.currency) FROM shopreco_item i
            WHERE i.id = ANY(%s) AND i.price IS NOT NULL AND {where.sql}
            """,
            [list(item_ids), *where.params],
        )
        low, high, currency = cursor.fetchone()
    return None if low is None else PriceRange(low, high, currency)
