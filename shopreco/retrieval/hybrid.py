"""The match set of a query: what words, meaning and the graph find, each scored by all of them.

What belongs to the set depends on the query and its scope only, never on the page, the order or
the facets that are chosen: so totals and facet counts are exact and pages are stable.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import DatabaseError
from numpy.typing import NDArray

from shopreco.models import EmbeddingSpace
from shopreco.ranking import near_best
from shopreco.retrieval import dense, lexical, mentioned, vectors
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.lexical import LexicalQuery
from shopreco.retrieval.matches import NO_HITS, Hits, Statement, as_arrays, read_array
from shopreco.retrieval.stages import Stages, savepoint
from shopreco.retrieval.vocabulary import Mentions, Vocabulary, vocabulary

logger = logging.getLogger(__name__)

RESCORED = 100
"""The best lexical hits whose cosine is computed exactly; deeper ones rank by words alone."""
DENSE_CUT = 0.5
"""Share of the best cosine that a neighbour must reach to match by meaning alone."""
DEVIATIONS = 0.5
"""How far above the cosine of unrelated items it must be, in standard deviations."""
MENTIONED = 0.75
"""Share of what the query mentions that an item must have to match by that alone."""


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

    @classmethod
    def by_meaning(cls, hits: Hits) -> MatchSet:
        unknown = _unknown(hits)
        return cls(hits.item_ids, hits.group_ids, hits.scores, unknown, unknown)

    @classmethod
    def by_words(cls, hits: Hits) -> MatchSet:
        unknown = _unknown(hits)
        return cls(hits.item_ids, hits.group_ids, unknown, hits.scores, unknown)

    def take(self, positions: NDArray[Any]) -> MatchSet:
        return MatchSet(
            self.item_ids[positions],
            self.group_ids[positions],
            self.dense[positions],
            self.lexical[positions],
            self.mentions[positions],
        )

    def __len__(self) -> int:
        return len(self.item_ids)


def _unknown(hits: Hits) -> NDArray[np.float32]:
    return np.full(len(hits), np.nan, dtype=np.float32)


def match(
    space: EmbeddingSpace, text: str, language: str, scope: Filters, stages: Stages
) -> MatchSet:
    """Read the query as words while it is encoded, then retrieve by all.

    Where that fails words and meaning are tried alone: what is broken is named, the rest answers.
    """
    words: LexicalQuery | None = None
    encoding = vectors.begin(space, text)
    with stages.stage("lexicon", optional=True):
        words = lexical.lexical_query(space, text, language)
    mentions: dict[int, float] = {}
    together = ""
    known: Vocabulary | None = None
    with stages.stage("mentions", optional=True):
        known = vocabulary(space)
        mentions = known.named(text, words.corrected if words else "", language)
    vector = vectors.wait(space, encoding, stages)
    if vector is not None and known is not None:
        with stages.stage("mentions", optional=True):
            mentions = {**known.meant(vector), **mentions}
    if vector is not None:
        try:
            with stages.stage("retrieve"), savepoint():
                return _matching(space, _by_all(space, vector, words, mentions, scope))
        except DatabaseError as error:
            logger.exception("retrieval by all at once failed; words and meaning are tried alone")
            together = f"{type(error).__name__}: {error}"[:300]
    found = MatchSet.by_words(NO_HITS)
    if vector is not None:
        with stages.stage("dense", optional=True):
            found = MatchSet.by_meaning(dense.nearest(space, vector, scope))
    if words is not None:
        with stages.stage("lexical", optional=True):
            hits = lexical.retrieve(space, words, scope)
            found = MatchSet.by_words(hits) if len(hits) else found
    if together and not {"dense", "lexical"} & stages.degraded.keys():
        # Neither is broken, and yet the answer is not what it should be.
        stages.degraded["retrieve"] = together
    return _matching(space, found)


def _by_all(
    space: EmbeddingSpace,
    vector: NDArray[np.float32],
    words: LexicalQuery | None,
    mentions: Mentions,
    scope: Filters,
) -> MatchSet:
    """What words find, what is near, and what has all that the query mentions; each with exact
    BM25F, all but deep ones with exact cosine.

    One statement: each round trip and each plan costs as much as a retrieval itself.
    """
    by_words = lexical.statement(space, words, scope) if words else lexical.NOTHING
    near = dense.statement(space, vector, scope, dense.NEIGHBOURS)
    linked = mentioned.statement(space, mentions, scope)
    cast = f"halfvec({space.dimension:d})"
    cosine = f"""(
        SELECT -(e.vector::{cast} <#> (SELECT vector FROM query))
        FROM shopreco_embedding e WHERE e.space_id = {space.pk:d} AND e.item_id = %s
    )"""
    sql = f"""
        WITH query AS MATERIALIZED (SELECT %s::{cast} AS vector, %s::sparsevec AS weights),
             words AS MATERIALIZED ({by_words.sql}),
             near AS MATERIALIZED ({near.sql}),
             linked AS MATERIALIZED ({linked.sql})
        SELECT w.item_id, w.group_id, CASE
            WHEN n.item_id IS NOT NULL THEN -n.distance
            WHEN w.rank <= {RESCORED:d} THEN {cosine % "w.item_id"}
            ELSE 'NaN'
        END AS cosine, w.score, COALESCE(g.score, 'NaN') AS mentions
        FROM words w LEFT JOIN near n USING (item_id) LEFT JOIN linked g USING (item_id)
        UNION ALL
        SELECT o.item_id, l.group_id, COALESCE(-o.distance, {cosine % "o.item_id"}, 'NaN'),
            -(l.weights <#> (SELECT weights FROM query)), COALESCE(o.score, 'NaN')
        FROM (
            SELECT item_id, near.distance, g.score FROM near
            FULL JOIN (SELECT * FROM linked WHERE score >= {MENTIONED:g}) AS g USING (item_id)
        ) AS o
        JOIN shopreco_lexicalentry l ON l.item_id = o.item_id AND l.space_id = {space.pk:d}
        WHERE o.item_id NOT IN (SELECT item_id FROM words)
    """
    literals = (dense.literal(vector), words.literal if words else lexical.NO_WORDS)
    params = (*literals, *by_words.params, *near.params, *linked.params)
    sql = as_arrays(sql, ["item_id", "group_id", "cosine", "score", "mentions"])
    reach = dense.candidates(space, dense.NEIGHBOURS)
    [(ids, groups, cosines, scores, shares)] = dense.scan(Statement(sql, params), reach)
    return MatchSet(
        read_array(ids, "i8"),
        read_array(groups, "i8"),
        read_array(cosines, "f8"),
        read_array(scores, "f8"),
        read_array(shares, "f8"),
    )


def _matching(space: EmbeddingSpace, found: MatchSet) -> MatchSet:
    """Those of the found that match: by words, by what they have, or by being like the query.

    Like is what is near the best, and nearer than unrelated items are to each other.
    """
    unrelated = space.statistics.get("unrelated", {"mean": 0.0, "deviation": 0.0})
    floor = unrelated["mean"] + DEVIATIONS * unrelated["deviation"]
    like = near_best(found.dense, DENSE_CUT) & (found.dense >= floor)
    return found.take(like | (found.lexical >= lexical.CUT) | (found.mentions >= MENTIONED))
