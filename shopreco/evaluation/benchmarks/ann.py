"""The benchmark of vector indexes: recall of the exact neighbours, size and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
from django.db import connection

from shopreco.evaluation.base import Work
from shopreco.evaluation.benchmarks.searches import timed_queries
from shopreco.evaluation.datasets.beir import find_corpus
from shopreco.evaluation.protocols.comparison import WARM_UP_QUERIES
from shopreco.evaluation.protocols.metrics import percentiles
from shopreco.evaluation.scratch.preparation import prepare
from shopreco.evaluation.tables import table
from shopreco.models import Embedding, EmbeddingSpace, VectorIndex
from shopreco.queries.conditions import Filters
from shopreco.queries.query_vectors import query_encoder
from shopreco.retrieval import dense
from shopreco.spaces.indexes import build_indexes
from shopreco.spaces.stores import pgvector

DEPTH: Final = 10


@dataclass(frozen=True, slots=True)
class IndexFigures:
    """`recall` of the `DEPTH` nearest by exact inner product; times per query."""

    recall: float
    bytes: int
    build_seconds: float
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class AnnBenchmark:
    """Figures by kind of index."""

    dataset: str
    queries: int
    figures: Mapping[str, IndexFigures]

    def as_json(self) -> dict[str, Any]:
        figures = {kind: asdict(each) for kind, each in self.figures.items()}
        return {"dataset": self.dataset, "queries": self.queries, **figures}

    def as_text(self) -> str:
        rows = [
            [
                kind,
                f"{each.recall:.4f}",
                f"{each.bytes / 2**20:.1f}",
                f"{each.build_seconds:.1f}",
                f"{each.p50_ms:.2f}",
                f"{each.p95_ms:.2f}",
            ]
            for kind, each in self.figures.items()
        ]
        header = ["", f"recall@{DEPTH}", "MiB", "build s", "p50 ms", "p95 ms"]
        return f"{self.dataset}, {self.queries} queries\n{table(header, rows)}"


def benchmark_indexes(folder: Path, limit: int | None, work: Work) -> AnnBenchmark:
    """Build each vector index over the embeddings of a folder, and ask it at most `limit` queries.

    The space's own index is put back.

    Raises:
        DatasetError: a file is malformed.
        IndexingFailed: the index could not be built.
    """
    space = prepare(find_corpus(folder), work)
    queries = timed_queries(folder, limit)
    encoder = query_encoder(space)
    vectors = np.array([encoder.encode_query(query) for query in queries])
    expected = _exact(space, vectors)
    own = space.vector_index
    figures = {}
    try:
        for kind in VectorIndex:
            seconds = _rebuilt(space, kind)
            figures[kind.value] = _measured(space, vectors, expected, seconds)
    finally:
        _rebuilt(space, own)
    return AnnBenchmark(folder.name, len(queries), figures)


def _exact(space: EmbeddingSpace, vectors: np.ndarray) -> list[set[int]]:
    rows = Embedding.objects.filter(space=space).values_list("item_id", "vector")
    ids = np.empty(rows.count(), dtype=np.int64)
    stored = np.empty((len(ids), space.dimension), dtype=np.float32)
    for at, (item_id, vector) in enumerate(rows.iterator(5_000)):
        ids[at], stored[at] = item_id, vector
    return [set(ids[np.argsort(-(stored @ q))[:DEPTH]].tolist()) for q in vectors]


def _rebuilt(space: EmbeddingSpace, kind: VectorIndex) -> float:
    name = pgvector.index_name(space.pk)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {name}")
    space.specification = replace(space.specification, vector_index=kind)
    space.save(update_fields=["specification"])
    started = perf_counter()
    build_indexes(space)
    return perf_counter() - started


def _measured(
    space: EmbeddingSpace, vectors: np.ndarray, expected: Sequence[set[int]], seconds: float
) -> IndexFigures:
    everything = Filters()
    for vector in vectors[:WARM_UP_QUERIES]:
        dense.nearest(space, vector, everything, DEPTH)
    times, found = [], 0
    for vector, nearest in zip(vectors, expected, strict=True):
        started = perf_counter()
        hits = dense.nearest(space, vector, everything, DEPTH)
        times.append((perf_counter() - started) * 1000)
        found += len(nearest & set(hits.item_ids.tolist()))
    name = pgvector.index_name(space.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(to_regclass(%s))", [name])
        (size,) = cursor.fetchone()
    return IndexFigures(
        recall=found / (DEPTH * len(expected)),
        bytes=size,
        build_seconds=seconds,
        **percentiles(times),
    )
