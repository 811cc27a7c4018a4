"""Filters: validate them against a catalogue's declarations, and make them conditions on items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from shopreco.catalogues import Attributes, Catalogue, Facet
from shopreco.exceptions import InvalidQuery, UnknownFilter
from shopreco.queries import facet_codes
from shopreco.queries.conditions import COLUMNS, Condition, Filters, Holds, Restriction, all_of
from shopreco.queries.prices import Prices, prices_of

MAX_FILTERS = 20
MAX_VALUES = 50
RANGES = ("price_min", "price_max")
PRICE = "price_min"
"""Name of the condition that has both bounds; no facet can have it."""


def parse_filters(
    catalogue: Catalogue, given: Mapping[str, Any] | None, *, collapse: bool = True
) -> Filters:
    """Validate filters as views and templates pass them.

    Known names are the declared facets, any attribute if the catalogue declares `Attributes`,
    `price_min`, `price_max`, `available`, `language` and `site`. With `collapse` the price of the
    product counts, not that of a variant.

    Raises:
        UnknownFilter: the catalogue has no such filter; the message names the closest.
        InvalidQuery: a value that cannot be compared, or more than `MAX_FILTERS` filters.
    """
    conditions: dict[str, Restriction] = {}
    bounds: list[Condition] = []
    price = prices_of(collapse).column
    filled = {name: v for name, v in (given or {}).items() if v is not None and v not in ("", [])}
    if len(filled) > MAX_FILTERS:
        raise InvalidQuery(f"There are {len(filled)} filters; up to {MAX_FILTERS} are read.")
    for name, value in filled.items():
        if name in RANGES:
            compared = ">=" if name == "price_min" else "<="
            bounds.append(Condition(f"i.{price} {compared} %s", (_amount(name, value),)))
        elif name == "available":
            conditions[name] = Condition("i.available = %s", (_boolean(name, value),))
        elif name == "language":
            conditions[name] = Condition("i.language = ANY(%s)", (_texts(name, value),))
        elif name == "site":
            conditions[name] = Condition("i.site_id = %s OR i.site_id IS NULL", (_int(value),))
        else:
            check_facets(catalogue, [name])
            values = tuple(_texts(name, value))
            conditions[name] = Holds("facet_codes", catalogue.name, name, values)
    if bounds:
        conditions[PRICE] = all_of(bounds)
    return Filters(conditions)


def within_currency(filters: Filters, catalogue: str, prices: Prices) -> Filters:
    """Restrict the price filter to the currency of `prices`.

    Raises:
        InvalidQuery: there are several currencies, and none was chosen.
    """
    bounds = filters.conditions.get(PRICE)
    if bounds is None:
        return filters
    prices.check(catalogue)
    if prices.within is None:
        return filters
    both = all_of([bounds, prices.within])
    return Filters({**filters.conditions, PRICE: both}, filters.visible)


def check_facets(catalogue: Catalogue, names: Iterable[str]) -> None:
    """Check names of facets.

    Raises:
        UnknownFilter: the catalogue has no such facet; the message names the closest.
    """
    declared = facet_names(catalogue)
    free = any(isinstance(each, Attributes) for each in catalogue.fields.values())
    for name in names:
        if name in declared or (free and name.isprintable() and len(name) <= 100):
            continue
        hint = meant(name, [*declared, *RANGES, *COLUMNS])
        raise UnknownFilter(f"{name!r} is not a filter of {catalogue.name}. {hint}")


def absent(catalogue: Catalogue, names: Iterable[str]) -> list[str]:
    """The names of filters that no item has ever had a value for.

    A misspelt name looks like a free attribute, and matches nothing."""
    known = {*facet_names(catalogue), *RANGES, *COLUMNS}
    free = [name for name in names if name not in known]
    held = facet_codes.facets(catalogue.name, free) if free else {}
    return [name for name in free if name not in held]


def facets_of_items(catalogue: Catalogue) -> list[str]:
    """Names of the declared facets, and of the attributes that items have."""
    declared, fields = facet_names(catalogue), catalogue.fields
    return declared + [each for each in facet_codes.names(catalogue.name) if each not in fields]


def meant(name: str, known: Sequence[str]) -> str:
    """A sentence that names the known name closest to an unknown one, else all known names."""
    close = get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}."


def facet_names(catalogue: Catalogue) -> list[str]:
    """Names of the facets that are declared one by one, without free attributes."""
    return [
        name
        for name, each in catalogue.fields.items()
        if isinstance(each, Facet) and not isinstance(each, Attributes)
    ]


def _texts(name: str, value: Any) -> list[str]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, Sequence) or len(values) > MAX_VALUES:
        raise InvalidQuery(f"{name} takes a text or up to {MAX_VALUES} of them, not {value!r:.80}.")
    if any("\x00" in str(each) for each in values):
        raise InvalidQuery(f"{name} has a NUL character.")
    return [str(each)[:500] for each in values]


def _amount(name: str, value: Any) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise InvalidQuery(f"{name} is {value!r:.80}; it must be a number.") from None
    if not amount.is_finite():
        raise InvalidQuery(f"{name} is {value!r:.80}; it must be finite.")
    return amount


def _boolean(name: str, value: Any) -> bool:
    text = str(value).lower()
    if text in {"true", "1", "yes", "on"}:
        return True
    if text in {"false", "0", "no", "off"}:
        return False
    raise InvalidQuery(f"{name} is {value!r:.80}; it must be true or false.")


def _int(value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise InvalidQuery(f"site is {value!r:.80}; it must be an id.") from None
    if abs(number) >= 2**31:
        raise InvalidQuery(f"site is {value!r:.80}; it must be an id.")
    return number
