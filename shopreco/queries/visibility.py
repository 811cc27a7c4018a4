"""Visibility: what a visitor may see, as restrictions in every statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest

from shopreco.catalogues import Catalogue, Visibility, VisibleFrom, VisibleUntil
from shopreco.catalogues.fields import EVERYONE, audience
from shopreco.exceptions import ConfigurationError, InvalidQuery
from shopreco.queries.conditions import COLUMNS, NOTHING, Condition, Filters, Holds, Restriction
from shopreco.queries.filters import PRICE, RANGES, parse_filters, within_currency
from shopreco.queries.prices import read_prices

NOW = Condition(
    "(i.visible_from IS NULL OR i.visible_from <= statement_timestamp())"
    " AND (i.visible_until IS NULL OR i.visible_until > statement_timestamp())"
)


def visible_to(catalogue: Catalogue, request: HttpRequest | None) -> tuple[Restriction, ...]:
    """Restrictions to what a visitor may see: `get_visibility`, and the dates of items.

    Raises:
        ConfigurationError: the hook names what the catalogue does not declare.
    """
    found: list[Restriction] = []
    if catalogue.field(VisibleFrom) or catalogue.field(VisibleUntil):
        found.append(NOW)
    for name, value in catalogue.get_visibility(request).items():
        declared = catalogue.fields.get(name)
        if isinstance(declared, Visibility):
            seen = [text for each in _listed(value) if (text := audience(each))]
            seen += [EVERYONE] * declared.empty_means_everyone
            audiences = tuple(dict.fromkeys(seen))
            found.append(Holds("visibility_codes", catalogue.name, name, audiences, exactly=True))
        else:
            found.append(_filter(catalogue, name, value))
    return tuple(found)


def for_visitor(filters: Filters, catalogue: Catalogue, request: HttpRequest | None) -> Filters:
    """Add visibility to the filters of a block, and one currency to its price filter.

    Raises:
        InvalidQuery: a filter names a price, and there are several currencies.
    """
    visible = replace(filters, visible=visible_to(catalogue, request))
    if PRICE not in filters.conditions:
        return visible
    prices = read_prices(catalogue, request, "", collapse=True)
    return within_currency(visible, catalogue.name, prices)


def _filter(catalogue: Catalogue, name: str, value: Any) -> Restriction:
    """A filter that the hook sets. Without a value nothing passes it, rather than everything."""
    hook = f"{type(catalogue).__name__}.get_visibility"
    if name not in {*catalogue.fields, *RANGES, *COLUMNS}:
        raise ConfigurationError(f"{hook} names {name!r}, which the catalogue does not declare.")
    try:
        conditions = parse_filters(catalogue, {name: value}).conditions
    except InvalidQuery as error:
        raise ConfigurationError(f"{hook}: {error}") from error
    return next(iter(conditions.values()), NOTHING)


def _listed(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    alone = isinstance(value, (str, bytes)) or not isinstance(value, Iterable)
    return [value] if alone else list(value)
