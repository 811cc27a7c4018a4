"""Search: what matches a query, or what passes in a list; narrowed, collapsed, ordered, live."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.core.files import File
from django.http import HttpRequest
from numpy.typing import NDArray

from shopreco.answers.contributions import explained
from shopreco.answers.facets import Counting, among, count_facets, throughout
from shopreco.answers.hydration import MOST_HIDDEN, Shown, live, live_part, live_results
from shopreco.answers.notices import nothing_found
from shopreco.answers.results import ResultPage
from shopreco.answers.variants import with_variants
from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.exceptions import PhotoUnavailable
from shopreco.models import EmbeddingSpace
from shopreco.queries import query_photos, query_vectors, sorting
from shopreco.queries.conditions import Condition, Filters
from shopreco.queries.filters import (
    PRICE,
    RANGES,
    absent,
    facet_names,
    facets_of_items,
    meant,
    within_currency,
)
from shopreco.queries.languages import query_language
from shopreco.queries.prices import Prices, prices_of, read_prices
from shopreco.queries.query_photos import Photo
from shopreco.queries.sorting import RELEVANCE
from shopreco.queries.terms import lexical_query
from shopreco.queries.visibility import visible_to
from shopreco.ranking import collapse_groups
from shopreco.ranking.score_fusion import create_fusion
from shopreco.retrieval import browse, hybrid, identifiers, lexical, photos
from shopreco.retrieval.browse import Total
from shopreco.retrieval.candidates import Ranking
from shopreco.retrieval.photos import WordsBeside
from shopreco.spaces import serving
from shopreco.stages import StageLog
from shopreco.text.exclusion import without_excluded
from shopreco.text.identifiers import is_number

logger = logging.getLogger(__name__)

EXPLAINED = ("hybrid", "photo")
"""Sources of rankings with a dense part."""
CHECKED, CHECKED_FOR_FACETS = 250, 1_000
"""Of the first matches that many are looked up where only the live queryset knows what is hidden:
so few are counted exactly, and facets over them show nothing of what is hidden."""


@dataclass(frozen=True, slots=True)
class Question:
    """A validated search."""

    shop: Catalogue
    text: str
    photo: File[Any] | str
    """As it was uploaded, or its key."""
    request: HttpRequest | None
    filters: Filters
    chosen: Mapping[str, Any]
    sort: str
    facets: Sequence[str]
    language: str | None
    currency: str
    collapse: bool
    explain: bool

    @property
    def checked(self) -> int:
        return CHECKED_FOR_FACETS if self.facets else CHECKED


@dataclass(frozen=True, slots=True)
class Found:
    """All that answers a question, in order, before the visitor's page is cut out of it."""

    ranking: Ranking
    total: Total
    complete: bool
    """Whether that is all that there is."""
    matched: Ranking | None = None
    """With what the chosen filters leave out; None where a catalogue is browsed."""
    apart: Ranking | None = None
    """With every variant; None where a catalogue is browsed."""


def answer(question: Question, page: ResultPage, stages: StageLog) -> ResultPage:
    shop = question.shop
    space = serving.served_space(shop.name)
    if space is None:
        stages.degraded["index"] = f"{shop.name} has no active space: run a re-index"
        return page
    with stages.stage("visibility"):
        question, prices = _for_this_visitor(question)
    # Whether there is one is not what a file says of itself: one without a name is falsy.
    photo = _photo(space, question, stages) if question.photo != "" else None
    if "photo" in stages.degraded and not question.text:
        return page
    if photo is None and not question.text:
        found, shown = _browsed(question, page, prices, stages)
    else:
        found = _found(space, question, photo, prices, stages)
        with stages.stage("hydrate"):
            shown = _shown(question, page, found.ranking)
    if shown.gave_up:
        stages.degraded["hydrate"] = f"of {shown.asked} candidates too few are live"
    results = shown.results
    with stages.stage("variants", optional=True):
        results = with_variants(shop, results, found.apart, question.filters, question.sort)
    if question.explain and found.ranking.source in EXPLAINED:
        with stages.stage("explain", optional=True):
            results = explained(space, _query(space, question, photo), results)
    notice = ""
    if not results and not page.offset:
        with stages.stage("notice", optional=True):
            notice = _notice(space, question, stages)
    total = _without_hidden(found, shown)
    page = replace(
        page,
        results=results,
        total=max(total.count, page.offset + len(results) if results else 0),
        total_is_exact=total.is_exact,
        photo=photo.key if photo else "",
        notice=notice,
        source=found.ranking.source,
        model_version=space.fingerprint[:12],
    )
    if not results and (unknown := absent(shop, question.filters.narrowing().conditions)):
        hint = meant(unknown[0], facets_of_items(shop))
        logger.warning("no item of %s has ever had %r. %s", shop.name, unknown[0], hint)
    if question.facets:
        with stages.stage("facets", optional=True):
            page = _with_facets(question, page, found, prices)
    return page


def _notice(space: EmbeddingSpace, question: Question, stages: StageLog) -> str:
    """A sentence where words or a number were asked for in vain. A filter may hide what has
    them."""
    by_words = question.text and not question.filters.conditions and question.photo == ""
    if not by_words or stages.degraded:
        return ""
    language = query_language(space, question.text, question.language, question.request)
    return nothing_found(space, question.text, language)


def _for_this_visitor(question: Question) -> tuple[Question, Prices]:
    """With what may be seen, and, where prices are compared, with prices in one currency.

    Raises `InvalidQuery` where there are several to choose from.
    """
    shop, by_price = question.shop, question.sort in sorting.BY_PRICE
    filters = replace(question.filters, visible=visible_to(shop, question.request))
    if not (by_price or question.facets or PRICE in filters.conditions):
        return replace(question, filters=filters), prices_of(question.collapse)
    prices = read_prices(shop, question.request, question.currency, collapse=question.collapse)
    if by_price:
        prices.check(shop.name)
    return replace(question, filters=within_currency(filters, shop.name, prices)), prices


def _photo(space: EmbeddingSpace, question: Question, stages: StageLog) -> Photo | None:
    """None, and a sentence in its stage, if there is none to search with: words may do alone."""
    with stages.stage("photo"):
        try:
            return query_photos.find(space, question.photo)
        except PhotoUnavailable as error:
            stages.degraded["photo"] = str(error)
            return None


def _browsed(
    question: Question, page: ResultPage, prices: Prices, stages: StageLog
) -> tuple[Found, Shown]:
    """A page without a query: of the list no more is read than it takes to fill it."""
    shop, filters = question.shop, question.filters
    collapse = question.collapse and bool(shop.parent_field)
    order = sorting.order_by(question.sort, prices)
    most = page.offset + page.limit + MOST_HIDDEN
    # One more, which says whether there is a next page.
    wanted = page.offset + page.limit + 1
    checked = question.checked if shop.hides_by_queryset else 0
    while True:
        with stages.stage("browse"):
            read = browse.browse(
                shop.name, filters, order, wanted, collapse=collapse, at_once=checked
            )
            ranking = Ranking.of("browse", read.hits, {})
        with stages.stage("hydrate"):
            if wanted <= checked:
                ranking = live_part(shop, question.request, ranking, collapse=question.collapse)
            shown = _shown(question, page, ranking)
        if read.complete or len(shown.results) == page.limit or wanted >= most:
            break
        wanted = min(4 * wanted, most)
    live_ones = len(ranking.item_ids)
    if read.complete or live_ones < len(read.hits):
        total = Total(live_ones, is_exact=read.complete)
    else:
        with stages.stage("count"):
            total = browse.count(shop.name, filters, collapse=collapse)
    missing = len(shown.results) < page.limit
    shown = replace(shown, gave_up=missing and not read.complete)
    return Found(ranking, total, read.complete), shown


def _found(
    space: EmbeddingSpace, question: Question, photo: Photo | None, prices: Prices, stages: StageLog
) -> Found:
    """What matches words or a photo: all of it, narrowed, collapsed and ordered."""
    shop, collapse = question.shop, question.collapse
    order = sorting.order_by(question.sort, prices)
    if photo is not None:
        matched, complete = _match_photo(space, question, photo, stages), True
    else:
        matched, complete = _match(space, question, order, stages)
    checked, hidden = matched.item_ids[: question.checked], 0
    if shop.hides_by_queryset and len(checked):
        with stages.stage("live"):
            first = matched.take(np.arange(len(checked)))
            seen = live(shop, question.request, first.places, collapse=collapse)
            rest = np.ones(len(matched.item_ids) - len(checked), dtype=bool)
            matched, hidden = matched.take(np.append(seen, rest)), int((~seen).sum())
    ranking, narrowing = matched, question.filters.narrowing()
    if narrowing and len(ranking.item_ids):
        with stages.stage("filter"):
            ranking = ranking.take(browse.passing(ranking.item_ids, narrowing))
    apart = ranking
    if collapse:
        ranking = ranking.take(collapse_groups(ranking.group_ids))
    if question.sort != RELEVANCE:
        with stages.stage("sort"):
            ranking = ranking.take(browse.ordered(ranking.item_ids.tolist(), order))
    total = Total(min(len(ranking.item_ids), browse.MOST_COUNTED), complete)
    if hidden and len(matched.item_ids) + hidden > len(checked):
        total = Total(int(np.isin(ranking.item_ids, checked).sum()), is_exact=False)
    return Found(ranking, total, complete, matched, apart)


def _match(
    space: EmbeddingSpace, question: Question, order: Condition, stages: StageLog
) -> tuple[Ranking, bool]:
    """What matches words, the best first, and whether that is all."""
    shop, filters = question.shop, question.filters
    scope, narrowing = filters.scope(), filters.narrowing()
    language = query_language(space, question.text, question.language, question.request)
    with stages.stage("identifier", optional=True):
        exact = Ranking.of("identifier", identifiers.carrying(shop.name, question.text, scope), {})
        if len(exact.item_ids):
            # One that this visitor may not see must not stand before what the words find.
            exact = live_part(shop, question.request, exact, collapse=question.collapse)
        if len(exact.item_ids) or is_number(question.text):
            return _match_number(space, question, exact, language, order)
    found, query = hybrid.match(space, question.text, language, scope, stages)
    by_relevance = question.sort == RELEVANCE
    if found.complete:
        again = bool(narrowing) and not browse.passing(found.item_ids, narrowing).any()
    else:
        again = bool(narrowing) or not by_relevance
    if again:
        first = lexical.BEST_FIRST if by_relevance else order
        passing = hybrid.match_narrowed(space, query, filters, first, found.nearest, stages)
        if narrowing and not found.complete:
            found = found.besides(hybrid.match_nearly(space, query, filters, stages))
        found = replace(passing.besides(found), complete=passing.complete)
    with stages.stage("rank"):
        fusion = create_fusion(get_settings().FUSION)
        fused = fusion.fuse(found.dense, found.lexical, found.mentions)
        ranking = Ranking(found.item_ids, found.group_ids, fused.scores, "hybrid", fused.parts)
        ranking = ranking.take(np.lexsort((found.item_ids, -fused.scores)))
    return ranking, found.complete


def _match_number(
    space: EmbeddingSpace, question: Question, exact: Ranking, language: str, order: Condition
) -> tuple[Ranking, bool]:
    """What carries a number, what says it, and whether that is all. Of more than are read, what
    passes the filters is looked for by itself, the first in an order that was asked for."""
    text, filters = question.text, question.filters
    said = identifiers.saying(space, text, language, filters.scope())
    matched = identifiers.leading(exact, said)
    if len(said) < lexical.MAX_HITS:
        return matched, True
    first = identifiers.BEST_FIRST if question.sort == RELEVANCE else order
    passing = identifiers.saying(space, text, language, filters, first)
    ranking = identifiers.leading(exact, passing).besides(matched)
    return ranking, len(passing) < lexical.MAX_HITS


def _match_photo(
    space: EmbeddingSpace, question: Question, photo: Photo, stages: StageLog
) -> Ranking:
    """The nearest pictures; if none of these passes the filters, the nearest that do."""
    words = _words_beside(space, question, stages) if question.text else WordsBeside()
    narrowing = question.filters.narrowing()
    with stages.stage("retrieve"):
        matched = photos.match(space, photo, words, question.filters.scope())
        if narrowing and not browse.passing(matched.item_ids, narrowing).any():
            matched = photos.match(space, photo, words, question.filters).besides(matched)
    return matched


def _words_beside(space: EmbeddingSpace, question: Question, stages: StageLog) -> WordsBeside:
    """Read as words while they are encoded; what fails or is late is named, and left out."""
    language = query_language(space, question.text, question.language, question.request)
    encoding, words = query_vectors.begin(space, without_excluded(question.text, language)), None
    with stages.stage("lexicon", optional=True):
        words = lexical_query(space, question.text, language)
    return WordsBeside(query_vectors.wait(space, encoding, stages), words)


def _shown(question: Question, page: ResultPage, ranking: Ranking) -> Shown:
    return live_results(
        question.shop,
        question.request,
        ranking,
        offset=page.offset,
        limit=page.limit,
        collapse=question.collapse,
    )


def _without_hidden(found: Found, shown: Shown) -> Total:
    """The total without what turned out to be hidden: exact if everything was looked at."""
    if not shown.dropped:
        return found.total
    looked_at_all = found.complete and shown.asked >= len(found.ranking.item_ids)
    return Total(max(found.total.count - shown.dropped, 0), looked_at_all)


def _query(space: EmbeddingSpace, question: Question, photo: Photo | None) -> NDArray[np.float32]:
    """What the dense part of a ranking compared the items with, (d,)."""
    if photo is not None and not question.text:
        return photos.query(space, photo, None)
    language = query_language(space, question.text, question.language, question.request)
    asked = without_excluded(question.text, language)
    words = query_vectors.begin(space, asked).result(timeout=query_vectors.patience(space))
    return words if photo is None else photos.query(space, photo, words)


def _with_facets(question: Question, page: ResultPage, found: Found, prices: Prices) -> ResultPage:
    selected = _selected(question)
    names, more = list(question.facets), False
    if names == ["*"]:
        names, more = facet_names(question.shop), True
        names += [name for name in selected if name not in names]
    counting = _counting(question, found, prices)
    counts, price_range = count_facets(
        question.shop, counting, names, selected, more=more, collapse=question.collapse
    )
    return replace(
        page, facets=tuple(counts), facets_are_exact=counting.is_exact, price_range=price_range
    )


def _counting(question: Question, found: Found, prices: Prices) -> Counting:
    """What facets are counted over: without a query, all that is in the shop."""
    shop, filters = question.shop, question.filters
    if found.matched is not None:
        items = found.matched.item_ids
        return among(items, filters.narrowing(), prices, is_exact=found.complete)
    if shop.hides_by_queryset:
        order = sorting.order_by(question.sort, prices)
        read = browse.browse(shop.name, filters.scope(), order, question.checked, collapse=False)
        if read.complete:
            listed = Ranking.of("browse", read.hits, {})
            listed = live_part(shop, question.request, listed, collapse=question.collapse)
            return among(listed.item_ids, filters.narrowing(), prices, is_exact=True)
    return throughout(shop.name, filters, prices)


def _selected(question: Question) -> dict[str, list[str]]:
    """The chosen values by facet; numbers and booleans are no values of facets."""
    facets = question.filters.narrowing().conditions.keys() - set(RANGES)
    return {
        name: [value] if isinstance(value, str) else [str(each) for each in value]
        for name, value in question.chosen.items()
        if name in facets and isinstance(value, (str, Sequence))
    }
