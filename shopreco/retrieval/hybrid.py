"""The match set of a query: what words, meaning and the graph find, each scored by all of them.

What belongs to the set depends on the query and its scope only, never on the page, the order or
the facets that are chosen: so totals and facet counts are exact and pages are stable. Only where
more match than are read, or nothing of it passes, is it looked for again with the chosen filters.
"""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
from shopreco.queries.entities import NO_SHARES, VOCABULARIES, Mentions, Shares, Vocabulary
from shopreco.queries.terms import LexicalQuery
from shopreco.retrieval import dense, lexical
from shopreco.retrieval.candidates import NO_HITS, Hits
from shopreco.stages import StageLog
from shopreco.text.exclusion import without_excluded

WORDLESS_NEIGHBOURS = 128
"""Depth of the dense part where some items have no words: nothing else finds them."""
RESCORED = 64
"""The best lexical hits whose cosine is computed exactly; deeper ones rank by words alone."""
DENSE_CUT = 0.5
"""Share of the best cosine that a neighbour must reach to match by meaning alone."""
DEVIATIONS = 0.5
"""How far above the cosine of unrelated items it must be, in standard deviations."""
MENTIONED = 0.75
"""Share of what the query mentions that an item must have to match by that alone."""
WELL_FOUND = 0.5
"""Share of a query's words that some item must have, or what the query means is looked for too."""


@dataclass(frozen=True, slots=True)
class MatchSet:
    """Everything that matches a query. All arrays (n,); scores 0 to 1, NaN where unknown.

    `mentions` is the share of what the query mentions that an item has.
    """

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    dense: NDArray[np.floating[Any]]
    lexical: NDArray[np.floating[Any]]
    mentions: NDArray[np.floating[Any]]
    complete: bool = True
    """Whether nothing was left out because so much matches."""

    def take(self, positions: NDArray[Any]) -> MatchSet:
        return MatchSet(
            self.item_ids[positions],
            self.group_ids[positions],
            self.dense[positions],
            self.lexical[positions],
            self.mentions[positions],
            self.complete,
        )

    def besides(self, others: MatchSet) -> MatchSet:
        """What is in it, then what only the others have."""
        more = others.take(~np.isin(others.item_ids, self.item_ids))
        return MatchSet(
            np.concatenate([self.item_ids, more.item_ids]),
            np.concatenate([self.group_ids, more.group_ids]),
            np.concatenate([self.dense, more.dense]),
            np.concatenate([self.lexical, more.lexical]),
            np.concatenate([self.mentions, more.mentions]),
            self.complete and others.complete,
        )

    @property
    def nearest(self) -> float:
        """The greatest cosine; 0 where there is none."""
        known = self.dense[~np.isnan(self.dense)]
        return float(known.max()) if len(known) else 0.0


@dataclass(frozen=True, slots=True)
class Understood:
    """A query as it was read: its words, its vector, (d,), and who has what it mentions."""

    words: LexicalQuery | None
    vector: NDArray[np.float32] | None
    shares: Shares


def match(
    space: EmbeddingSpace, text: str, language: str, scope: Filters, stages: StageLog
) -> tuple[MatchSet, Understood]:
    """Read the query, find by words, by meaning and by what is mentioned, and score all by all.

    What fails is named; the rest answers.
    """
    asked = without_excluded(text, language)
    words: LexicalQuery | None = None
    with stages.stage("lexicon", optional=True):
        words = terms.lexical_query(space, text, language)
    names: Vocabulary | None = None
    mentions: Mentions = {}
    with stages.stage("mentions", optional=True):
        names = VOCABULARIES.of(space)
        mentions = names.named(asked, words.corrected if words else "", language)
    by_words, vector = _words_and_vector(space, asked, words, scope, stages)
    shares, reached = NO_SHARES, NOTHING
    if vector is not None and names is not None:
        with stages.stage("mentions", optional=True):
            if not mentions and not (by_words.scores >= WELL_FOUND).any():
                mentions = names.meant(vector)
            shares = names.holders.shares(mentions)
    if vector is not None:
        with stages.stage("dense", optional=True):
            if "lexical" in stages.degraded:
                reached = _near(space, vector, scope)
            else:
                reached = _reached(space, vector, words, by_words, shares, scope)
    found = _scored(reached, by_words, shares)
    return _matching(space, found, found.nearest), Understood(words, vector, shares)


def match_narrowed(
    space: EmbeddingSpace,
    query: Understood,
    filters: Filters,
    order: Condition,
    nearest: float,
    stages: StageLog,
) -> MatchSet:
    """What matches and passes filters, which stand in the statements, before any limit.

    order: where more match by words than are read, the first in it are.
    nearest: the greatest cosine of all, filters or not: what is near by it is like the query.
    """
    by_words, reached = NO_HITS, NOTHING
    if query.words is not None and "lexical" not in stages.degraded:
        with stages.stage("lexical", optional=True):
            by_words = lexical.read(lexical.ask(space, query.words, filters, order))
    if query.vector is not None:
        with stages.stage("dense", optional=True):
            reached = _reached(space, query.vector, query.words, by_words, query.shares, filters)
    return _matching(space, _scored(reached, by_words, query.shares), nearest)


def match_nearly(
    space: EmbeddingSpace, query: Understood, filters: Filters, stages: StageLog
) -> MatchSet:
    """What matches by words and fails one filter: facets count what taking it away would add."""
    by_words = NO_HITS
    if query.words is not None and "lexical" not in stages.degraded:
        with stages.stage("lexical", optional=True):
            by_words = lexical.read(lexical.ask(space, query.words, filters.all_but_one()))
    return _scored(NOTHING, by_words, query.shares)


def _words_and_vector(
    space: EmbeddingSpace, text: str, words: LexicalQuery | None, scope: Filters, stages: StageLog
) -> tuple[Hits, NDArray[np.float32] | None]:
    """What words find, and the query vector: it is encoded while the server looks."""
    known = query_vectors.known(space, text)
    asked: PendingStatement | None = None
    with stages.stage("lexical", optional=True):
        asked = lexical.ask(space, words, scope) if words is not None else None
    found = NO_HITS
    with closing(asked) if asked is not None else nullcontext():
        vector = query_vectors.encoded(space, text, stages) if known is None else known
        with stages.stage("lexical", optional=True):
            found = lexical.read(asked) if asked is not None else NO_HITS
    if known is None and vector is not None:
        query_vectors.remember_query(space, text, vector)
    return found, vector


def depth(space: EmbeddingSpace) -> int:
    """How many of the nearest items are looked at."""
    some_lack_words = terms.kept_frequencies(space).some_lack_words
    return WORDLESS_NEIGHBOURS if some_lack_words else dense.NEIGHBOURS


class Reached(NamedTuple):
    """Items whose cosine is known, each with its exact BM25F; all arrays (n,)."""

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    dense: NDArray[np.floating[Any]]
    lexical: NDArray[np.floating[Any]]


NOTHING = Reached(*(np.empty(0, dtype) for dtype in (np.int64, np.int64, float, float)))
COLUMNS = {"item_id": "i8", "group_id": "i8", "cosine": "f8", "score": "f8"}


def _reached(
    space: EmbeddingSpace,
    vector: NDArray[np.float32],
    words: LexicalQuery | None,
    by_words: Hits,
    shares: Shares,
    scope: Filters,
) -> Reached:
    """The nearest items, the best of those that words find, and those that have what is mentioned.

    One statement: each round trip and each plan costs as much as a retrieval itself.
    """
    literal = dense.literal(vector)
    near = dense.statement(space, literal, scope, depth(space))
    given = {*by_words.item_ids[:RESCORED].tolist(), *shares.at_least(MENTIONED).tolist()}
    join = "JOIN shopreco_item i ON i.id = given.id" if scope else ""
    where = scope.where()
    cast = f"halfvec({space.dimension:d})"
    # Where no word of the query is known, no item is the worse for having words.
    said = lexical.score("(SELECT weights FROM query)") if words else "0::float8"
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
            {said} AS score
        FROM reached r
        JOIN shopreco_lexicalentry l ON l.item_id = r.item_id AND l.space_id = {space.pk:d}
    """
    literals = (literal, words.literal if words else terms.NO_WORDS)
    params = (*literals, *near.params, bigint_array(given), *where.params)
    row = fetch_row(as_arrays(Statement(sql, params), COLUMNS))
    return Reached(*read_arrays(row, COLUMNS))


def _near(space: EmbeddingSpace, vector: NDArray[np.float32], scope: Filters) -> Reached:
    """The nearest items, where words cannot be asked."""
    hits = dense.nearest(space, vector, scope, depth(space))
    return Reached(hits.item_ids, hits.group_ids, hits.scores, np.full(len(hits), np.nan))


def _scored(reached: Reached, by_words: Hits, shares: Shares) -> MatchSet:
    """All that was found; deep hits of words have no cosine."""
    deep = by_words
    if len(reached.item_ids):
        known = np.sort(reached.item_ids)
        places = np.searchsorted(known, by_words.item_ids).clip(max=len(known) - 1)
        deep = by_words.take(known[places] != by_words.item_ids)
    unknown = np.full(len(deep), np.nan)
    item_ids = np.concatenate([reached.item_ids, deep.item_ids])
    return MatchSet(
        item_ids=item_ids,
        group_ids=np.concatenate([reached.group_ids, deep.group_ids]),
        dense=np.concatenate([reached.dense, unknown]),
        lexical=np.concatenate([reached.lexical, deep.scores]),
        mentions=shares.of(item_ids),
        complete=len(by_words) < lexical.MAX_HITS,
    )


def _matching(space: EmbeddingSpace, found: MatchSet, nearest: float) -> MatchSet:
    """Those of the found that match: by words, by what they have, or by being like the query.

    Like is what is near the nearest, and nearer than unrelated items are to each other.
    """
    unrelated = space.statistics.unrelated or Cosines(mean=0.0, deviation=0.0)
    floor = unrelated.mean + DEVIATIONS * unrelated.deviation
    like = (found.dense >= max(floor, DENSE_CUT * nearest)) & (nearest > 0)
    return found.take(like | (found.lexical >= terms.CUT) | (found.mentions >= MENTIONED))
