"""Search: the match set of a query, fused, narrowed, collapsed, ordered, live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.http import HttpRequest

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.indexing import spaces
from shopreco.models import EmbeddingSpace
from shopreco.ranking import best_of_each_group
from shopreco.ranking.fusion import create_fusion
from shopreco.retrieval import hybrid, identifiers, selection
from shopreco.retrieval.contributions import explained
from shopreco.retrieval.facets import count_facets
from shopreco.retrieval.filters import Filters, facet_names
from shopreco.retrieval.languages import query_language
from shopreco.retrieval.rankings import Ranking, live_results
from shopreco.retrieval.results import ResultPage
from shopreco.retrieval.stages import Stages


@dataclass(frozen=True, slots=True)
class Question:
    """A validated search."""

    shop: Catalogue
    text: str
    request: HttpRequest | None
    filters: Filters
    chosen: Mapping[str, Any]
    sort: str
    facets: Sequence[str]
    language: str | None
    collapse: bool
    explain: bool


def answer(question: Question, page: ResultPage, stages: Stages) -> ResultPage:
    shop = question.shop
    space = spaces.served_space(shop.name)
    if space is None:
        stages.degraded["index"] = f"{shop.name} has no active space: run a re-index"
        return page
    matched = _match(space, question, stages) if question.text else _browse(question, stages)
    ranking, narrowing = matched, question.filters.narrowing()
    if narrowing and len(ranking.item_ids):
        with stages.stage("filter"):
            ranking = ranking.take(selection.passing(ranking.item_ids, narrowing))
    if question.collapse:
        ranking = ranking.take(best_of_each_group(ranking.group_ids))
    if question.text and question.sort != selection.RELEVANCE:
        with stages.stage("sort"):
            ranking = ranking.take(selection.ordered(ranking.item_ids.tolist(), question.sort))
    with stages.stage("hydrate"):
        results = live_results(
            shop,
            question.request,
            ranking,
            offset=page.offset,
            limit=page.limit,
            collapse=question.collapse,
        )
    if question.explain and ranking.source == "hybrid":
        with stages.stage("explain", optional=True):
            results = explained(space, question.text, results)
    page = replace(
        page,
        results=results,
        total=len(ranking.item_ids),
        source=ranking.source,
        model_version=space.fingerprint[:12],
    )
    if question.facets:
        with stages.stage("facets", optional=True):
            page = _with_facets(question, page, matched, narrowing)
    return page


def _browse(question: Question, stages: Stages) -> Ranking:
    with stages.stage("browse"):
        hits = selection.browse(question.shop.name, question.filters.scope(), question.sort)
    return Ranking(hits.item_ids, hits.group_ids, hits.scores.astype(float), "browse", {})


def _match(space: EmbeddingSpace, question: Question, stages: Stages) -> Ranking:
    scope = question.filters.scope()
    with stages.stage("identifier", optional=True):
        exact = identifiers.retrieve(question.shop.name, question.text, scope)
        if len(exact):
            scores = exact.scores.astype(float)
            return Ranking(exact.item_ids, exact.group_ids, scores, "identifier", {})
    language = query_language(space, question.text, question.language, question.request)
    found = hybrid.match(space, question.text, language, scope, stages)
    with stages.stage("rank"):
        fusion = create_fusion(get_settings().FUSION)
        fused = fusion.fuse(found.dense, found.lexical, found.mentions)
        order = np.lexsort((found.item_ids, -fused.scores))
        ranking = Ranking(found.item_ids, found.group_ids, fused.scores, "hybrid", fused.parts)
        return ranking.take(order)


def _with_facets(
    question: Question, page: ResultPage, matched: Ranking, narrowing: Filters
) -> ResultPage:
    names, more = list(question.facets), False
    if names == ["*"]:
        names, more = facet_names(question.shop), True
        names += [n for n in narrowing.conditions if n not in {*names, "price"}]
    counts, prices = count_facets(
        question.shop,
        matched.item_ids.tolist(),
        names,
        narrowing,
        _selected(question.chosen),
        more=more,
        collapse=question.collapse,
    )
    return replace(page, facets=tuple(counts), price_range=prices)


def _selected(chosen: Mapping[str, Any]) -> dict[str, list[str]]:
    """The chosen values by filter; numbers and booleans are no values of facets."""
    return {
        name: [value] if isinstance(value, str) else [str(each) for each in value]
        for name, value in chosen.items()
        if isinstance(value, (str, Sequence))
    }
