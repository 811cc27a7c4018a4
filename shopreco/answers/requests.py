"""What is asked of search, frozen and validated once, and what the answer has come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.files import File
from django.http import HttpRequest

from shopreco.answers.results import ResultPage
from shopreco.catalogues import Catalogue, get_catalogue
from shopreco.conf import get_settings
from shopreco.queries.conditions import Filters
from shopreco.queries.filters import (
    check_facets,
    parse_filters,
)
from shopreco.queries.limits import check_number_of_facets, check_page
from shopreco.queries.prices import Prices, currency_code
from shopreco.queries.query_photos import GivenPhoto, Photo
from shopreco.queries.sorting import RELEVANCE, check_order
from shopreco.retrieval.base import Candidates, Vector, nothing
from shopreco.retrieval.browse import Total
from shopreco.text import normalise_query

CHECKED, CHECKED_FOR_FACETS = 250, 1_000
"""Of the first matches that many are looked up where only the live queryset knows what is hidden:
so few are counted exactly, and facets over them show nothing of what is hidden."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A validated search."""

    shop: Catalogue
    text: str
    photo: GivenPhoto | None
    visitor: HttpRequest | None
    filters: Filters
    """Of what the visitor may see they say nothing yet."""
    chosen: Mapping[str, Any]
    """The filters as they were given."""
    sort: str
    facets: Sequence[str]
    language: str | None
    currency: str
    offset: int
    limit: int
    collapse: bool
    explain: bool

    @classmethod
    def validated(
        cls,
        query: str,
        *,
        photo: File[Any] | str | None = None,
        catalogue: str | None = None,
        visitor: HttpRequest | None = None,
        filters: Mapping[str, Any] | None = None,
        sort: str = RELEVANCE,
        offset: int = 0,
        limit: int = 24,
        facets: Sequence[str] | None = None,
        language: str | None = None,
        currency: str = "",
        collapse: bool = True,
        explain: bool = False,
    ) -> SearchRequest:
        """As `services.search` takes it.

        Raises:
            InvalidQuery, UnknownFilter: what the catalogue does not offer, or too much at once.
        """
        shop, names = get_catalogue(catalogue), list(facets or ())
        check_order(sort)
        check_page(offset, limit)
        check_number_of_facets(names)
        if names != ["*"]:
            check_facets(shop, names)
        return cls(
            shop=shop,
            text=normalise_query(query, get_settings().MAX_QUERY_LENGTH),
            photo=GivenPhoto.of(photo),
            visitor=visitor,
            filters=parse_filters(shop, filters, collapse=collapse),
            chosen=filters or {},
            sort=sort,
            facets=names,
            language=language,
            currency=currency_code(currency),
            offset=offset,
            limit=limit,
            collapse=collapse,
            explain=explain,
        )

    @property
    def is_list(self) -> bool:
        """Whether nothing is looked for, so that what passes the filters is listed."""
        return not self.text and self.photo is None

    @property
    def checked(self) -> int:
        """How many of the first matches are looked up in the live queryset."""
        return CHECKED_FOR_FACETS if self.facets else CHECKED


NOTHING = nothing("hybrid")


@dataclass(frozen=True, slots=True)
class SearchDraft:
    """What a search has come to so far."""

    page: ResultPage
    filters: Filters
    """With what this visitor may see."""
    prices: Prices
    photo: Photo | None = None
    vector: Vector | None = None
    """What the dense part compared the items with, (d,), where it is known."""
    candidates: Candidates = NOTHING
    """All that answers, in order, before the visitor's page is cut out of it."""
    is_ranked: bool = False
    matched: Candidates | None = None
    """With what the chosen filters leave out; None where a catalogue is browsed."""
    apart: Candidates | None = None
    """With every variant; None where a catalogue is browsed."""
    hidden: int = 0
    """How many of the first matches the live queryset does not have."""
    total: Total = field(default_factory=lambda: Total(0, is_exact=True))
    is_final: bool = False
