"""The match set of a query: what words find and what meaning finds, each scored by both.

What belongs to the set depends on the query and its scope only, never on the page, the order or
the facets that are chosen: so totals and facet counts are exact and pages are stable.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from django.db import router, transaction
from numpy.typing import NDArray

from shopreco.models import Embedding, EmbeddingSpace
from shopreco.retrieval import dense, lexical, vectors
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.lexical import LexicalQuery
from shopreco.retrieval.matches import NO_HITS, Hits
from shopreco.text import get_analyser

logger = logging.getLogger(__name__)

RESCORED = 300
"""The best lexical hits whose cosine is computed exactly; deeper ones rank by words alone."""
DENSE_CUT = 0.6
"""Share of the best cosine that a neighbour must reach to match by meaning alone."""


@dataclass(slots=True)
class Stages:
    """Timings in milliseconds, and the stages that an answer had to do without."""

    timings: dict[str, float] = field(default_factory=dict)
    degraded: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, *, optional: bool = False) -> Iterator[None]:
        """Time a stage; an optional one that fails is logged and named instead of raised.

        A failing statement would end a transaction of the host's (ATOMIC_REQUESTS), so an
        optional stage inside one has a savepoint.
        """
        started = perf_counter()
        try:
            alias = router.db_for_read(Embedding)
            if optional and connections[alias].in_atomic_block:
                with transaction.atomic(using=alias):
                    yield
            else:
                yield
        except Exception as error:
            if not optional:
                raise
            logger.exception("the answer goes without its stage %r", name)
            self.degraded[name] = f"{type(error).__name__}: {error}"[:300]
        finally:
            passed = (perf_counter() - started) * 1000
            self.timings[name] = round(self.timings.get(name, 0.0) + passed, 2)


@dataclass(frozen=True, slots=True)
class MatchSet:
    """Everything that matches a query. All arrays (n,); NaN where a retriever has no score."""

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]
    lexical_maximum: float

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
        words = lexical.lexical_query(space, get_analyser(language).tokens(text))
        if words is not None:
            by_words = lexical.retrieve(space, words, scope)
    with stages.stage("encode", optional=True):
        try:
            vector = encoding.result(timeout=vectors.patience(space))
        except FutureTimeout:
            stages.degraded["encode"] = "the query vector was not ready in time"
    if vector is None:
        return _union(by_words, NO_HITS, {}, {}, words)
    with stages.stage("dense", optional=True):
        near = dense.nearest(space, vector, scope)
        by_meaning = _cut(near)
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
    return _union(by_words, by_meaning, cosine, bm25, words)


def _cut(near: Hits) -> Hits:
    if not len(near):
        return near
    keep = near.scores >= DENSE_CUT * near.scores.max()
    return Hits(near.item_ids[keep], near.group_ids[keep], near.scores[keep])


def _union(
    by_words: Hits,
    by_meaning: Hits,
    cosine: dict[int, float],
    bm25: dict[int, float],
    words: LexicalQuery | None,
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
        words.maximum if words else 0.0,
    )


def _scores(ids: NDArray[np.int64], hits: Hits, others: dict[int, float]) -> NDArray[np.float32]:
    """Scores aligned with `ids` (sorted), from hits and from exact scores of other items."""
    scores = np.full(len(ids), np.nan, dtype=np.float32)
    scores[np.searchsorted(ids, hits.item_ids)] = hits.scores
    if others:
        where = np.searchsorted(ids, np.fromiter(others, dtype=np.int64))
        scores[where] = np.fromiter(others.values(), dtype=np.float32)
    return scores
