"""Parameters: what a search or a block may name, and how much of it."""

from __future__ import annotations

from collections.abc import Iterable

from shopreco.catalogues import Catalogue
from shopreco.queries import filters, query_photos
from shopreco.queries.conditions import COLUMNS
from shopreco.queries.limits import MAX_ANCHORS, MAX_EXCLUDED, MAX_FACETS, MAX_OFFSET
from shopreco.queries.sorting import SORTS

__all__ = [
    "MAX_ANCHORS",
    "MAX_EXCLUDED",
    "MAX_FACETS",
    "MAX_OFFSET",
    "SORTS",
    "facet_names",
    "filter_names",
    "item_facets",
    "photo_too_large",
    "unknown_filters",
]

photo_too_large = query_photos.too_large


def facet_names(catalogue: Catalogue) -> list[str]:
    """Names of the facets that a catalogue declares one by one, without free attributes."""
    return filters.facet_names(catalogue)


def filter_names(catalogue: Catalogue) -> list[str]:
    """Names of all filters that a catalogue declares, and of those that every catalogue has."""
    return [*facet_names(catalogue), *filters.RANGES, *COLUMNS]


def item_facets(catalogue: Catalogue) -> list[str]:
    """Names of the declared facets, and of the free attributes that items have."""
    return filters.facets_of_items(catalogue)


def unknown_filters(catalogue: Catalogue, names: Iterable[str]) -> list[str]:
    """Find the names that no item has ever had: a misspelt one looks like a free attribute."""
    return filters.absent(catalogue, names)
