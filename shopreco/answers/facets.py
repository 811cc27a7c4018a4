"""Facets: exact counts over all that matches, so that a click shows what its count says.

What items hold as numbers is read in one statement and counted in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from shopreco.catalogues import Catalogue
from shopreco.db.routing import read_alias
from shopreco.db.statements import Statement, bigint_array, fetch_row, read_array
from shopreco.queries import codes
from shopreco.queries.codes import Spellings
from shopreco.queries.conditions import Condition, Filters
from shopreco.queries.filters import PRICE
from shopreco.queries.prices import Prices

MAX_COUNTED_ITEMS = 50_000
"""Items that facets are counted over; beyond them counts are "at least"."""
MAX_FILTERS_APART = 5
"""Filters without which is counted where there are more items than that."""
MAX_VALUES = 50
MAX_FACETS = 12
SAMPLE = 200
"""Of so many of the best matches the free attributes are looked at, to choose facets by."""
NO_FACET = 0
"""Id of a facet that no item has ever had."""
NO_CURRENCY = "…"
"""Of prices in several currencies, none of which was asked for."""
NO_FILTERS = Filters()


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

    item_ids: NDArray[np.int64]
    """(n,)"""
    group_ids: NDArray[np.int64]
    """(n,)"""
    prices: NDArray[np.float64]
    """(n,), NaN where there is none."""
    currency: str
    passes: Mapping[str, NDArray[np.bool_]]
    """By name of a filter, which items pass it; (n,)."""
    sampled: NDArray[np.bool_]
    """Which items the free attributes are chosen by; (n,)."""
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

    def counts(self, passing: NDArray[np.bool_], spellings: Spellings, *, collapse: bool) -> Counts:
        """In how many of the passing items, or groups of them, each value is found."""
        held = passing[self.owners]
        owners, facets, written = self.owners[held], self.facet_ids[held], self.value_ids[held]
        values = spellings.as_first(written)
        # What an owner may hold twice is counted once.
        twice = np.isin(values, values[values != written])
        if collapse:
            groups, group_of = np.unique(self.group_ids, return_inverse=True)
            if len(groups) < len(self.group_ids):
                owners, twice = group_of[owners], np.ones(len(values), dtype=bool)
        if twice.any():
            places = np.flatnonzero(twice)
            _, once = np.unique(values[places] << 32 | owners[places], return_index=True)
            counted = ~twice
            counted[places[once]] = True
            values, facets = values[counted], facets[counted]
        counts = np.bincount(values)
        facet_of = np.zeros(len(counts), dtype=np.int64)
        facet_of[values] = facets
        found = np.flatnonzero(counts)
        return Counts(facet_of[found], found, counts[found], _usual(spellings, written))


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items hold a value of a facet, by ascending value; all arrays (v,)."""

    facet_ids: NDArray[np.int64]
    value_ids: NDArray[np.intp]
    counts: NDArray[np.intp]
    usual: Mapping[int, int]
    """The most frequent spelling, by the first, of values that have several."""

    def of(self, facet_id: int) -> dict[int, int]:
        """Counts by value of one facet."""
        own = self.facet_ids == facet_id
        return dict(zip(self.value_ids[own].tolist(), self.counts[own].tolist(), strict=True))


def _usual(spellings: Spellings, written: NDArray[np.int64]) -> dict[int, int]:
    if not len(spellings.ids):
        return {}
    several = np.isin(written, np.concatenate([spellings.ids, spellings.firsts]))
    bigint_array, counts = np.unique(written[several], return_counts=True)
    firsts = spellings.as_first(bigint_array)
    ranked = np.argsort(counts, kind="stable")
    return dict(zip(firsts[ranked].tolist(), bigint_array[ranked].tolist(), strict=True))


class Counting(Protocol):
    """The items that facets are counted over."""

    @property
    def is_exact(self) -> bool:
        """Whether they are all that there are."""
        ...

    def of(self, name: str = "") -> tuple[Holdings, NDArray[np.bool_]]:
        """Items with those that count, (n,): all that pass, whatever the filter `name` says."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """Of one set of items some pass."""

    held: Holdings
    is_exact: bool = True

    def of(self, name: str = "") -> tuple[Holdings, NDArray[np.bool_]]:
        return self.held, self.held.passing(without=name)


@dataclass(frozen=True, slots=True)
class Apart:
    """Too many to be read at once: what passes, and for each filter what passes but for it."""

    held: Holdings
    without: Mapping[str, Holdings]
    is_exact: bool

    def of(self, name: str = "") -> tuple[Holdings, NDArray[np.bool_]]:
        held = self.without.get(name, self.held)
        return held, np.ones(len(held.group_ids), dtype=bool)


def among(
    item_ids: NDArray[np.int64], filters: Filters, prices: Prices, *, is_exact: bool
) -> Counting:
    """Of a match set, best first, those that pass."""
    source = Condition(
        "FROM shopreco_item i WHERE i.id = ANY(%s::bigint[])", (bigint_array(item_ids.tolist()),)
    )
    held = _holdings(source, filters, prices)
    order = np.argsort(item_ids)
    ranks = order[np.searchsorted(item_ids[order], held.item_ids)]
    return Whole(replace(held, sampled=ranks < SAMPLE), is_exact)


def throughout(catalogue: str, filters: Filters, prices: Prices) -> Counting:
    """Of a catalogue, in the scope of the filters, those that pass."""
    narrowing = filters.narrowing()
    scope = _items(catalogue, filters.scope(), MAX_COUNTED_ITEMS + 1)
    if _number(scope) <= MAX_COUNTED_ITEMS:
        held = _holdings(scope, narrowing, prices)
        return Whole(replace(held, sampled=held.passing()))
    passing = _holdings(_items(catalogue, filters, MAX_COUNTED_ITEMS), NO_FILTERS, prices)
    without = {
        name: _holdings(
            _items(catalogue, filters.without(name), MAX_COUNTED_ITEMS), NO_FILTERS, prices
        )
        for name in list(narrowing.conditions)[:MAX_FILTERS_APART]
    }
    read = [passing, *without.values()]
    return Apart(passing, without, all(len(each.item_ids) < MAX_COUNTED_ITEMS for each in read))


def _number(source: Condition) -> int:
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(f"SELECT count(*) {source.sql}", source.params)
        return int(cursor.fetchone()[0])


def _items(catalogue: str, filters: Filters, most: int) -> Condition:
    where = filters.where()
    sql = f"""
        FROM (
            SELECT i.* FROM shopreco_item i
            WHERE i.catalogue = %s AND i.outcome = 'indexed' AND {where.sql} LIMIT {most:d}
        ) AS i
    """
    return Condition(sql, (catalogue, *where.params))


def count_facets(
    catalogue: Catalogue,
    counting: Counting,
    names: Sequence[str],
    selected: Mapping[str, Sequence[str]],
    *,
    more: bool,
    collapse: bool,
) -> tuple[list[FacetCounts], PriceRange | None]:
    """Counts of products (of groups, with `collapse`) by facet value, and the range of prices.

    A facet with a filter of its own is counted as if that filter were not set: its other values
    show what choosing them as well would add. The same holds for prices. What is chosen is listed
    whatever its count.

    more: after `names`, count the free attributes that most of the best matches have.
    """
    collapse = collapse and bool(catalogue.parent_field)
    known = codes.facets(catalogue.name, names)
    chosen = {name: known.get(name, NO_FACET) for name in names}
    if more:
        held, _passing = counting.of()
        chosen |= _common_facets(held, besides=known, room=MAX_FACETS - len(names))
    spellings = codes.spellings_of(catalogue.name)

    def counted(name: str = "") -> Counts:
        held, passing = counting.of(name)
        return held.counts(passing, spellings, collapse=collapse)

    shared = counted()
    facets = []
    for name, code in chosen.items():
        counts = counted(name) if name in selected else shared
        values = _values(catalogue.name, name, code, counts, selected.get(name, ()))
        if values:
            facets.append(FacetCounts(name, catalogue.get_facet_label(name), values))
    return facets, _price_range(*counting.of(PRICE))


def _values(
    catalogue: str, name: str, facet: int, counts: Counts, selected: Sequence[str]
) -> tuple[FacetValue, ...]:
    """The most frequent values, and those that are selected, which are written as they were
    chosen."""
    found = counts.of(facet)
    asked = codes.values(catalogue, name, selected) if selected else {}
    chosen = {spelled[0] & 0xFFFFFFFF: text for text, spelled in asked.items()}
    most = sorted(found.items(), key=lambda each: -each[1])[:MAX_VALUES]
    usual = {counts.usual.get(id, id): (id, n) for id, n in most if id not in chosen}
    counted = {value: usual[id][1] for id, (_name, value) in codes.texts(usual).items()}
    counted |= {text: found.get(id, 0) for id, text in chosen.items()}
    counted |= {text: 0 for text in selected if text not in asked}
    ranked = sorted(counted.items(), key=_most_frequent)
    return tuple(FacetValue(text, count, text in selected) for text, count in ranked)


def first_values(item_ids: Sequence[int], names: Sequence[str]) -> dict[tuple[int, str], str]:
    """The first value that items have in each of some facets, by item id and name."""
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (i.id, v.name) i.id, v.name, v.value
            FROM shopreco_item i CROSS JOIN unnest(i.facet_codes) WITH ORDINALITY AS c (code, place)
            JOIN shopreco_facetcode v ON v.id = c.code & 4294967295 AND v.name = ANY(%s)
            WHERE i.id = ANY(%s) ORDER BY i.id, v.name, c.place
            """,
            [list(names), list(item_ids)],
        )
        return {(item_id, name): value for item_id, name, value in cursor.fetchall()}


def _holdings(source: Condition, filters: Filters, prices: Prices) -> Holdings:
    """What the items of a source hold. No array may have NULL in it: what is NULL does not pass,
    and a price that there is not is NaN."""
    conditions = filters.conditions
    passes = "".join(
        f", array_send(array_agg((({each.sql}) IS TRUE)::int::bigint))"
        for each in conditions.values()
    )
    within = prices.within or Condition("TRUE")
    sql = f"""
        SELECT convert_to(min(i.{prices.currency_column})
                   FILTER (WHERE i.{prices.column} IS NOT NULL AND {within.sql}), 'UTF8'),
               array_send(array_agg(i.id)), array_send(array_agg(i.group_id)),
               array_send(array_agg(coalesce(
                   CASE WHEN {within.sql} THEN i.{prices.column}::float8 END, 'NaN'))),
               array_send(array_agg(cardinality(i.facet_codes)::bigint)),
               string_agg(array_send(i.facet_codes), ''){passes}
        {source.sql}
    """
    passed_by = (p for each in conditions.values() for p in each.params)
    params = (*within.params, *within.params, *passed_by, *source.params)
    currency, found, groups, amounts, sizes, sent, *passed = fetch_row(Statement(sql, params))
    owners, facet_ids, value_ids = _read_codes(sent, read_array(sizes, "i8"))
    item_ids = read_array(found, "i8")
    return Holdings(
        item_ids=item_ids,
        group_ids=read_array(groups, "i8"),
        prices=read_array(amounts, "f8"),
        currency=(currency or b"").decode() if prices.comparable else NO_CURRENCY,
        passes={n: read_array(p, "i8") == 1 for n, p in zip(conditions, passed, strict=True)},
        sampled=np.ones(len(item_ids), dtype=bool),
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
    best = held.sampled[held.owners]
    owners, facets = held.owners[best], held.facet_ids[best]
    # The values of a facet that an item has stand together: it counts once.
    again = (facets[1:] == facets[:-1]) & (owners[1:] == owners[:-1])
    counts = np.bincount(facets[np.append(True, ~again)] if len(facets) else facets)
    counts[[id for id in besides.values() if id < len(counts)]] = 0
    found = np.flatnonzero(counts)
    counts = counts[found]
    # Of those that equally many have the first by name are taken, so all of these are named.
    least = np.sort(counts)[-room] if room < len(counts) else 0
    counted = dict(zip(found.tolist(), counts.tolist(), strict=True))
    names = codes.texts(found[counts >= least].tolist())
    ranked = sorted((-counted[id], name, id) for id, (name, _value) in names.items())
    return {name: id for _count, name, id in ranked[:room]}


def _most_frequent(counted: tuple[str, int]) -> tuple[int, str]:
    """Sorts values with counts: the greatest count first, then by text."""
    return -counted[1], counted[0]


def _price_range(held: Holdings, passing: NDArray[np.bool_]) -> PriceRange | None:
    """None where there are no prices, or no one currency of them."""
    amounts = held.prices[passing]
    amounts = amounts[~np.isnan(amounts)]
    if not len(amounts) or held.currency == NO_CURRENCY:
        return None
    low, high = (Decimal(f"{each:.4f}") for each in (amounts.min(), amounts.max()))
    return PriceRange(low, high, held.currency)
