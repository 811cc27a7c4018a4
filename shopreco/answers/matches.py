"""The match stages of a search: by number, by words and meaning, by photo; then ranking."""

from __future__ import annotations

from dataclasses import replace

from shopreco.answers.frame import AnswerContext
from shopreco.answers.hydration import live_part
from shopreco.answers.requests import SearchDraft, SearchRequest
from shopreco.conf import get_settings
from shopreco.models import EmbeddingSpace
from shopreco.queries import query_vectors, sorting
from shopreco.queries.conditions import Condition
from shopreco.queries.languages import query_language
from shopreco.queries.sorting import RELEVANCE
from shopreco.queries.terms import LexicalQuery, lexical_query
from shopreco.queries.understanding import understand
from shopreco.ranking import create_ranker
from shopreco.retrieval import browse, dense, hybrid, identifiers, lexical, photos
from shopreco.retrieval.base import Context, Vector
from shopreco.stages import StageName
from shopreco.text.exclusion import without_excluded
from shopreco.text.identifiers import is_number


def language_of(request: SearchRequest, space: EmbeddingSpace) -> str:
    return query_language(space, request.text, request.language, request.visitor)


def order_of(request: SearchRequest, draft: SearchDraft) -> Condition:
    return sorting.order_by(request.sort, draft.prices)


def identify(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    """Match by number: items that carry the query as an identifier, then items whose words have it.

    Does nothing if the query is no number and no item carries it. If more match than are read, the
    search runs again with the filters in its statement, and takes the first in the sort order.
    """
    catalogue, text, filters, space = request.catalogue, request.text, draft.filters, context.space
    scope = filters.scope()
    exact = identifiers.carrying(catalogue.name, text, scope)
    if len(exact):
        # An item that this visitor may not see must not lead.
        exact = live_part(catalogue, request.visitor, exact, collapse=request.collapse)
    if not len(exact) and not is_number(text):
        return draft
    language = language_of(request, space)
    said = identifiers.saying(space, text, language, scope)
    candidates = identifiers.leading(exact, said)
    if not said.complete:
        first = identifiers.BEST_FIRST if request.sort == RELEVANCE else order_of(request, draft)
        passing = identifiers.saying(space, text, language, filters, first)
        candidates = identifiers.leading(exact, passing).join(candidates)
        candidates = replace(candidates, complete=passing.complete)
    return replace(draft, candidates=candidates, is_ranked=True)


def match(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    return (_by_words if draft.photo is None else _by_photo)(request, context, draft)


def _by_words(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    """Match by words, meaning and entities; each candidate has the scores of all of them."""
    space, filters = context.space, draft.filters
    narrowing, by_relevance = filters.narrowing(), request.sort == RELEVANCE
    query = understand(space, request.text, language_of(request, space), context.log)
    found, asked = hybrid.match(space, query, filters.scope(), context.log)
    if found.complete:
        again = bool(narrowing) and not browse.passing(found.item_ids, narrowing).any()
    else:
        again = bool(narrowing) or not by_relevance
    if again:
        first = lexical.BEST_FIRST if by_relevance else order_of(request, draft)
        passing = hybrid.match_narrowed(asked, filters, first, hybrid.best_cosine(found))
        if narrowing and not found.complete:
            found = found.join(hybrid.match_nearly(asked, filters))
        found = replace(passing.join(found), complete=passing.complete)
    return replace(draft, candidates=found, vector=asked.vector)


def _by_photo(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    """Match by photo. If no match passes the filters, add the nearest that do."""
    space, filters, photo = context.space, draft.filters, draft.photo
    if photo is None:
        return draft
    beside, words = _words_beside(request, context) if request.text else (None, None)
    asked = Context(
        space,
        filters.scope(),
        context.log,
        text=request.text if beside is not None else "",
        words=words,
        vector=photos.query_vector(space, photo, beside),
        picture=photo.vector,
    )
    with context.log.stage(StageName.PHOTO_MATCH):
        retriever, narrowing = photos.PhotoRetriever(), filters.narrowing()
        # By the picture and by the vector: all that it finds.
        most = 2 * dense.NEIGHBOURS
        found = retriever.retrieve(asked, most)
        if narrowing and not browse.passing(found.item_ids, narrowing).any():
            found = retriever.retrieve(asked.within(filters), most).join(found)
    return replace(draft, candidates=found, vector=asked.vector, is_ranked=True)


def _words_beside(
    request: SearchRequest, context: AnswerContext
) -> tuple[Vector | None, LexicalQuery | None]:
    """The vector and the terms of the words beside a photo, made at the same time.

    A part that fails or is late is None, and `degraded` names it."""
    space, log, language = context.space, context.log, language_of(request, context.space)
    encoding = query_vectors.begin(space, without_excluded(request.text, language))
    words: LexicalQuery | None = None
    with log.stage(StageName.LEXICON, optional=True):
        words = lexical_query(space, request.text, language)
    return query_vectors.wait(space, encoding, log), words


def rank(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    found = draft.candidates
    ranked = create_ranker(get_settings().RANKER).rank(found.columns)
    best_first = replace(found, columns=ranked.parts).order(ranked.scores)
    return replace(draft, candidates=best_first, is_ranked=True)
