"""Facets: exact counts over all matches, so that a click shows as many results as its count says.

The facet codes of items are read in one statement and counted in memory.
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
from shopreco.queries import facet_codes
from shopreco.queries.conditions import Condition, Filters
from shopreco.queries.facet_codes import Spellings
from shopreco.queries.filters import PRICE
from shopreco.queries.prices import Prices

MAX_COUNTED_ITEMS = 50_000
"""Items that facets are counted over; beyond them counts are "at least"."""
MAX_FILTERS_APART = 5
"""Chosen filters whose alternatives are counted if there are more items than that."""
MAX_VALUES = 50
MAX_FACETS = 12
SAMPLE = 200
"""Best matches whose free attributes are read, to choose the most common as facets."""
NO_FACET = 0
"""Id of a facet that no item has ever had."""
NO_CURRENCY = "…"
"""Stands for several currencies, none of which was chosen."""
NO_FILTERS = Filters()


@dataclass(slots=True)
class FacetValue:
    """A value of a facet, with the number of results that choosing it would show."""

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
    """The lowest and the highest price of all that matches, in one currency (ISO 4217)."""

    minimum: Decimal
    maximum: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Holdings:
    """The facet values, prices and groups of n items, which have m facet values in all."""

    item_ids: NDArray[np.int64]
    """(n,)"""
    group_ids: NDArray[np.int64]
    """(n,)"""
    prices: NDArray[np.float64]
    """(n,), NaN without a price."""
    currency: str
    passes: Mapping[str, NDArray[np.bool_]]
    """Whether each item passes a filter, (n,), by name of the filter."""
    sampled: NDArray[np.bool_]
    """Whether each item counts in the choice of free attributes, (n,)."""
    owners: NDArray[np.intp]
    """Position of the item that has the value, (m,)."""
    facet_ids: NDArray[np.int64]
    """(m,)"""
    value_ids: NDArray[np.int64]
    """(m,)"""

    def passing(self, *, without: str = "") -> NDArray[np.bool_]:
        """Whether each item passes all filters except the one named `without`, (n,)."""
        passing = np.ones(len(self.group_ids), dtype=bool)
        for name, passes in self.passes.items():
            if name != without:
                passing &= passes
        return passing

    def counts(self, passing: NDArray[np.bool_], spellings: Spellings, *, collapse: bool) -> Counts:
        """Count the passing items, or their groups, by facet value. passing: (n,)."""
        held = passing[self.owners]
        owners, facets, written = self.owners[held], self.facet_ids[held], self.value_ids[held]
        values = spellings.as_first(written)
        # A value that an owner may have twice is counted once.
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
    """Numbers of items by facet value, ascending by value; all arrays (v,)."""

    facet_ids: NDArray[np.int64]
    value_ids: NDArray[np.intp]
    counts: NDArray[np.intp]
    usual: Mapping[int, int]
    """The most frequent spelling by the first one, of values with several spellings."""

    def of(self, facet_id: int) -> dict[int, int]:
        """Counts by value of one facet."""
        own = self.facet_ids == facet_id
        return dict(zip(self.value_ids[own].tolist(), self.counts[own].tolist(), strict=True))


def _usual(spellings: Spellings, written: NDArray[np.int64]) -> dict[int, int]:
    if not len(spellings.ids):
        return {}
    several = np.isin(written, np.concatenate([spellings.ids, spellings.firsts]))
    value_ids, counts = np.unique(written[several], return_counts=True)
    firsts = spellings.as_first(value_ids)
    ranked = np.argsort(counts, kind="stable")
    return dict(zip(firsts[ranked].tolist(), value_ids[ranked].tolist(), strict=True))


class Counting(Protocol):
    """The items that facets are counted over."""

    @property
    def is_exact(self) -> bool:
        """Whether these are all items that count."""
        ...

    def of(self, name: str = "") -> tuple[Holdings, NDArray[np.bool_]]:
        """Items, and whether each counts, (n,): it passes all filters except `name`."""
        ...


@dataclass(frozen=True, slots=True)
class Whole:
    """Counts over one set of items, of which some pass."""

    held: Holdings
    is_exact: bool = True

    def of(self, name: str = "") -> tuple[Holdings, NDArray[np.bool_]]:
        return self.held, self.held.passing(without=name)


@dataclass(frozen=True, slots=True)
class Apart:
    """Counts over items that are too many to read at once: what passes all filters, and what passes
    all but each one."""

    held: Holdings
    without: Mapping[str, Holdings]
    is_exact: bool

    def of(self, name: str = "") -> tuple[Holdings, NDArray[np.bool_]]:
        held = self.without.get(name, self.held)
        return held, np.ones(len(held.group_ids), dtype=bool)


def among(
    item_ids: NDArray[np.int64], filters: Filters, prices: Prices, *, is_exact: bool
) -> Counting:
    """Count over the items of a match set, (n,), the best first, that pass the filters."""
    source = Condition(
        "FROM shopreco_item i WHERE i.id = ANY(%s::bigint[])", (bigint_array(item_ids.tolist()),)
    )
    held = _holdings(source, filters, prices)
    order = np.argsort(item_ids)
    ranks = order[np.searchsorted(item_ids[order], held.item_ids)]
    return Whole(replace(held, sampled=ranks < SAMPLE), is_exact)


def throughout(catalogue: str, filters: Filters, prices: Prices) -> Counting:
    """Count over the items of a catalogue, in the scope of the filters, that pass them."""
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


def _items(catalogue: str, filters: Filters, limit: int) -> Condition:
    where = filters.where()
    sql = f"""
        FROM (
            SELECT i.* FROM shopreco_item i
            WHERE i.catalogue = %s AND i.outcome = 'indexed' AND {where.sql} LIMIT {limit:d}
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
    """Count items (groups, with `collapse`) by facet value, and find the range of prices.

    A facet is counted as if its own filter were not set: so its other values show what choosing
    them as well would add. The same holds for prices. Chosen values are listed whatever their
    count.

    more: whether to count the most common free attributes of the best matches after `names`.
    """
    collapse = collapse and bool(catalogue.parent_field)
    known = facet_codes.facets(catalogue.name, names)
    chosen = {name: known.get(name, NO_FACET) for name in names}
    if more:
        held, _passing = counting.of()
        chosen |= _common_facets(held, besides=known, room=MAX_FACETS - len(names))
    spellings = facet_codes.spellings_of(catalogue.name)

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
    """The most frequent values, and the selected ones in the spelling that was chosen."""
    found = counts.of(facet)
    asked = facet_codes.values(catalogue, name, selected) if selected else {}
    chosen = {spelled[0] & 0xFFFFFFFF: text for text, spelled in asked.items()}
    frequent = sorted(found.items(), key=lambda each: -each[1])[:MAX_VALUES]
    usual = {counts.usual.get(id, id): (id, n) for id, n in frequent if id not in chosen}
    counted = {value: usual[id][1] for id, (_name, value) in facet_codes.texts(usual).items()}
    counted |= {text: found.get(id, 0) for id, text in chosen.items()}
    counted |= {text: 0 for text in selected if text not in asked}
    ranked = sorted(counted.items(), key=_most_frequent)
    return tuple(FacetValue(text, count, text in selected) for text, count in ranked)


def first_values(item_ids: Sequence[int], names: Sequence[str]) -> dict[tuple[int, str], str]:
    """The first value of items in some facets, by item id and name of the facet."""
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
    """Read the holdings of the items of a source.

    No array may have NULL: a NULL condition does not pass, and a missing price is NaN."""
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
    """Owner, facet and value of every code, (m,) each, from n binary arrays of PostgreSQL.

    sent: the arrays of bigint, one after the other. sizes: (n,), the number of codes in each.
    """
    words = np.frombuffer(sent or b"", dtype=">u4")
    # A header of 5 words, then 3 for each element: its length and the two halves of its value.
    lengths = np.where(sizes > 0, 5 + 3 * sizes, 3)
    owners = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    at = (np.cumsum(lengths) - lengths)[owners] + 5 + 3 * within
    return owners, words[at + 1].astype(np.int64), words[at + 2].astype(np.int64)


def _common_facets(held: Holdings, besides: Mapping[str, int], room: int) -> dict[str, int]:
    """Ids of the facets that most of the best matches have, by name, without those shown anyway."""
    if room < 1:
        return {}
    best = held.sampled[held.owners]
    owners, facets = held.owners[best], held.facet_ids[best]
    # An item's values of one facet stand together, and count once.
    again = (facets[1:] == facets[:-1]) & (owners[1:] == owners[:-1])
    counts = np.bincount(facets[np.append(True, ~again)] if len(facets) else facets)
    counts[[id for id in besides.values() if id < len(counts)]] = 0
    found = np.flatnonzero(counts)
    counts = counts[found]
    # Among equally common ones the first by name are taken, so all of these need their names.
    least = np.sort(counts)[-room] if room < len(counts) else 0
    counted = dict(zip(found.tolist(), counts.tolist(), strict=True))
    names = facet_codes.texts(found[counts >= least].tolist())
    ranked = sorted((-counted[id], name, id) for id, (name, _value) in names.items())
    return {name: id for _count, name, id in ranked[:room]}


def _most_frequent(counted: tuple[str, int]) -> tuple[int, str]:
    """Sort key of a value and its count: the greatest count first, then by text."""
    return -counted[1], counted[0]


def _price_range(held: Holdings, passing: NDArray[np.bool_]) -> PriceRange | None:
    """The range of prices; None without prices, or if they are in several currencies."""
    amounts = held.prices[passing]
    amounts = amounts[~np.isnan(amounts)]
    if not len(amounts) or held.currency == NO_CURRENCY:
        return None
    low, high = (Decimal(f"{each:.4f}") for each in (amounts.min(), amounts.max()))
    return PriceRange(low, high, held.currency)
