"""Filters: validated against the catalogue's declarations, then SQL on `shopreco_item AS i`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from shopreco.catalogues import Attributes, Catalogue, Facet
from shopreco.exceptions import InvalidQuery, UnknownFilter

MAX_VALUES = 50
RANGES = ("price_min", "price_max")
COLUMNS = ("available", "language", "site")
HAS_VALUE = """
    i.facet_codes && ARRAY(
        SELECT facet.id::bigint << 32 | value.id
        FROM shopreco_facetcode facet JOIN shopreco_facetcode value
            ON value.catalogue = facet.catalogue AND md5(value.name) = md5(facet.name)
        WHERE facet.catalogue = %s AND md5(facet.name) = md5(%s) AND md5(facet.value) = md5('')
            AND md5(value.value) IN (SELECT md5(text) FROM unnest(%s::text[]) AS text)
    )
"""


@dataclass(frozen=True, slots=True)
class Condition:
    sql: str
    params: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions by filter name: values of one filter are alternatives, filters add up."""

    conditions: Mapping[str, Condition] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def scope(self) -> Filters:
        """The conditions that say in which part of the shop to look: part of the query."""
        return Filters({n: c for n, c in self.conditions.items() if n in COLUMNS})

    def narrowing(self) -> Filters:
        """The conditions that a shopper sets and removes to narrow a match set down."""
        return Filters({n: c for n, c in self.conditions.items() if n not in COLUMNS})

    def where(self, *, without: str = "") -> Condition:
        """All conditions but those of one filter, as one; TRUE if there is none."""
        chosen = [c for name, c in self.conditions.items() if name != without]
        sql = " AND ".join(f"({c.sql})" for c in chosen) or "TRUE"
        return Condition(sql, tuple(p for c in chosen for p in c.params))


def parse_filters(catalogue: Catalogue, given: Mapping[str, Any] | None) -> Filters:
    """Validate filters as views and templates pass them.

    Known names: every declared facet, attribute names where the catalogue declares `Attributes`,
    `price_min`, `price_max`, `available`, `language`, `site`.

    Raises:
        UnknownFilter: a name that the catalogue does not offer, with the nearest that it does.
        InvalidQuery: a value that cannot be compared.
    """
    conditions: dict[str, Condition] = {}
    for name, value in (given or {}).items():
        if value is None or value in ("", []):
            continue
        if name in RANGES:
            low = name == "price_min"
            sql = "i.price >= %s" if low else "i.price <= %s"
            before = conditions.get("price")
            condition = Condition(sql, (_amount(name, value),))
            if before is not None:
                sql, params = f"{before.sql} AND {sql}", before.params + condition.params
                condition = Condition(sql, params)
            conditions["price"] = condition
        elif name == "available":
            conditions[name] = Condition("i.available = %s", (_boolean(name, value),))
        elif name == "language":
            conditions[name] = Condition("i.language = ANY(%s)", (_texts(name, value),))
        elif name == "site":
            conditions[name] = Condition("(i.site_id = %s OR i.site_id IS NULL)", (_int(value),))
        else:
            check_facets(catalogue, [name])
            params = (catalogue.name, name, _texts(name, value))
            conditions[name] = Condition(HAS_VALUE, params)
    return Filters(conditions)


def check_facets(catalogue: Catalogue, names: Iterable[str]) -> None:
    """Raises `UnknownFilter` for a name that is no facet of the catalogue."""
    declared = facet_names(catalogue)
    free = any(isinstance(each, Attributes) for each in catalogue.fields.values())
    for name in names:
        if name in declared or (free and name.isprintable() and len(name) <= 100):
            continue
        known = [*declared, *RANGES, *COLUMNS]
        close = get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}."
        raise UnknownFilter(f"{name!r} is not a filter of {catalogue.name}. {hint}")


def facet_names(catalogue: Catalogue) -> list[str]:
    """Names of the facets that are declared one by one; free attributes come on top."""
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
        return int(value)
    except (TypeError, ValueError):
        raise InvalidQuery(f"site is {value!r:.80}; it must be an id.") from None
