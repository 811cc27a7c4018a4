"""Facets: exact counts over the whole match set, so that a click shows what its count says.

What items hold as numbers is read in one statement and counted in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.db import connections, router
from numpy.typing import NDArray

from shopreco.catalogues import Catalogue
from shopreco.models import Item
from shopreco.process_cache import Kept
from shopreco.retrieval.asking import Statement, answered, ids, read_array
from shopreco.retrieval.filters import Filters

MAX_VALUES = 50
MAX_FACETS = 12
SAMPLE = 200
"""Of so many of the best matches the free attributes are looked at, to choose facets by."""


@dataclass(slots=True)
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
    """What the items of a match set hold: n items with m facet values in all."""

    ranks: NDArray[np.intp]
    """Place of an item in the match set, 0 for the best; (n,)."""
    group_ids: NDArray[np.int64]
    """(n,)"""
    prices: NDArray[np.float64]
    """(n,), NaN where there is none."""
    currency: str
    passes: Mapping[str, NDArray[np.bool_]]
    """By name of a filter, which items pass it; (n,)."""
    owners: NDArray[np.intp]
    """Position of the item that holds a value, each value once; (m,)."""
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

    def counts(self, passing: NDArray[np.bool_], *, collapse: bool) -> Counts:
        """In how many of the passing items, or groups of them, each value is found."""
        held = passing[self.owners]
        values, facets = self.value_ids[held], self.facet_ids[held]
        if collapse:
            groups, group_of = np.unique(self.group_ids, return_inverse=True)
            if len(groups) < len(self.group_ids):
                pairs = values << 32 | group_of[self.owners[held]]
                _, once = np.unique(pairs, return_index=True)
                values, facets = values[once], facets[once]
        counts = np.bincount(values)
        facet_of = np.zeros(len(counts), dtype=np.int64)
        facet_of[values] = facets
        found = np.flatnonzero(counts)
        return Counts(facet_of[found], found, counts[found])


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items hold a value of a facet, by ascending value; all arrays (v,)."""

    facet_ids: NDArray[np.int64]
    value_ids: NDArray[np.intp]
    counts: NDArray[np.intp]

    def most_frequent(self, facet_id: int) -> dict[int, int]:
        """Counts by value of one facet, the greatest first."""
        own = self.facet_ids == facet_id
        values, counts = self.value_ids[own], self.counts[own]
        best = np.argsort(-counts, kind="stable")[:MAX_VALUES]
        return dict(zip(values[best].tolist(), counts[best].tolist(), strict=True))


def count_facets(
    catalogue: Catalogue,
    item_ids: NDArray[np.int64],
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
    collapse = collapse and bool(catalogue.parent_field)
    codes = FACETS.get([(catalogue.name, name) for name in names], _facets)
    chosen = {name: code for name in names if (code := codes.get((catalogue.name, name)))}
    if more:
        chosen |= _common_facets(held, besides=chosen, room=MAX_FACETS - len(names))
    shared = held.counts(held.passing(), collapse=collapse)
    counted = {
        name: (
            held.counts(held.passing(without=name), collapse=collapse)
            if name in held.passes
            else shared
        ).most_frequent(code)
        for name, code in chosen.items()
    }
    texts = TEXTS.get([value for counts in counted.values() for value in counts], _texts)
    facets = [
        FacetCounts(
            name,
            catalogue.get_facet_label(name),
            tuple(
                FacetValue(text, count, text in selected.get(name, ()))
                for text, count in sorted(
                    ((texts[value][1], count) for value, count in counts.items()),
                    key=_most_frequent,
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


def _holdings(item_ids: NDArray[np.int64], filters: Filters) -> Holdings:
    conditions = filters.conditions
    passes = "".join(
        f", array_send(array_agg(({each.sql})::int::bigint))" for each in conditions.values()
    )
    sql = f"""
        SELECT convert_to(min(i.currency) FILTER (WHERE i.price <> 'NaN'), 'UTF8'),
               array_send(array_agg(i.id)), array_send(array_agg(i.group_id)),
               array_send(array_agg(coalesce(i.price::float8, 'NaN'))),
               array_send(array_agg(cardinality(i.facet_codes)::bigint)),
               string_agg(array_send(i.facet_codes), ''){passes}
        FROM shopreco_item i WHERE i.id = ANY(%s::bigint[])
    """
    params = [p for each in conditions.values() for p in each.params]
    row = answered(Statement(sql, (*params, ids(item_ids.tolist()))))
    currency, found, groups, prices, sizes, codes, *passed = row
    owners, facet_ids, value_ids = _read_codes(codes, read_array(sizes, "i8"))
    order = np.argsort(item_ids)
    return Holdings(
        ranks=order[np.searchsorted(item_ids[order], read_array(found, "i8"))],
        group_ids=read_array(groups, "i8"),
        prices=read_array(prices, "f8"),
        currency=(currency or b"").decode(),
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


def _common_facets(held: Holdings, besides: Mapping[str, int], room: int) -> dict[str, int]:
    """Facets that most of the best matches have, by name, besides those that are shown anyway."""
    if room < 1:
        return {}
    best = held.ranks[held.owners] < SAMPLE
    owners, facets = held.owners[best], held.facet_ids[best]
    # The values of a facet that an item has stand together: it counts once.
    again = (facets[1:] == facets[:-1]) & (owners[1:] == owners[:-1])
    counts = np.bincount(facets[np.append(True, ~again)] if len(facets) else facets)
    counts[[code for code in besides.values() if code < len(counts)]] = 0
    codes = np.flatnonzero(counts)
    counts = counts[codes]
    # Of those that equally many have the first by name are taken, so all of these are named.
    least = np.sort(counts)[-room] if room < len(counts) else 0
    counted = dict(zip(codes.tolist(), counts.tolist(), strict=True))
    names = TEXTS.get(codes[counts >= least].tolist(), _texts)
    ranked = sorted((-counted[code], name, code) for code, (name, _value) in names.items())
    return {name: code for _count, name, code in ranked[:room]}


def _most_frequent(counted: tuple[str, int]) -> tuple[int, str]:
    """Sorts values with counts: the greatest count first, then by text."""
    return -counted[1], counted[0]


FACETS: Kept[tuple[str, str], int] = Kept(most=10_000)
"""Code of a facet, by catalogue and name. Codes never change."""
TEXTS: Kept[int, tuple[str, str]] = Kept(most=50_000)
"""Name and value, by code."""


def _facets(asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    catalogues, names = zip(*asked, strict=True)
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            """
            SELECT t.catalogue, t.name, f.id
            FROM unnest(%s::text[], %s::text[]) AS t (catalogue, name)
            JOIN shopreco_facetcode f ON f.catalogue = t.catalogue
                AND md5(f.name) = md5(t.name) AND md5(f.value) = md5('')
            """,
            [list(catalogues), list(names)],
        )
        return {(catalogue, name): code for catalogue, name, code in cursor.fetchall()}


def _texts(codes: Sequence[int]) -> dict[int, tuple[str, str]]:
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            "SELECT id, name, value FROM shopreco_facetcode WHERE id = ANY(%s)", [list(codes)]
        )
        return {code: (name, value) for code, name, value in cursor.fetchall()}


def _price_range(held: Holdings) -> PriceRange | None:
    prices = held.prices[held.passing(without="price")]
    prices = prices[~np.isnan(prices)]
    if not len(prices):
        return None
    low, high = (Decimal(f"{each:.4f}") for each in (prices.min(), prices.max()))
    return PriceRange(low, high, held.currency)
