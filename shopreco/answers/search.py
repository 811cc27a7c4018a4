"""Search: the stages from a request to a page, of a query, of a photo or of a list."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import uuid4

import numpy as np

from shopreco.answers.contributions import explained
from shopreco.answers.facets import Counting, among, count_facets, throughout
from shopreco.answers.frame import AnswerContext, Stage, Stages, answered
from shopreco.answers.hydration import MAX_HIDDEN, Shown, live, live_part, live_results
from shopreco.answers.matches import identify, language_of, match, order_of, rank
from shopreco.answers.notices import nothing_found
from shopreco.answers.requests import SearchDraft, SearchRequest
from shopreco.answers.results import ResultPage
from shopreco.answers.variants import with_variants
from shopreco.exceptions import PhotoUnavailable
from shopreco.queries import query_photos, query_vectors, sorting
from shopreco.queries.conditions import Filters
from shopreco.queries.filters import (
    PRICE,
    RANGES,
    absent,
    facet_names,
    facets_of_items,
    meant,
    within_currency,
)
from shopreco.queries.prices import prices_of, read_prices
from shopreco.queries.sorting import RELEVANCE
from shopreco.queries.visibility import visible_to
from shopreco.ranking import collapse_groups
from shopreco.retrieval import browse
from shopreco.retrieval.base import Candidates
from shopreco.retrieval.browse import Total
from shopreco.stages import StageName
from shopreco.text.exclusion import without_excluded

logger = logging.getLogger(__name__)

EXPLAINED = ("hybrid", "photo")
"""Sources of candidates whose scores have a dense part."""


def answer_search(request: SearchRequest) -> ResultPage:
    """Answer a search: run its stages, and return the page."""
    page = ResultPage(
        offset=request.offset, limit=request.limit, query=request.text, query_id=uuid4().hex
    )
    first = SearchDraft(page, request.filters, prices_of(request.collapse))
    stages = LIST_STAGES if request.is_list else SEARCH_STAGES
    return answered(StageName.SEARCH, request, first, stages, said=repr(request.text))


# Visibility and photo


def _add_visibility(
    request: SearchRequest, context: AnswerContext, draft: SearchDraft
) -> SearchDraft:
    """Add visibility to the filters and, if prices are compared, one currency.

    Raises:
        InvalidQuery: prices are compared, in several currencies of which none was chosen.
    """
    catalogue, by_price = request.catalogue, request.sort in sorting.BY_PRICE
    filters = replace(request.filters, visible=visible_to(catalogue, request.visitor))
    if not (by_price or request.facets or PRICE in filters.conditions):
        return replace(draft, filters=filters)
    prices = read_prices(catalogue, request.visitor, request.currency, collapse=request.collapse)
    if by_price:
        prices.check(catalogue.name)
    return replace(draft, filters=within_currency(filters, catalogue.name, prices), prices=prices)


def _read_photo(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    """Read the photo. If that fails, `degraded` has a sentence for the shopper; words answer."""
    if request.photo is None:
        return draft
    try:
        return replace(draft, photo=query_photos.find(context.space, request.photo))
    except PhotoUnavailable as error:
        context.log.lacks(StageName.PHOTO, str(error))
        return replace(draft, is_final=not request.text)


# Live matches, filters and order


def _look_live(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    """Drop those of the first matches that the live queryset lacks."""
    found = draft.candidates
    first = found.take(np.arange(min(request.checked, len(found))))
    seen = live(request.catalogue, request.visitor, first.places, collapse=request.collapse)
    rest = np.ones(len(found) - len(first), dtype=bool)
    kept = found.take(np.append(seen, rest))
    return replace(draft, candidates=kept, hidden=int((~seen).sum()))


def _narrow(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    """Apply the chosen filters; keep the match set, over which facets are counted."""
    found, narrowing = draft.candidates, draft.filters.narrowing()
    passing = found
    if narrowing and len(found):
        passing = found.take(browse.passing(found.item_ids, narrowing))
    return replace(draft, candidates=passing, matched=found, uncollapsed=passing)


def _collapse(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    found = draft.candidates
    return replace(draft, candidates=found.take(collapse_groups(found.group_ids)))


def _sort(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    found = draft.candidates
    positions = browse.ordered(found.item_ids.tolist(), order_of(request, draft))
    return replace(draft, candidates=found.take(positions))


# The page


def _hydrate(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    """Read the live objects of the page that the visitor asked for."""
    found, matched = draft.candidates, draft.matched
    total = Total(min(len(found), browse.MAX_COUNTED), found.complete)
    if draft.hidden and matched is not None and len(matched) + draft.hidden > request.checked:
        # Behind those that were looked up it is unknown which are hidden.
        checked = matched.item_ids[: request.checked - draft.hidden]
        total = Total(int(np.isin(found.item_ids, checked).sum()), is_exact=False)
    shown = _shown(request, found)
    return _with_page(request, context, replace(draft, total=total), shown)


def _browse(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    """Browse: fill a page without a query, and read no more of the list than that takes."""
    catalogue, filters, log = request.catalogue, draft.filters, context.log
    collapse = request.collapse and bool(catalogue.parent_field)
    most = request.offset + request.limit + MAX_HIDDEN
    # One more tells whether there is a next page.
    wanted = request.offset + request.limit + 1
    checked = request.checked if catalogue.hides_by_queryset else 0
    while True:
        read = browse.browse(
            catalogue.name,
            filters,
            order_of(request, draft),
            wanted,
            collapse=collapse,
            at_once=checked,
        )
        found = read
        with log.stage(StageName.HYDRATE):
            if wanted <= checked:
                found = live_part(catalogue, request.visitor, read, collapse=request.collapse)
            shown = _shown(request, found)
        if read.complete or len(shown.results) == request.limit or wanted >= most:
            break
        wanted = min(4 * wanted, most)
    if read.complete or len(found) < len(read):
        total = Total(len(found), is_exact=read.complete)
    else:
        with log.stage(StageName.COUNT):
            total = browse.count(catalogue.name, filters, collapse=collapse)
    missing = len(shown.results) < request.limit
    shown = replace(shown, gave_up=missing and not read.complete)
    draft = replace(draft, candidates=found, is_ranked=True, total=total)
    return _with_page(request, context, draft, shown)


def _shown(request: SearchRequest, found: Candidates) -> Shown:
    return live_results(
        request.catalogue,
        request.visitor,
        found,
        offset=request.offset,
        limit=request.limit,
        collapse=request.collapse,
    )


def _with_page(
    request: SearchRequest, context: AnswerContext, draft: SearchDraft, shown: Shown
) -> SearchDraft:
    found, results = draft.candidates, shown.results
    if shown.gave_up:
        why = f"of {shown.asked} candidates too few are live"
        context.log.lacks(StageName.HYDRATE, why)
    total = draft.total
    if shown.dropped:
        # Without the hidden ones; exact if every candidate was looked up.
        looked_at_all = found.complete and shown.asked >= len(found)
        total = Total(max(total.count - shown.dropped, 0), looked_at_all)
    page = replace(
        draft.page,
        results=results,
        total=max(total.count, request.offset + len(results) if results else 0),
        total_is_exact=total.is_exact,
        photo=draft.photo.key if draft.photo else "",
        source=found.source,
        model_version=context.space.fingerprint[:12],
    )
    if not results:
        _warn_of_absent(request, draft.filters)
    return replace(draft, page=page)


def _warn_of_absent(request: SearchRequest, filters: Filters) -> None:
    """Log a filter that no item has ever had a value for: its name may be misspelt."""
    catalogue, names = request.catalogue, filters.narrowing().conditions
    if unknown := absent(catalogue, names):
        hint = meant(unknown[0], facets_of_items(catalogue))
        logger.warning("no item of %s has ever had %r. %s", catalogue.name, unknown[0], hint)


def _show_variants(
    request: SearchRequest, context: AnswerContext, draft: SearchDraft
) -> SearchDraft:
    results = with_variants(
        request.catalogue, draft.page.results, draft.uncollapsed, draft.filters, request.sort
    )
    return replace(draft, page=replace(draft.page, results=results))


def _explain(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    vector = draft.vector
    if vector is None:
        # The vector was late for the search; whoever asked to explain would rather wait.
        space, language = context.space, language_of(request, context.space)
        encoding = query_vectors.begin(space, without_excluded(request.text, language))
        vector = encoding.result(timeout=query_vectors.patience(space))
    results = explained(context.space, vector, draft.page.results)
    return replace(draft, page=replace(draft.page, results=results))


def _notice(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    """Add a notice if no item has the words or the number. After a failure nobody knows."""
    if context.log.degraded:
        return draft
    text = nothing_found(context.space, request.text, language_of(request, context.space))
    return replace(draft, page=replace(draft.page, notice=text))


def _notices(request: SearchRequest, draft: SearchDraft) -> bool:
    """Whether a notice may be true: no filter or photo hides items that have the words."""
    page = draft.page
    is_empty = not page.results and not page.offset
    return is_empty and not draft.filters.conditions and request.photo is None


def _count_facets(
    request: SearchRequest, context: AnswerContext, draft: SearchDraft
) -> SearchDraft:
    selected = _selected(request, draft.filters)
    names, more = list(request.facets), False
    if names == ["*"]:
        names, more = facet_names(request.catalogue), True
        names += [name for name in selected if name not in names]
    counting = _counting(request, draft)
    counts, price_range = count_facets(
        request.catalogue, counting, names, selected, more=more, collapse=request.collapse
    )
    page = replace(
        draft.page,
        facets=tuple(counts),
        facets_are_exact=counting.is_exact,
        price_range=price_range,
    )
    return replace(draft, page=page)


def _counting(request: SearchRequest, draft: SearchDraft) -> Counting:
    """The items that facets are counted over: the match set or, without a query, the catalogue."""
    catalogue, filters, prices = request.catalogue, draft.filters, draft.prices
    if draft.matched is not None:
        items = draft.matched.item_ids
        return among(items, filters.narrowing(), prices, is_exact=draft.matched.complete)
    if catalogue.hides_by_queryset:
        order = order_of(request, draft)
        read = browse.browse(
            catalogue.name, filters.scope(), order, request.checked, collapse=False
        )
        if read.complete:
            listed = live_part(catalogue, request.visitor, read, collapse=request.collapse)
            return among(listed.item_ids, filters.narrowing(), prices, is_exact=True)
    return throughout(catalogue.name, filters, prices)


def _selected(request: SearchRequest, filters: Filters) -> dict[str, list[str]]:
    """The chosen values by facet name; numbers and booleans are not facet values."""
    facets = filters.narrowing().conditions.keys() - set(RANGES)
    chosen: Mapping[str, object] = request.chosen
    return {
        name: [value] if isinstance(value, str) else [str(each) for each in value]
        for name, value in chosen.items()
        if name in facets and isinstance(value, (str, Sequence))
    }


_VISIBILITY: Stage[SearchRequest, SearchDraft] = Stage(StageName.VISIBILITY, _add_visibility)
_VARIANTS = Stage(StageName.VARIANTS, _show_variants, optional=True)
_FACETS = Stage(
    StageName.FACETS,
    _count_facets,
    optional=True,
    needed=lambda request, _: bool(request.facets),
)

SEARCH_STAGES: Stages[SearchRequest, SearchDraft] = Stages(
    _VISIBILITY,
    Stage(StageName.PHOTO, _read_photo, needed=lambda request, _: request.photo is not None),
    Stage(
        StageName.IDENTIFIER,
        identify,
        optional=True,
        needed=lambda _, draft: draft.photo is None,
    ),
    Stage(StageName.MATCH, match, needed=lambda _, draft: not draft.is_ranked),
    Stage(StageName.RANK, rank, needed=lambda _, draft: not draft.is_ranked),
    Stage(
        StageName.LIVE,
        _look_live,
        needed=lambda request, draft: (
            request.catalogue.hides_by_queryset and bool(len(draft.candidates))
        ),
    ),
    Stage(StageName.FILTER, _narrow),
    Stage(StageName.COLLAPSE, _collapse, needed=lambda request, _: request.collapse),
    Stage(StageName.SORT, _sort, needed=lambda request, _: request.sort != RELEVANCE),
    Stage(StageName.HYDRATE, _hydrate),
    _VARIANTS,
    Stage(
        StageName.EXPLAIN,
        _explain,
        optional=True,
        needed=lambda request, draft: request.explain and draft.candidates.source in EXPLAINED,
    ),
    Stage(StageName.NOTICE, _notice, optional=True, needed=_notices),
    _FACETS,
)
"""Stages of a query or a photo. A further stage is one line, here or by `insert`."""

LIST_STAGES: Stages[SearchRequest, SearchDraft] = Stages(
    _VISIBILITY, Stage(StageName.BROWSE, _browse), _VARIANTS, _FACETS
)
"""Stages of a list without a query."""
