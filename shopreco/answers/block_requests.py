"""The request of a block, validated once and frozen, and the draft of its answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import models
from django.http import HttpRequest

from shopreco.answers.placements import Recipe, recipe_of
from shopreco.answers.results import ResultPage
from shopreco.catalogues import Catalogue, catalogue_of, get_catalogue
from shopreco.exceptions import InvalidQuery, SeedMissing
from shopreco.models.placements import AnchorKind
from shopreco.queries.conditions import Filters
from shopreco.queries.filters import check_facets, parse_filters
from shopreco.queries.limits import MAX_ANCHORS, check_block
from shopreco.retrieval.base import Anchor, Candidates, Place


@dataclass(frozen=True, slots=True)
class BlockRequest:
    """A validated block."""

    catalogue: Catalogue
    recipe: Recipe
    seeds: tuple[models.Model, ...] | None
    """What the page says that the block is about; None where the placement decides."""
    recent: tuple[str, ...]
    """Keys of objects that the page remembers as viewed, the latest first."""
    visitor: HttpRequest | None
    filters: Filters
    """Without visibility, which a stage adds."""
    limit: int
    diversity: float
    max_per: Mapping[str, int]
    exclude: frozenset[str]
    """Keys of objects that the page shows already."""

    @classmethod
    def validated(
        cls,
        placement: str,
        *,
        seed: models.Model | Collection[models.Model] | None,
        catalogue: str | None,
        recent: Sequence[str],
        visitor: HttpRequest | None,
        limit: int,
        filters: Mapping[str, Any] | None,
        diversity: float | None,
        max_per: Mapping[str, int] | None,
        exclude: Collection[str],
    ) -> BlockRequest:
        """Validate the arguments of `services.recommend`, which has the defaults.

        Raises:
            InvalidQuery: an unknown placement or facet, or a filter that a search would refuse.
            SeedMissing: the placement is about a product, and gets none.
        """
        seeds = _seeds(seed)
        shop = catalogue_of(seeds[0]) if seeds else get_catalogue(catalogue)
        recipe = recipe_of(shop, placement)
        if seeds is None and recipe.anchors == AnchorKind.PRODUCT:
            raise SeedMissing(f"The block {placement} is about a product: give it one.")
        weight = recipe.diversity if diversity is None else diversity
        if not 0 <= weight <= 1:
            raise InvalidQuery(f"diversity is {weight}; it must be from 0 to 1.")
        caps, without = recipe.max_per if max_per is None else max_per, frozenset(exclude)
        check_block(limit, caps, without)
        check_facets(shop, caps)
        asked = parse_filters(shop, {"available": True, **recipe.filters, **(filters or {})})
        viewed = tuple(recent[:MAX_ANCHORS])
        return cls(shop, recipe, seeds, viewed, visitor, asked, limit, weight, caps, without)

    @property
    def is_personal(self) -> bool:
        return self.recipe.is_personal(given=self.seeds is not None)

    @property
    def seed(self) -> models.Model | None:
        """The one object that the block is about, if the page gives one."""
        return self.seeds[0] if self.seeds and len(self.seeds) == 1 else None


def _seeds(
    given: models.Model | Collection[models.Model] | None,
) -> tuple[models.Model, ...] | None:
    """The objects that a block is given, the first `MAX_ANCHORS` of them."""
    if given is None:
        return None
    seeds = (given,) if isinstance(given, models.Model) else tuple(islice(given, MAX_ANCHORS))
    catalogues = {catalogue_of(each).name for each in seeds}
    if len(catalogues) > 1:
        names = " and ".join(sorted(catalogues))
        raise InvalidQuery(f"A block is about objects of one catalogue, not of {names}.")
    return seeds


@dataclass(frozen=True, slots=True)
class BlockDraft:
    """The draft of a block: what the stages so far have added."""

    page: ResultPage
    filters: Filters
    """With the visibility of this visitor."""
    anchors: tuple[Anchor, ...] = ()
    """The latest first."""
    left_out: tuple[Place, ...] = ()
    """What the block must not show, besides its anchors."""
    because: Mapping[int, Anchor] = field(default_factory=dict)
    """The anchor that speaks most for a result, by item id."""
    uncollapsed: Candidates | None = None
    """The candidates before collapse, if the variant matters."""
    is_final: bool = False
