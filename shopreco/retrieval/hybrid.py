"""The match set of a query: what words find and what meaning finds, each scored by both.

What belongs to the set depends on the query and its scope only, never on the page, the order or
the facets that are chosen: so totals and facet counts are exact and pages are stable.
"""

from __future__ import annotations

import logging
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopreco.models import EmbeddingSpace
from shopreco.ranking import near_best
from shopreco.retrieval import dense, lexical, vectors
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.lexical import LexicalQuery
from shopreco.retrieval.matches import NO_HITS, Hits
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

    def __len__(self) -> int:
        return len(self.item_ids)


def match(
    space: EmbeddingSpace, text: str, language: str, scope: Filters, stages: Stages
) -> MatchSet:
    """Retrieve by words while the query is encoded, then by meaning, then score across."""
    vector = None
    words: LexicalQuery | None = None
    by_words, by_meaning = NO_HITS, NO_HITS
    encoding = vectors.begin(space, text)
    with stages.stage("lexical", optional=True):
        words = lexical.lexical_query(space, text, language)
        if words is not None:
            by_words = lexical.retrieve(space, words, scope)
    with stages.stage("encode", optional=True):
        try:
            vector = encoding.result(timeout=vectors.patience(space))
        except FutureTimeout:
            stages.degraded["encode"] = "the query vector was not ready in time"
    if vector is None:
        return _union(by_words, NO_HITS, {}, {})
    with stages.stage("dense", optional=True):
        by_meaning = _similar(space, dense.nearest(space, vector, scope))
    cosine: dict[int, float] = {}
    bm25: dict[int, float] = {}
    with stages.stage("rescore", optional=True):
        found = set(by_meaning.item_ids.tolist())
        unknown = [i for i in by_words.item_ids[:RESCORED].tolist() if i not in found]
        if unknown:
            cosine = dense.scores(space, vector, unknown)
        matched = set(by_words.item_ids.tolist())
        unmatched = [i for i in found if i not in matched]
        if words is not None and unmatched:
            bm25 = lexical.scores(space, words, unmatched)
    return _union(by_words, by_meaning, cosine, bm25)


def _similar(space: EmbeddingSpace, near: Hits) -> Hits:
    """The neighbours that are near the best and nearer than unrelated items are to each other."""
    unrelated = space.statistics.get("unrelated", {"mean": 0.0, "deviation": 0.0})
    floor = unrelated["mean"] + DEVIATIONS * unrelated["deviation"]
    keep = near_best(near.scores, DENSE_CUT) & (near.scores >= floor)
    return Hits(near.item_ids[keep], near.group_ids[keep], near.scores[keep])


def _union(
    by_words: Hits,
    by_meaning: Hits,
    cosine: dict[int, float],
    bm25: dict[int, float],
) -> MatchSet:
    ids, first = np.unique(
        np.concatenate([by_words.item_ids, by_meaning.item_ids]), return_index=True
    )
    groups = np.concatenate([by_words.group_ids, by_meaning.group_ids])[first]
    return MatchSet(
        ids,
        groups,
        _scores(ids, by_meaning, cosine),
        _scores(ids, by_words, bm25),
    )


def _scores(ids: NDArray[np.int64], hits: Hits, others: dict[int, float]) -> NDArray[np.float32]:
    """Scores aligned with `ids` (sorted), from hits and from exact scores of other items."""
    scores = np.full(len(ids), np.nan, dtype=np.float32)
    scores[np.searchsorted(ids, hits.item_ids)] = hits.scores
    if others:
        where = np.searchsorted(ids, np.fromiter(others, dtype=np.int64))
        scores[where] = np.fromiter(others.values(), dtype=np.float32)
    return scores
