"""Facets: exact counts over the whole match set, so that a click shows what its count says.

What items hold as numbers is read in one statement and counted in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import connections, router
from numpy.typing import NDArray

from shopreco.catalogues import Catalogue
from shopreco.models import Item
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.matches import read_array

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


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the items of a match set hold: n items, best first, with m facet values in all."""

    group_ids: NDArray[np.int64]
    """(n,)"""
    prices: NDArray[np.float64]
    """(n,), NaN where there is none."""
    currency: str
    passes: Mapping[str, NDArray[np.bool_]]
    """By name of a filter, which items pass it; (n,)."""
    owners: NDArray[np.intp]
    """Position of the item that holds a value; (m,)."""
    facet_ids: NDArray[np.int64]
    """(m,)"""
    value_ids: NDArray[np.int64]
    """(m,)"""

    def passing(self, *, without: str = "") -> NDArray[np.bool_]:
        """Which items pass all filters but those of one name; (n,)."""
        passing = np.ones(len(self.group_ids), dtype=bool)
        for name, passes in self.passes.items():
            if name != without:
                passing &= passes
        return passing


def count_facets(
    catalogue: Catalogue,
    item_ids: Sequence[int],
    names: Sequence[str],
    filters: Filters,
    selected: Mapping[str, Collection[str]],
    *,
    more: bool,
    collapse: bool,
) -> tuple[list[FacetCounts], PriceRange | None]:
    """Counts of products (of groups, with `collapse`) by facet value, and the range of prices.

    A facet with a filter of its own is counted as if that filter were not set: its other values
    show what choosing them as well would add. The same holds for prices.

    item_ids: best first. more: after `names`, count the free attributes that most of the best
    matches have.
    """
    held = _holdings(item_ids, filters)
    known = _facet_names(np.unique(held.facet_ids))
    names = [*names, *(_common_facets(held, known, names) if more else ())]
    products = held.group_ids if collapse and catalogue.parent_field else np.arange(len(item_ids))
    counted: dict[str, dict[int, int]] = {}
    for name in names:
        if name in known:
            of_facet = (held.facet_ids == known[name]) & held.passing(without=name)[held.owners]
            counts = _count(held.value_ids[of_facet], products[held.owners[of_facet]])
            counted[name] = dict(sorted(counts.items(), key=_most_frequent)[:MAX_VALUES])
    texts = _texts([id for counts in counted.values() for id in counts])
    facets = [
        FacetCounts(
            name,
            catalogue.get_facet_label(name),
            tuple(
                FacetValue(text, count, text in selected.get(name, ()))
                for text, count in sorted(
                    ((texts[id], count) for id, count in counts.items()), key=_most_frequent
                )
            ),
        )
        for name, counts in counted.items()
        if counts
    ]
    return facets, _price_range(held)


def first_values(item_ids: Sequence[int], name: str) -> dict[int, str]:
    """The first value that items have in a facet, by item id."""
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (i.id) i.id, v.value
            FROM shopreco_item i CROSS JOIN unnest(i.facet_codes) WITH ORDINALITY AS c (code, place)
            JOIN shopreco_facetcode v ON v.id = c.code & 4294967295 AND v.name = %s
            WHERE i.id = ANY(%s) ORDER BY i.id, c.place
            """,
            [name, list(item_ids)],
        )
        return dict(cursor.fetchall())


def _holdings(item_ids: Sequence[int], filters: Filters) -> Holdings:
    conditions = filters.conditions
    tests = "".join(
        f", ({each.sql})::int::bigint AS pass{n}" for n, each in enumerate(conditions.values())
    )
    passes = "".join(f", array_send(array_agg(pass{n}))" for n in range(len(conditions)))
    sql = f"""
        SELECT min(currency) FILTER (WHERE price <> 'NaN'), array_send(array_agg(price)),
               array_send(array_agg(group_id)), array_send(array_agg(size)),
               string_agg(array_send(facet_codes), ''){passes}
        FROM (
            SELECT i.currency, coalesce(i.price::float8, 'NaN') AS price, i.group_id,
                   cardinality(i.facet_codes)::bigint AS size, i.facet_codes{tests}
            FROM unnest(%s::bigint[]) WITH ORDINALITY AS best (id, position)
            JOIN shopreco_item i ON i.id = best.id ORDER BY best.position
        ) AS item
    """
    params = [p for each in conditions.values() for p in each.params]
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(sql, [*params, list(item_ids)])
        currency, prices, groups, sizes, codes, *passed = cursor.fetchone()
    owners, facet_ids, value_ids = _read_codes(codes, read_array(sizes, "i8"))
    return Holdings(
        group_ids=read_array(groups, "i8"),
        prices=read_array(prices, "f8"),
        currency=currency or "",
        passes={n: read_array(p, "i8") == 1 for n, p in zip(conditions, passed, strict=True)},
        owners=owners,
        facet_ids=facet_ids,
        value_ids=value_ids,
    )


def _read_codes(
    sent: bytes | None, sizes: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]:
    """Owner, facet and value of every code, (m,) each, of n arrays as PostgreSQL sends them.

    sent: the arrays of bigint one after the other. sizes: (n,), how many codes each has.
    """
    words = np.frombuffer(sent or b"", dtype=">u4")
    # A header of 5 words, then 3 for each element: its length and the two halves of its value.
    lengths = np.where(sizes > 0, 5 + 3 * sizes, 3)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    at = (np.cumsum(lengths) - lengths)[owners] + 5 + 3 * within
    return owners, words[at + 1].astype(np.int64), words[at + 2].astype(np.int64)


def _common_facets(held: Holdings, known: Mapping[str, int], besides: Sequence[str]) -> list[str]:
    """Facets that most of the best matches have, besides those that are shown anyway."""
    best = held.owners < SAMPLE
    counts = _count(held.facet_ids[best], held.owners[best])
    others = [(name, counts[id]) for name, id in known.items() if name not in besides]
    others = [each for each in others if each[1]]
    room = max(0, MAX_FACETS - len(besides))
    return [name for name, _ in sorted(others, key=_most_frequent)[:room]]


def _count(keys: NDArray[np.int64], of: NDArray[np.int64]) -> Counter[int]:
    """How many different `of`, (m,), each of the keys, (m,), goes with."""
    _, places = np.unique(of, return_inverse=True)
    pairs = np.unique(keys << 32 | places)
    found, counts = np.unique(pairs >> 32, return_counts=True)
    return Counter(dict(zip(found.tolist(), counts.tolist(), strict=True)))


def _most_frequent(counted: tuple[Any, int]) -> tuple[int, Any]:
    """Sorts keys with counts: the greatest count first, then by key."""
    return -counted[1], counted[0]


def _facet_names(facet_ids: NDArray[np.int64]) -> dict[str, int]:
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            "SELECT name, id FROM shopreco_facetcode WHERE id = ANY(%s)", [facet_ids.tolist()]
        )
        return dict(cursor.fetchall())


def _texts(value_ids: Sequence[int]) -> dict[int, str]:
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            "SELECT id, value FROM shopreco_facetcode WHERE id = ANY(%s)", [list(value_ids)]
        )
        return dict(cursor.fetchall())


def _price_range(held: Holdings) -> PriceRange | None:
    prices = held.prices[held.passing(without="price")]
    prices = prices[~np.isnan(prices)]
    if not len(prices):
        return None
    low, high = (Decimal(f"{each:.4f}") for each in (prices.min(), prices.max()))
    return PriceRange(low, high, held.currency)
