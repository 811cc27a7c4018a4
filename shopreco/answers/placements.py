"""Placements as blocks use them: the defaults, overridden by rows that are cached for seconds."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from django.db import Error
from django.utils.translation import get_language

from shopreco.catalogues import Catalogue
from shopreco.db.process_cache import ShopCache
from shopreco.db.shops import answering_shop
from shopreco.exceptions import InvalidQuery
from shopreco.models import Placement
from shopreco.models.placements import DEFAULT_PLACEMENTS, AnchorKind
from shopreco.queries.filters import check_facets, parse_filters
from shopreco.registries import did_you_mean
from shopreco.stages import savepoint

logger = logging.getLogger(__name__)

FRESH_SECONDS = 5.0
"""Seconds that a process uses the rows that it has read."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a block is made of, see `Placement`."""

    name: str
    sources: tuple[str, ...]
    fallback: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    max_per: Mapping[str, int] = field(default_factory=dict)
    diversity: float = 0.0
    title: str = ""
    title_zh: str = ""
    anchors: str = AnchorKind.PRODUCT
    hides_owned: bool = False

    def is_personal(self, *, given: bool) -> bool:
        """Whether it differs by visitor. given: whether the page says what the block is about."""
        return self.hides_owned or (self.anchors in OF_VISITORS and not given)

    def get_title(self) -> str:
        """Its title in the visitor's language; empty where the row has none."""
        is_chinese = (get_language() or "").startswith("zh")
        return (is_chinese and self.title_zh) or self.title


OF_VISITORS = (AnchorKind.CART, AnchorKind.HISTORY, AnchorKind.PURCHASES)

DEFAULTS = {
    each.name: Recipe(
        each.name,
        each.sources,
        each.fallback,
        each.excluded,
        diversity=each.diversity,
        anchors=each.anchors,
        hides_owned=each.hides_owned,
    )
    for each in DEFAULT_PLACEMENTS
}

_known: ShopCache[tuple[Mapping[str, Recipe], float]] = ShopCache(10_000)
"""By shop and catalogue: the recipes, and until when they are used."""


def recipe_of(catalogue: Catalogue, placement: str) -> Recipe:
    """The recipe of a placement; without sources if its row is switched off, or does not hold for
    the catalogue any more. Where the rows cannot be read, the defaults hold.

    Raises:
        InvalidQuery: no placement has this name; the message names the closest.
    """
    try:
        known = recipes_of(catalogue.name)
    except Error:
        logger.exception("the placements of %s cannot be read: the defaults hold", catalogue.name)
        return DEFAULTS.get(placement, Recipe(placement, ()))
    if placement not in known:
        hint = did_you_mean(placement, known)
        raise InvalidQuery(f"There is no placement {placement!r:.80}. {hint}")
    recipe = known[placement]
    try:
        parse_filters(catalogue, recipe.filters)
        check_facets(catalogue, recipe.max_per)
    except InvalidQuery as error:
        # Whoever visits the page did not ask for it.
        logger.warning("the placement %s of %s shows nothing: %s", placement, catalogue.name, error)
        return replace(recipe, sources=(), fallback=(), filters={}, max_per={})
    return recipe


def recipes_of(catalogue: str) -> Mapping[str, Recipe]:
    """Recipes by name. Rows of the catalogue override those of every catalogue."""
    key, now = (answering_shop(), catalogue), monotonic()
    recipes, until = _known.get(key) or ({}, 0.0)
    if now > until:
        with savepoint():
            rows = list(
                Placement.objects.filter(catalogue__in=("", catalogue)).order_by("catalogue")
            )
        recipes = DEFAULTS | {row.name: _recipe(row) for row in rows}
        _known.put(key, (recipes, now + FRESH_SECONDS))
    return recipes


def forget() -> None:
    """Read the rows of this shop again with the next block; other processes do within seconds."""
    shop = answering_shop()
    _known.forget(lambda key: key[0] == shop)


def _recipe(row: Placement) -> Recipe:
    return Recipe(
        name=row.name,
        sources=_names(row.sources if row.is_active else ()),
        fallback=_names(row.fallback if row.is_active else ()),
        excluded=_names(row.excluded),
        filters=row.filters or {},
        max_per=row.max_per or {},
        diversity=row.diversity,
        title=row.title,
        title_zh=row.title_zh,
        anchors=row.anchors,
        hides_owned=row.hides_owned,
    )


def _names(names: Iterable[object] | None) -> tuple[str, ...]:
    return tuple(str(name) for name in names or ())
