"""Search: the match set of a query, fused, narrowed, collapsed, ordered, live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.core.files import File
from django.http import HttpRequest
from numpy.typing import NDArray

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.exceptions import PhotoUnavailable
from shopreco.indexing import spaces
from shopreco.models import EmbeddingSpace
from shopreco.ranking import best_of_each_group
from shopreco.ranking.fusion import create_fusion
from shopreco.retrieval import hybrid, identifiers, photos, selection, vectors
from shopreco.retrieval.contributions import explained
from shopreco.retrieval.facets import count_facets
from shopreco.retrieval.filters import Filters, facet_names
from shopreco.retrieval.languages import query_language
from shopreco.retrieval.lexical import lexical_query
from shopreco.retrieval.photos import Photo, Words
from shopreco.retrieval.rankings import Ranking, live_results
from shopreco.retrieval.results import ResultPage
from shopreco.retrieval.stages import Stages

EXPLAINED = ("hybrid", "photo")
"""Sources of rankings with a dense part."""


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
    collapse: bool
    explain: bool


def answer(question: Question, page: ResultPage, stages: Stages) -> ResultPage:
    shop = question.shop
    space = spaces.served_space(shop.name)
    if space is None:
        stages.degraded["index"] = f"{shop.name} has no active space: run a re-index"
        return page
    # Whether there is one is not what a file says of itself: one without a name is falsy.
    photo = _photo(space, question, stages) if question.photo != "" else None
    if "photo" in stages.degraded and not question.text:
        return page
    matched = _matched(space, question, photo, stages)
    ranking, narrowing = matched, question.filters.narrowing()
    if narrowing and len(ranking.item_ids):
        with stages.stage("filter"):
            ranking = ranking.take(selection.passing(ranking.item_ids, narrowing))
    if question.collapse:
        ranking = ranking.take(best_of_each_group(ranking.group_ids))
    if ranking.source != "browse" and question.sort != selection.RELEVANCE:
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
    if question.explain and ranking.source in EXPLAINED:
        with stages.stage("explain", optional=True):
            results = explained(space, _query(space, question.text, photo), results)
    page = replace(
        page,
        results=results,
        total=len(ranking.item_ids),
        photo=photo.key if photo else "",
        source=ranking.source,
        model_version=space.fingerprint[:12],
    )
    if question.facets:
        with stages.stage("facets", optional=True):
            page = _with_facets(question, page, matched, narrowing)
    return page


def _photo(space: EmbeddingSpace, question: Question, stages: Stages) -> Photo | None:
    """None, and a sentence in its stage, if there is none to search with: words may do alone."""
    with stages.stage("photo"):
        try:
            return photos.find(space, question.photo)
        except PhotoUnavailable as error:
            stages.degraded["photo"] = str(error)
            return None


def _matched(
    space: EmbeddingSpace, question: Question, photo: Photo | None, stages: Stages
) -> Ranking:
    if photo is not None:
        return _match_photo(space, question, photo, stages)
    return _match(space, question, stages) if question.text else _browse(question, stages)


def _browse(question: Question, stages: Stages) -> Ranking:
    with stages.stage("browse"):
        hits = selection.browse(question.shop.name, question.filters.scope(), question.sort)
    return Ranking(hits.item_ids, hits.group_ids, hits.scores.astype(float), "browse", {})


def _match_photo(
    space: EmbeddingSpace, question: Question, photo: Photo, stages: Stages
) -> Ranking:
    words = _words_beside(space, question, stages) if question.text else Words()
    with stages.stage("retrieve"):
        return photos.match(space, photo, words, question.filters.scope())


def _words_beside(space: EmbeddingSpace, question: Question, stages: Stages) -> Words:
    """Read as words while they are encoded; what fails or is late is named, and left out."""
    encoding, words = vectors.begin(space, question.text), None
    language = query_language(space, question.text, question.language, question.request)
    with stages.stage("lexicon", optional=True):
        words = lexical_query(space, question.text, language)
    return Words(vectors.wait(space, encoding, stages), words)


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


def _query(space: EmbeddingSpace, text: str, photo: Photo | None) -> NDArray[np.float32]:
    """What the dense part of a ranking compared the items with, (d,)."""
    if photo is not None and not text:
        return photos.query(space, photo, None)
    words = vectors.begin(space, text).result(timeout=vectors.patience(space))
    return words if photo is None else photos.query(space, photo, words)


def _with_facets(
    question: Question, page: ResultPage, matched: Ranking, narrowing: Filters
) -> ResultPage:
    names, more = list(question.facets), False
    if names == ["*"]:
        names, more = facet_names(question.shop), True
        names += [n for n in narrowing.conditions if n not in {*names, "price"}]
    counts, prices = count_facets(
        question.shop,
        matched.item_ids,
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
