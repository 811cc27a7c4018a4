"""The request of a search, validated once and frozen, and the draft of its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.files import File
from django.http import HttpRequest

from shopreco.answers.results import ResultPage
from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.queries.conditions import Filters
from shopreco.queries.filters import check_facets, parse_filters
from shopreco.queries.limits import check_number_of_facets, check_page
from shopreco.queries.prices import Prices, currency_code
from shopreco.queries.query_photos import GivenPhoto, Photo
from shopreco.queries.sorting import check_order
from shopreco.retrieval.base import Candidates, Vector, nothing
from shopreco.retrieval.browse import Total
from shopreco.text import normalise_query

CHECKED, CHECKED_FOR_FACETS = 250, 1_000
"""First matches that are looked up if only the live queryset knows what is hidden, without facets
and with them. Totals up to this number are exact, and facets count nothing hidden."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A validated search."""

    catalogue: Catalogue
    text: str
    photo: GivenPhoto | None
    visitor: HttpRequest | None
    filters: Filters
    """Without visibility, which a stage adds."""
    chosen: Mapping[str, Any]
    """The filters as the caller gave them."""
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
        photo: File[Any] | str | None,
        catalogue: Catalogue,
        visitor: HttpRequest | None,
        filters: Mapping[str, Any] | None,
        sort: str,
        offset: int,
        limit: int,
        facets: Sequence[str] | None,
        language: str | None,
        currency: str,
        collapse: bool,
        explain: bool,
    ) -> SearchRequest:
        """Validate the arguments of `services.search`, which has the defaults.

        Raises:
            InvalidQuery, UnknownFilter: the catalogue does not offer it, or it is too much at once.
        """
        names = list(facets or ())
        check_order(sort)
        check_page(offset, limit)
        check_number_of_facets(names)
        if names != ["*"]:
            check_facets(catalogue, names)
        return cls(
            catalogue=catalogue,
            text=normalise_query(query, get_settings().MAX_QUERY_LENGTH),
            photo=GivenPhoto.of(photo),
            visitor=visitor,
            filters=parse_filters(catalogue, filters, collapse=collapse),
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
        """Whether there is no query: then all that passes the filters is listed."""
        return not self.text and self.photo is None

    @property
    def checked(self) -> int:
        """Number of first matches that are looked up in the live queryset."""
        return CHECKED_FOR_FACETS if self.facets else CHECKED


NOTHING = nothing("hybrid")


@dataclass(frozen=True, slots=True)
class SearchDraft:
    """The draft of a search: what the stages so far have added."""

    page: ResultPage
    filters: Filters
    """With the visibility of this visitor."""
    prices: Prices
    photo: Photo | None = None
    vector: Vector | None = None
    """The query vector, (d,); None if it was late, failed or is not needed."""
    candidates: Candidates = NOTHING
    """All candidates that answer, in order; the page is a part of them."""
    is_ranked: bool = False
    matched: Candidates | None = None
    """The match set, before the chosen filters; None while browsing."""
    uncollapsed: Candidates | None = None
    """The candidates before collapse, with every variant; None while browsing."""
    hidden: int = 0
    """Number of first matches that the live queryset lacks."""
    total: Total = field(default_factory=lambda: Total(0, is_exact=True))
    is_final: bool = False
