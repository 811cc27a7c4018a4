"""The benchmark of searches: where their time goes, stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopreco.answers.results import ResultPage
from shopreco.evaluation.base import Work
from shopreco.evaluation.datasets import beir
from shopreco.evaluation.protocols.comparison import MAX_TIMED_QUERIES, PAGE_SIZE, WARM_UP_QUERIES
from shopreco.evaluation.protocols.metrics import percentiles
from shopreco.evaluation.scratch.preparation import prepare
from shopreco.evaluation.tables import table

StageTimes = Mapping[str, Mapping[str, float]]
"""`p50_ms` and `p95_ms` by stage."""


@dataclass(frozen=True, slots=True)
class SearchBenchmark:
    """Times of pages of `PAGE_SIZE` results, without facets and with them."""

    dataset: str
    queries: int
    plain: StageTimes
    facets: StageTimes

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "queries": self.queries,
            "plain": self.plain,
            "facets": self.facets,
        }

    def as_text(self) -> str:
        return "\n".join(
            f"{self.dataset}, {self.queries} queries, {name}\n{_stage_table(times)}"
            for name, times in (("plain", self.plain), ("facets", self.facets))
        )


def benchmark_search(
    folder: Path, limit: int | None, search: Callable[..., ResultPage], work: Work
) -> SearchBenchmark:
    """Ask at most `limit` queries of a folder and take the times of all stages.

    search: `services.search`.

    Raises:
        DatasetError: a file is malformed.
        IndexingFailed: the index could not be built.
    """
    prepare(beir.find_corpus(folder), work)
    queries = timed_queries(folder, limit)
    return SearchBenchmark(
        dataset=folder.name,
        queries=len(queries),
        plain=_times(search, queries, None),
        facets=_times(search, queries, ["*"]),
    )


def timed_queries(folder: Path, limit: int | None) -> list[str]:
    """Sample the texts of a folder's queries, `MAX_TIMED_QUERIES` without a limit."""
    queries = beir.read_queries(beir.find_queries(folder))
    return list(beir.sample(queries, limit or MAX_TIMED_QUERIES).values())


def _times(
    search: Callable[..., ResultPage], queries: Sequence[str], facets: Sequence[str] | None
) -> dict[str, dict[str, float]]:
    times: dict[str, list[float]] = {}
    for query in queries[:WARM_UP_QUERIES]:
        search(query, limit=PAGE_SIZE, facets=facets)
    for query in queries:
        page = search(query, limit=PAGE_SIZE, facets=facets)
        for stage, milliseconds in page.timings.items():
            times.setdefault(stage, []).append(milliseconds)
    return {stage: percentiles(each) for stage, each in times.items()}


def _stage_table(times: StageTimes) -> str:
    rows = [[s, f"{t['p50_ms']:.2f}", f"{t['p95_ms']:.2f}"] for s, t in times.items()]
    return table(["", "p50 ms", "p95 ms"], rows)
