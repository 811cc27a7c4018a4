"""Blocks: what the row of a placement may say, checked before it reaches a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from shopreco.answers import placements
from shopreco.catalogues import Catalogue, get_catalogues
from shopreco.exceptions import InvalidQuery
from shopreco.models import Placement
from shopreco.queries.filters import check_facets, parse_filters
from shopreco.queries.limits import check_block
from shopreco.registries import did_you_mean
from shopreco.retrieval.base import RETRIEVERS

__all__ = ["default_sources", "forget_placements", "placement_problems", "source_labels"]


def source_labels() -> dict[str, str]:
    """Retrievers that find products beside a product: what each finds, by its name in rows."""
    return {
        name: str(retriever.label)
        for name, retriever in RETRIEVERS.items()
        if not retriever.needs_query
    }


def default_sources(placement: str) -> tuple[str, ...]:
    """The sources of a placement that has no row; empty for one that shopreco does not have."""
    recipe = placements.DEFAULTS.get(placement)
    return recipe.sources if recipe else ()


def forget_placements() -> None:
    """Have this process read the rows of its shop again; others do within seconds."""
    placements.forget()


def placement_problems(placement: Placement) -> dict[str, str]:
    """Say what is wrong with a row, by the field that has to change; empty if nothing is.

    A row of every catalogue has to hold for each.
    """
    known = {catalogue.name: catalogue for catalogue in get_catalogues()}
    if placement.catalogue and placement.catalogue not in known:
        said = _("There is no catalogue “%(name)s”. %(hint)s") % {
            "name": placement.catalogue,
            "hint": did_you_mean(placement.catalogue, known),
        }
        return {"catalogue": said}
    shops = [known[placement.catalogue]] if placement.catalogue else list(known.values())
    found = {
        "sources": _names(placement.sources) or _repeated(placement.sources),
        "fallback": _names(placement.fallback)
        or _repeated([*dict.fromkeys(placement.sources), *placement.fallback]),
        "excluded": _names(placement.excluded),
        "filters": _filters(placement.filters, shops),
        "max_per": _caps(placement.max_per, shops),
    }
    return {field: problem for field, problem in found.items() if problem}


def _names(names: Iterable[Any]) -> str:
    known = source_labels()
    for name in names:
        if name not in known:
            return _("There is no retriever “%(name)s” for blocks. %(hint)s") % {
                "name": name,
                "hint": did_you_mean(str(name), known),
            }
    return ""


def _repeated(names: list[Any]) -> str:
    twice = next((name for n, name in enumerate(names) if name in names[:n]), None)
    return _("“%s” is there twice.") % twice if twice is not None else ""


def _filters(filters: Any, shops: Iterable[Catalogue]) -> str:
    if not isinstance(filters, dict):
        return _('Write values by name, such as {"brand": ["Fennel"]}.')
    try:
        for shop in shops:
            parse_filters(shop, filters)
    except InvalidQuery as error:
        return str(error)
    return ""


def _caps(caps: Any, shops: Iterable[Catalogue]) -> str:
    if not isinstance(caps, dict):
        return _('Write whole numbers by facet, such as {"brand": 2}.')
    for facet, cap in caps.items():
        if isinstance(cap, bool) or not isinstance(cap, int) or cap < 1:
            return _("“%s”: a whole number above zero is needed.") % str(facet)
    try:
        check_block(1, caps, ())
        for shop in shops:
            check_facets(shop, caps)
    except InvalidQuery as error:
        return str(error)
    return ""
