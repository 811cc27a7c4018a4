"""Hybrid retrieval: the match set that words, meaning and the graph find, each scored by all.

The match set depends on the query and its scope alone, never on the page, the order or the chosen
facets. So totals and facet counts are exact, and pages are stable. If more match than are read, or
no match passes the chosen filters, the search runs again with these in its statements.
"""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import replace

import numpy as np

from shopreco.db.statements import (
    PendingStatement,
    Statement,
    as_arrays,
    bigint_array,
    fetch_row,
    read_arrays,
)
from shopreco.models import Cosines, EmbeddingSpace
from shopreco.queries import query_vectors, terms
from shopreco.queries.conditions import Condition, Filters
from shopreco.queries.understanding import UnderstoodQuery
from shopreco.retrieval import dense, lexical
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, Retriever, Vector, nothing
from shopreco.spaces.stores import vector_store
from shopreco.spaces.stores.base import VectorStore
from shopreco.spaces.stores.pgvector import literal
from shopreco.stages import StageLog, StageName

COLUMNS = ("dense", "lexical", "mentions")

WORDLESS_NEIGHBOURS = 128
"""Nearest items in a match set if some items have no words: nothing else finds those."""
RESCORED = 64
"""Best lexical candidates whose cosine is computed; deeper ones rank by words alone."""
DENSE_CUT = 0.5
"""Relative cutoff: share of the best cosine that an item must reach to match by meaning alone."""
DEVIATIONS = 0.5
"""Standard deviations above the mean cosine of unrelated items that it must also reach."""
MENTIONED = 0.75
"""Share of the mentioned nodes that an item must have to match by them alone."""
WELL_FOUND = 0.5
"""Lexical score that the best item must reach; otherwise nodes are also found by meaning."""
NOTHING = nothing(*COLUMNS)
JOINT_ROW = {"item_id": "i8", "group_id": "i8", "cosine": "f8", "score": "f8"}
WORDS_ROW = {"item_id": "i8", "group_id": "i8", "score": "f8"}


def match(
    space: EmbeddingSpace, query: UnderstoodQuery, scope: Filters, log: StageLog
) -> tuple[Candidates, Context]:
    """Find the match set by words, meaning and entities, each candidate scored by all.

    If a part fails, `degraded` names it, and the rest answers. `match_narrowed` and `match_nearly`
    take the returned context.
    """
    context = Context(space, scope, log, query.text, query.language, query.words)
    by_words, vector = _words_and_vector(context)
    found = NOTHING
    if vector is not None:
        context = replace(context, vector=vector)
        if query.vocabulary is not None:
            with log.stage(StageName.MENTIONS, optional=True):
                context = _with_entities(context, query, by_words)
        with log.stage(StageName.DENSE, optional=True):
            found = (
                _near(context) if StageName.LEXICAL in log.degraded else _reached(context, by_words)
            )
    found = _with_deep(context, found, by_words)
    return _above_cuts(space, found, best_cosine(found)), context


def match_narrowed(context: Context, filters: Filters, order: Condition, best: float) -> Candidates:
    """Find what matches and passes filters, which stand in the statements, before any limit.

    order: if more match by words than are read, the first in this order are taken.
    best: the best cosine without these filters, for the relative cutoff.
    """
    context, log = context.within(filters), context.log
    by_words, found = lexical.NOTHING, NOTHING
    if context.words is not None and StageName.LEXICAL not in log.degraded:
        with log.stage(StageName.LEXICAL, optional=True):
            by_words = lexical.read(lexical.ask(context.space, context.words, filters, order))
    if context.vector is not None:
        with log.stage(StageName.DENSE, optional=True):
            found = _reached(context, by_words)
    return _above_cuts(context.space, _with_deep(context, found, by_words), best)


def match_nearly(context: Context, filters: Filters) -> Candidates:
    """Find what matches by words and fails just one filter: facets count it as an alternative."""
    by_words, log = lexical.NOTHING, context.log
    if context.words is not None and StageName.LEXICAL not in log.degraded:
        with log.stage(StageName.LEXICAL, optional=True):
            pending = lexical.ask(context.space, context.words, filters.all_but_one())
            by_words = lexical.read(pending)
    return _with_deep(context, NOTHING, by_words)


def best_cosine(found: Candidates) -> float:
    """The best cosine; 0 without any."""
    cosines = found.columns["dense"]
    known = cosines[~np.isnan(cosines)]
    return float(known.max()) if len(known) else 0.0


class HybridRetriever(Retriever):
    """Finds by words and meaning; each candidate has the scores of both, and its mentions."""

    name = "hybrid"
    columns = COLUMNS
    needs_query = True

    def retrieve(self, context: Context, k: int) -> Candidates:
        """Find by the terms and the query vector of the context."""
        if context.words is None and context.vector is None:
            return NOTHING
        by_words = lexical.LexicalRetriever().retrieve(context, lexical.MAX_HITS)
        found = NOTHING if context.vector is None else _reached(context, by_words)
        found = _with_deep(context, found, by_words)
        matching = _above_cuts(context.space, found, best_cosine(found)).order()
        if len(matching) <= k:
            return matching
        return replace(matching.take(np.arange(k)), complete=False)


RETRIEVERS.register("hybrid", HybridRetriever())


def _words_and_vector(context: Context) -> tuple[Candidates, Vector | None]:
    """Lexical candidates and the query vector, which is encoded while the server searches."""
    space, text, log = context.space, context.text, context.log
    known = query_vectors.known(space, text)
    pending: PendingStatement | None = None
    with log.stage(StageName.LEXICAL, optional=True):
        if context.words is not None:
            pending = lexical.ask(space, context.words, context.filters)
    found = lexical.NOTHING
    with closing(pending) if pending is not None else nullcontext():
        vector = query_vectors.encoded(space, text, log) if known is None else known
        with log.stage(StageName.LEXICAL, optional=True):
            if pending is not None:
                found = lexical.read(pending)
    if known is None and vector is not None:
        query_vectors.remember_query(space, text, vector)
    return found, vector


def _with_entities(context: Context, query: UnderstoodQuery, by_words: Candidates) -> Context:
    """Entity linking: add the shares of the nodes that the query names.

    If it names none, and words find little, nodes are found by meaning."""
    mentions, vocabulary = query.mentions, query.vocabulary
    if vocabulary is None or context.vector is None:
        return context
    if not mentions and not (by_words.columns["lexical"] >= WELL_FOUND).any():
        mentions = vocabulary.meant(context.vector)
    return replace(context, shares=vocabulary.holders.shares(mentions or {}))


def depth(space: EmbeddingSpace) -> int:
    """Number of nearest items in a match set of this space."""
    some_lack_words = terms.cached_frequencies(space).some_lack_words
    return WORDLESS_NEIGHBOURS if some_lack_words else dense.NEIGHBOURS


def _reached(context: Context, by_words: Candidates) -> Candidates:
    """Score by exact cosine and BM25F: the nearest items, the best lexical candidates, and items
    that have the mentioned nodes."""
    if context.vector is None:
        return NOTHING
    shares = context.shares
    given = {*by_words.item_ids[:RESCORED].tolist(), *shares.at_least(MENTIONED).tolist()}
    store = vector_store(context.space)
    if store.supports_joint_scoring:
        return _scored_jointly(store, context, context.vector, given)
    return _scored_by_store(store, context, context.vector, given)


def _bm25_sql(context: Context) -> str:
    """The SQL of the BM25F of an entry `l`; 0 if no word of the query is known, so that no item is
    the worse for having words."""
    return lexical.score("(SELECT weights FROM query)") if context.words else "0::float8"


def _scored_jointly(
    store: VectorStore, context: Context, vector: Vector, given: set[int]
) -> Candidates:
    """One statement: each round trip and each plan costs as much as a retrieval itself."""
    space, words = context.space, context.words
    query, where = literal(vector), context.filters.where()
    near = store.statement(space, query, depth(space), where)
    join = "JOIN shopreco_item i ON i.id = given.id" if context.filters else ""
    cast = f"halfvec({space.dimension:d})"
    sql = f"""
        WITH query AS MATERIALIZED (SELECT %s::{cast} AS vector, %s::sparsevec AS weights),
             near AS MATERIALIZED ({near.sql}),
             reached AS (
                SELECT item_id, -distance AS cosine FROM near
                UNION ALL
                SELECT given.id, (
                    SELECT -(e.vector::{cast} <#> (SELECT vector FROM query))
                    FROM shopreco_embedding e
                    WHERE e.item_id = given.id AND e.space_id = {space.pk:d}
                )
                FROM unnest(%s::bigint[]) AS given (id) {join}
                WHERE given.id NOT IN (SELECT item_id FROM near) AND {where.sql}
             )
        SELECT r.item_id, l.group_id, COALESCE(r.cosine, 'NaN') AS cosine,
            {_bm25_sql(context)} AS score
        FROM reached r
        JOIN shopreco_lexicalentry l ON l.item_id = r.item_id AND l.space_id = {space.pk:d}
    """
    literals = (query, words.literal if words else terms.NO_WORDS)
    params = (*literals, *near.params, bigint_array(given), *where.params)
    row = fetch_row(as_arrays(Statement(sql, params), JOINT_ROW))
    item_ids, group_ids, cosines, scores = read_arrays(row, JOINT_ROW)
    columns = {"dense": cosines, "lexical": scores, "mentions": context.shares.of(item_ids)}
    return Candidates(item_ids, group_ids, columns, "hybrid")


def _scored_by_store(
    store: VectorStore, context: Context, vector: Vector, given: set[int]
) -> Candidates:
    """Cosines by the store, then words by a statement that drops what the filters exclude."""
    space, words, where = context.space, context.words, context.filters.where()
    near = store.nearest(space, vector, depth(space), where)
    others = sorted(given - set(near.item_ids.tolist()))
    asked = np.concatenate([near.item_ids, np.array(others, dtype=np.int64)])
    cosines = np.concatenate([near.scores, store.scores(space, others, vector)])
    sql = f"""
        WITH query AS MATERIALIZED (SELECT %s::sparsevec AS weights)
        SELECT l.item_id, l.group_id, {_bm25_sql(context)} AS score
        FROM unnest(%s::bigint[]) AS asked (id)
        JOIN shopreco_item i ON i.id = asked.id
        JOIN shopreco_lexicalentry l ON l.item_id = i.id AND l.space_id = {space.pk:d}
        WHERE {where.sql}
    """
    weights = words.literal if words else terms.NO_WORDS
    params = (weights, bigint_array(asked.tolist()), *where.params)
    row = fetch_row(as_arrays(Statement(sql, params), WORDS_ROW))
    item_ids, group_ids, scores = read_arrays(row, WORDS_ROW)
    order = np.argsort(asked)
    known = cosines[order][np.searchsorted(asked, item_ids, sorter=order)]
    columns = {"dense": known, "lexical": scores, "mentions": context.shares.of(item_ids)}
    return Candidates(item_ids, group_ids, columns, "hybrid")


def _near(context: Context) -> Candidates:
    """The nearest items, if lexical retrieval failed."""
    if context.vector is None:
        return NOTHING
    hits = dense.nearest(context.space, context.vector, context.filters, depth(context.space))
    unknown = np.full(len(hits), np.nan)
    mentions = context.shares.of(hits.item_ids)
    columns = {"dense": hits.columns["dense"], "lexical": unknown, "mentions": mentions}
    return Candidates(hits.item_ids, hits.group_ids, columns, "hybrid")


def _with_deep(context: Context, reached: Candidates, by_words: Candidates) -> Candidates:
    """Append the candidates that only words find; they are too deep for a cosine."""
    deep = by_words
    if len(reached):
        known = np.sort(reached.item_ids)
        places = np.searchsorted(known, by_words.item_ids).clip(max=len(known) - 1)
        deep = by_words.take(known[places] != by_words.item_ids)
    columns = {
        "dense": np.full(len(deep), np.nan),
        "lexical": deep.columns["lexical"],
        "mentions": context.shares.of(deep.item_ids),
    }
    item_ids = np.concatenate([reached.item_ids, deep.item_ids])
    group_ids = np.concatenate([reached.group_ids, deep.group_ids])
    both = {n: np.concatenate([own, columns[n]]) for n, own in reached.columns.items()}
    return Candidates(item_ids, group_ids, both, "hybrid", by_words.complete)


def _above_cuts(space: EmbeddingSpace, found: Candidates, best: float) -> Candidates:
    """The candidates that match: by words, by mentions, or by meaning.

    To match by meaning, an item must reach a share of the best cosine, and lie above the cosines of
    unrelated items.
    """
    unrelated = space.statistics.unrelated or Cosines(mean=0.0, deviation=0.0)
    floor = unrelated.mean + DEVIATIONS * unrelated.deviation
    cosines, words, mentions = (found.columns[name] for name in COLUMNS)
    like = (cosines >= max(floor, DENSE_CUT * best)) & (best > 0)
    return found.take(like | (words >= terms.CUT) | (mentions >= MENTIONED))
