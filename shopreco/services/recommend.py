"""Recommendations: what a block is about in, the products that it shows out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import models
from django.http import HttpRequest

from shopreco.answers.block_requests import BlockRequest
from shopreco.answers.placements import recipe_of, recipes_of
from shopreco.answers.recommend import answer_block
from shopreco.answers.results import ResultPage
from shopreco.catalogues import catalogue_of, get_catalogue
from shopreco.stages import answer_of_a_shop

SIMILAR = "product-similar"


@answer_of_a_shop
def recommend(
    placement: str = SIMILAR,
    *,
    seed: models.Model | Collection[models.Model] | None = None,
    catalogue: str | None = None,
    request: HttpRequest | None = None,
    recent: Sequence[str] = (),
    limit: int = 8,
    filters: Mapping[str, Any] | None = None,
    diversity: float | None = None,
    max_per: Mapping[str, int] | None = None,
    exclude: Collection[str] = (),
) -> ResultPage:
    """Products for a block, without what it is about, and what is not live or not available. It is
    full as long as there are candidates; `empty_because` says why it is empty.

    Args:
        placement: the block that is filled, by its name: one of those that shopreco has, such as
            `product-similar` or `home-for-you`, or one that was added in the admin.
        seed: what the block is about: an object of the shop, or several, such as the lines of a
            cart. Without one the placement decides: what is in the cart, or what the sender of
            `request` did. The blocks of a product need one.
        catalogue: of the products, where there is no seed; by default the first.
        request: says who sees the block, and what they allow.
        recent: keys of objects that the page remembers as viewed, the latest first. A block of
            what the visitor did begins with them, also where no history is kept.
        filters: as `search` takes them, over those of the placement. `available` is True unless
            it is given.
        diversity: 0 ranks by likeness alone, 1 by difference from what is already shown (MMR); by
            default that of the placement.
        max_per: at most so many results per value of a facet, such as {"brand": 2};
            5 facets at most. By default those of the placement.
        exclude: keys of objects that the page shows already, as another block; 200 at most.

    Raises:
        InvalidQuery: unknown placement or facet, or a filter that `search` would refuse.
        SeedMissing: the block is about a product, and gets none.
            All other failures give an empty page that says why in `degraded`.
    """
    asked = BlockRequest.validated(
        placement,
        seed=seed,
        catalogue=catalogue,
        recent=recent,
        visitor=request,
        limit=limit,
        filters=filters,
        diversity=diversity,
        max_per=max_per,
        exclude=exclude,
    )
    return answer_block(asked)


@answer_of_a_shop
def is_personal(
    placement: str,
    *,
    seed: models.Model | Collection[models.Model] | None = None,
    catalogue: str | None = None,
) -> bool:
    """Whether a block differs by visitor, so that it belongs into no page that others get too.

    Raises:
        InvalidQuery: unknown placement.
    """
    one = seed if isinstance(seed, models.Model) else next(iter(seed or ()), None)
    shop = catalogue_of(one) if one is not None else get_catalogue(catalogue)
    return recipe_of(shop, placement).is_personal(given=seed is not None)


def placements(catalogue: str | None = None) -> list[str]:
    """The names of the placements of a catalogue, by default of the first."""
    return list(recipes_of(get_catalogue(catalogue).name))
