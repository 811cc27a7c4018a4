"""Recommendations: a product in, the products to show beside it out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.http import HttpRequest

from shopreco.answers.placements import recipes_of
from shopreco.answers.recommend import BlockRequest, answer_block
from shopreco.answers.results import ResultPage
from shopreco.catalogues import get_catalogue
from shopreco.stages import answer_of_a_shop

SIMILAR = "product-similar"


@answer_of_a_shop
def recommend(
    placement: str = SIMILAR,
    *,
    seed: models.Model,
    request: HttpRequest | None = None,
    limit: int = 8,
    filters: Mapping[str, Any] | None = None,
    diversity: float | None = None,
    max_per: Mapping[str, int] | None = None,
    exclude: Collection[str] = (),
) -> ResultPage:
    """Products to show beside `seed`, without itself, its variants, and what is not live or not
    available. A block is full as long as there are candidates.

    Args:
        placement: the block that is filled, by its name: `product-similar`,
            `product-looking-similar`, `product-complementary` (goes with it),
            `product-substitute` (instead of it), `product-accessory`, or one that was added in
            the admin.
        filters: as `search` takes them, over those of the placement. `available` is True unless
            it is given.
        diversity: 0 ranks by likeness alone, 1 by difference from what is already shown (MMR); by
            default that of the placement.
        max_per: at most so many results per value of a facet, such as {"brand": 2};
            5 facets at most. By default those of the placement.
        exclude: keys of objects that the page shows already, as another block; 200 at most.

    Raises:
        InvalidQuery: unknown placement or facet, or a filter that `search` would refuse.
            All other failures give an empty page that says why in `degraded`.
    """
    asked = BlockRequest.validated(
        placement,
        seed=seed,
        visitor=request,
        limit=limit,
        filters=filters,
        diversity=diversity,
        max_per=max_per,
        exclude=exclude,
    )
    return answer_block(asked)


def placements(catalogue: str | None = None) -> list[str]:
    """The names of the placements of a catalogue, by default of the first."""
    return list(recipes_of(get_catalogue(catalogue).name))
