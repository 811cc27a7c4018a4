"""The match set of a query: what words find and what meaning finds, each scored by both.

What belongs to the set depends on the query and its scope only, never on the page, the order or
the facets that are chosen: so totals and facet counts are exact and pages are stable.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from shopreco.models import EmbeddingSpace
from shopreco.ranking import near_best
from shopreco.retrieval import dense, lexical, vectors
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.lexical import LexicalQuery
from shopreco.retrieval.matches import NO_HITS, Hits, Statement
from shopreco.retrieval.stages import Stages

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
    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]

    @classmethod
    def by_meaning(cls, hits: Hits) -> MatchSet:
        unknown = np.full(len(hits), np.nan, dtype=np.float32)
        return cls(hits.item_ids, hits.group_ids, hits.scores, unknown)

    @classmethod
    def from_rows(cls, rows: Sequence[tuple[int, int, float, float]]) -> MatchSet:
        ids, groups, cosines, words = zip(*rows, strict=True) if rows else ((), (), (), ())
        return cls(
            np.array(ids, dtype=np.int64),
            np.array(groups, dtype=np.int64),
            np.array(cosines, dtype=np.float32),
            np.array(words, dtype=np.float32),
        )

    def take(self, positions: NDArray[Any]) -> MatchSet:
        return MatchSet(
            self.item_ids[positions],
            self.group_ids[positions],
            self.dense[positions],
            self.lexical[positions],
        )

    def __len__(self) -> int:
        return len(self.item_ids)


def match(
    space: EmbeddingSpace, text: str, language: str, scope: Filters, stages: Stages
) -> MatchSet:
    """Retrieve by words while the query is encoded, then by meaning, then score across."""
    vector = None
    words: LexicalQuery | None = None
    by_words = NO_HITS
    encoding = vectors.begin(space, text)
    with stages.stage("lexical", optional=True):
        read = lexical.lexical_query(space, text, language)
        if read is not None:
            by_words, words = lexical.retrieve(space, read, scope), read
    with stages.stage("encode", optional=True):
        try:
            vector = encoding.result(timeout=vectors.patience(space))
        except FutureTimeout:
            stages.degraded["encode"] = "the query vector was not ready in time"
    if vector is None:
        return _match_set(by_words, None)
    scored = None
    with stages.stage("dense", optional=True):
        if words is None:
            scored = MatchSet.by_meaning(dense.nearest(space, vector, scope))
        else:
            best = by_words.item_ids[:RESCORED].tolist()
            scored = _score_across(space, vector, words, best, scope)
        scored = scored.take(_matching(space, scored, by_words))
    return _match_set(by_words, scored)


def _score_across(
    space: EmbeddingSpace,
    vector: NDArray[np.float32],
    words: LexicalQuery,
    item_ids: list[int],
    scope: Filters,
) -> MatchSet:
    """The nearest items and the given ones, each with its exact cosine and its exact BM25F."""
    near = dense.statement(space, vector, scope, dense.NEIGHBOURS)
    cast = f"halfvec({space.dimension:d})"
    sql = f"""
        WITH near AS MATERIALIZED ({near.sql}),
        candidate AS (SELECT item_id FROM near UNION SELECT unnest(%s::bigint[]))
        SELECT item_id, l.group_id, -(e.vector::{cast} <#> %s::{cast}),
               -(l.weights <#> %s::sparsevec)
        FROM candidate
        JOIN shopreco_embedding e USING (item_id) JOIN shopreco_lexicalentry l USING (item_id)
        WHERE e.space_id = {space.pk:d} AND l.space_id = {space.pk:d} ORDER BY item_id
    """
    params = (*near.params, item_ids, HalfVector(vector).to_text(), words.literal)
    return MatchSet.from_rows(dense.scan(Statement(sql, params), dense.NEIGHBOURS))


def _matching(space: EmbeddingSpace, scored: MatchSet, by_words: Hits) -> NDArray[np.bool_]:
    """Which of the scored items match: by words, or because they are like the query.

    Like is what is near the best, and nearer than unrelated items are to each other.
    """
    unrelated = space.statistics.get("unrelated", {"mean": 0.0, "deviation": 0.0})
    floor = unrelated["mean"] + DEVIATIONS * unrelated["deviation"]
    like = near_best(scored.dense, DENSE_CUT) & (scored.dense >= floor)
    matching: NDArray[np.bool_] = like | np.isin(scored.item_ids, by_words.item_ids)
    return matching


def _match_set(by_words: Hits, scored: MatchSet | None) -> MatchSet:
    """What was scored across, and the rest of what words found."""
    if scored is None:
        rest = by_words
        scored = MatchSet.from_rows([])
    else:
        rest = by_words.take(~np.isin(by_words.item_ids, scored.item_ids))
    return MatchSet(
        np.concatenate([scored.item_ids, rest.item_ids]),
        np.concatenate([scored.group_ids, rest.group_ids]),
        np.concatenate([scored.dense, np.full(len(rest), np.nan, dtype=np.float32)]),
        np.concatenate([scored.lexical, rest.scores]),
    )
