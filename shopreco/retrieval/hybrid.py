"""The match set of a query: what words find and what meaning finds, each scored by both.

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
from shopreco.retrieval import dense, lexical, vectors
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.lexical import LexicalQuery
from shopreco.retrieval.matches import NO_HITS, Hits, Statement, as_arrays, read_array
from shopreco.retrieval.stages import Stages, savepoint

logger = logging.getLogger(__name__)

RESCORED = 100
"""The best lexical hits whose cosine is computed exactly; deeper ones rank by words alone."""
DENSE_CUT = 0.5
"""Share of the best cosine that a neighbour must reach to match by meaning alone."""
DEVIATIONS = 0.5
"""How far above the cosine of unrelated items it must be, in standard deviations."""


@dataclass(frozen=True, slots=True)
class MatchSet:
    """Everything that matches a query. All arrays (n,); scores 0 to 1, NaN where unknown."""

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    dense: NDArray[np.floating[Any]]
    lexical: NDArray[np.floating[Any]]

    @classmethod
    def by_meaning(cls, hits: Hits) -> MatchSet:
        return cls(hits.item_ids, hits.group_ids, hits.scores, _unknown(hits))

    @classmethod
    def by_words(cls, hits: Hits) -> MatchSet:
        return cls(hits.item_ids, hits.group_ids, _unknown(hits), hits.scores)

    def take(self, positions: NDArray[Any]) -> MatchSet:
        return MatchSet(
            self.item_ids[positions],
            self.group_ids[positions],
            self.dense[positions],
            self.lexical[positions],
        )

    def __len__(self) -> int:
        return len(self.item_ids)


def _unknown(hits: Hits) -> NDArray[np.float32]:
    return np.full(len(hits), np.nan, dtype=np.float32)


def match(
    space: EmbeddingSpace, text: str, language: str, scope: Filters, stages: Stages
) -> MatchSet:
    """Read the query as words while it is encoded, then retrieve by both.

    Where that fails each is tried alone: the one that is broken is named, the other answers.
    """
    words: LexicalQuery | None = None
    encoding = vectors.begin(space, text)
    with stages.stage("lexicon", optional=True):
        words = lexical.lexical_query(space, text, language)
    vector = vectors.wait(space, encoding, stages)
    if words is not None and vector is not None:
        try:
            with stages.stage("retrieve"), savepoint():
                return _matching(space, _by_both(space, vector, words, scope))
        except DatabaseError:
            logger.exception("retrieval by words and meaning failed; each is tried alone")
    found = MatchSet.by_words(NO_HITS)
    if vector is not None:
        with stages.stage("dense", optional=True):
            found = MatchSet.by_meaning(dense.nearest(space, vector, scope))
    if words is not None:
        with stages.stage("lexical", optional=True):
            hits = lexical.retrieve(space, words, scope)
            found = MatchSet.by_words(hits) if len(hits) else found
    return _matching(space, found)


def _by_both(
    space: EmbeddingSpace, vector: NDArray[np.float32], words: LexicalQuery, scope: Filters
) -> MatchSet:
    """What words find and what is near, with exact BM25F; with exact cosine the best of them.

    One statement: each round trip and each plan costs as much as a retrieval itself.
    """
    by_words = lexical.statement(space, words, scope)
    near = dense.statement(space, vector, scope, dense.NEIGHBOURS)
    cast = f"halfvec({space.dimension:d})"
    sql = f"""
        WITH query AS MATERIALIZED (SELECT %s::{cast} AS vector, %s::sparsevec AS weights),
             words AS MATERIALIZED ({by_words.sql}),
             near AS MATERIALIZED ({near.sql})
        SELECT w.item_id, w.group_id, CASE
            WHEN n.item_id IS NOT NULL THEN -n.distance
            WHEN w.rank <= {RESCORED:d} THEN (
                SELECT -(e.vector::{cast} <#> (SELECT vector FROM query))
                FROM shopreco_embedding e WHERE e.space_id = {space.pk:d} AND e.item_id = w.item_id
            )
            ELSE 'NaN'
        END AS cosine, w.score
        FROM words w LEFT JOIN near n USING (item_id)
        UNION ALL
        SELECT n.item_id, l.group_id, -n.distance, -(l.weights <#> (SELECT weights FROM query))
        FROM near n JOIN shopreco_lexicalentry l USING (item_id)
        WHERE l.space_id = {space.pk:d} AND n.item_id NOT IN (SELECT item_id FROM words)
    """
    params = (dense.literal(vector), words.literal, *by_words.params, *near.params)
    sql = as_arrays(sql, ["item_id", "group_id", "cosine", "score"])
    reach = dense.candidates(space, dense.NEIGHBOURS)
    [(ids, groups, cosines, scores)] = dense.scan(Statement(sql, params), reach)
    return MatchSet(
        read_array(ids, "i8"),
        read_array(groups, "i8"),
        read_array(cosines, "f8"),
        read_array(scores, "f8"),
    )


def _matching(space: EmbeddingSpace, found: MatchSet) -> MatchSet:
    """Those of the found that match: by words, or because they are like the query.

    Like is what is near the best, and nearer than unrelated items are to each other.
    """
    unrelated = space.statistics.get("unrelated", {"mean": 0.0, "deviation": 0.0})
    floor = unrelated["mean"] + DEVIATIONS * unrelated["deviation"]
    like = near_best(found.dense, DENSE_CUT) & (found.dense >= floor)
    return found.take(like | (found.lexical >= lexical.CUT))
