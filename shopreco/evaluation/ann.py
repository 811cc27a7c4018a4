"""Approximate nearest neighbours: what each vector index finds of the exact ones, at which size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from django.db import connection

from shopreco.evaluation.comparison import WARM_UP
from shopreco.evaluation.metrics import percentiles
from shopreco.evaluation.report import table
from shopreco.models import Embedding, EmbeddingSpace, VectorIndex
from shopreco.queries.conditions import Filters
from shopreco.queries.query_vectors import query_encoder
from shopreco.retrieval import dense
from shopreco.spaces.stores import pgvector

DEPTH = 10


@dataclass(frozen=True, slots=True)
class IndexFigures:
    """`recall` of the `DEPTH` nearest by exact inner product; times per query."""

    recall: float
    bytes: int
    build_seconds: float
    p50_ms: float
    p95_ms: float


def benchmark_indexes(space: EmbeddingSpace, queries: Sequence[str]) -> dict[str, IndexFigures]:
    """Figures by kind of index, over the stored vectors of a space; its own index is put back."""
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
    return figures


def as_text(figures: Mapping[str, IndexFigures]) -> str:
    rows = [
        [
            kind,
            f"{each.recall:.4f}",
            f"{each.bytes / 2**20:.1f}",
            f"{each.build_seconds:.1f}",
            f"{each.p50_ms:.2f}",
            f"{each.p95_ms:.2f}",
        ]
        for kind, each in figures.items()
    ]
    return table(["", f"recall@{DEPTH}", "MiB", "build s", "p50 ms", "p95 ms"], rows)


def as_json(figures: Mapping[str, IndexFigures]) -> dict[str, Any]:
    return {kind: asdict(each) for kind, each in figures.items()}


def _exact(space: EmbeddingSpace, vectors: np.ndarray) -> list[set[int]]:
    rows = Embedding.objects.filter(space=space).values_list("item_id", "vector")
    ids = np.empty(rows.count(), dtype=np.int64)
    stored = np.empty((len(ids), space.dimension), dtype=np.float32)
    for at, (item_id, vector) in enumerate(rows.iterator(5_000)):
        ids[at], stored[at] = item_id, vector
    return [set(ids[np.argsort(-(stored @ q))[:DEPTH]].tolist()) for q in vectors]


def _rebuilt(space: EmbeddingSpace, kind: VectorIndex) -> float:
    name, _terms = pgvector.index_names(space.pk)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {name}")
    space.specification = replace(space.specification, vector_index=kind)
    space.save(update_fields=["specification"])
    started = perf_counter()
    pgvector.build_indexes(space)
    return perf_counter() - started


def _measured(
    space: EmbeddingSpace, vectors: np.ndarray, expected: Sequence[set[int]], seconds: float
) -> IndexFigures:
    everything = Filters()
    for vector in vectors[:WARM_UP]:
        dense.nearest(space, vector, everything, DEPTH)
    times, found = [], 0
    for vector, nearest in zip(vectors, expected, strict=True):
        started = perf_counter()
        hits = dense.nearest(space, vector, everything, DEPTH)
        times.append((perf_counter() - started) * 1000)
        found += len(nearest & set(hits.item_ids.tolist()))
    name, _terms = pgvector.index_names(space.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(to_regclass(%s))", [name])
        (size,) = cursor.fetchone()
    return IndexFigures(
        recall=found / (DEPTH * len(expected)),
        bytes=size,
        build_seconds=seconds,
        **percentiles(times),
    )
