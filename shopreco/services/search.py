"""Search: a query, a photo or a list in, a page of results out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files import File
from django.http import HttpRequest

from shopreco.answers.requests import SearchRequest
from shopreco.answers.results import ResultPage, Suggestion
from shopreco.answers.search import answer_search
from shopreco.answers.suggest import suggest
from shopreco.catalogues import get_catalogue
from shopreco.queries.sorting import RELEVANCE
from shopreco.spaces.serving import served_space
from shopreco.stages import answer_of_a_shop, savepoint
from shopreco.text import normalise_query

logger = logging.getLogger(__name__)

MAX_PREFIX_LENGTH = 100
MAX_SUGGESTIONS = 20


@answer_of_a_shop
def search(
    query: str = "",
    *,
    photo: File[Any] | str | None = None,
    catalogue: str | None = None,
    request: HttpRequest | None = None,
    filters: Mapping[str, Any] | None = None,
    sort: str = RELEVANCE,
    offset: int = 0,
    limit: int = 24,
    facets: Sequence[str] | None = None,
    language: str | None = None,
    currency: str = "",
    collapse: bool = True,
    explain: bool = False,
) -> ResultPage:
    """Answer a query by words and meaning; without a query, browse what passes the filters.

    With a photo: what looks like it, with a query beside it "this, but in red". It is encoded
    within `PHOTO_DEADLINE`; if that fails the words answer alone, or nothing does, and
    `degraded["photo"]` is a sentence for the shopper.

    Args:
        query: as typed; cut at `MAX_QUERY_LENGTH`.
        photo: an uploaded file, or the `ResultPage.photo` of an answer before.
        filters: values by facet name, and `price_min`, `price_max`, `available`, `language`,
            `site`, 20 at most. Values of one filter are alternatives; filters add up.
        sort: relevance, price_asc, price_desc, newest or title.
        facets: names to count over all that matches, 50 at most; ["*"] for all declared ones and
            the most common attributes; None for none.
        language: of the query; otherwise the request's, or detected.
        currency: of the prices that are filtered and sorted by, ISO 4217; otherwise that of
            `Catalogue.get_currency`. Needed where a catalogue has several.
        collapse: show the parent once instead of its variants. Its price is then the one that is
            filtered and sorted by; where it has none, the lowest of its variants.
        explain: take the scores apart by modality, see `Result.contributions`.

    Raises:
        InvalidQuery, UnknownFilter: the caller asked what the catalogue does not offer. All other
            failures cost a stage, which `ResultPage.degraded` names.
        PhotoRejected: an `InvalidQuery`: the photo is too large or cannot be read; it says why.
    """
    asked = SearchRequest.validated(
        query,
        photo=photo,
        catalogue=get_catalogue(catalogue),
        visitor=request,
        filters=filters,
        sort=sort,
        offset=offset,
        limit=limit,
        facets=facets,
        language=language,
        currency=currency,
        collapse=collapse,
        explain=explain,
    )
    return answer_search(asked)


@answer_of_a_shop
def autocomplete(
    prefix: str,
    *,
    catalogue: str | None = None,
    request: HttpRequest | None = None,
    limit: int = 8,
) -> list[Suggestion]:
    """Suggestions while typing: queries, facet values and products. Empty on any failure."""
    shop = get_catalogue(catalogue)
    text = normalise_query(prefix, MAX_PREFIX_LENGTH).casefold()
    if not text:
        return []
    try:
        with savepoint():
            space = served_space(shop.name)
            return suggest(shop, space, text, request, min(limit, MAX_SUGGESTIONS))
    except Exception:
        logger.exception("no suggestions for %r", text)
        return []
