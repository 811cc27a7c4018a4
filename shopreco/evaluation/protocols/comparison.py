"""Several systems over the same queries: first for quality, then against the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, permutations
from time import perf_counter
from typing import TypeVar

from shopreco.evaluation.baselines.search_service import System
from shopreco.evaluation.datasets.beir import Judgements, sample
from shopreco.evaluation.protocols.metrics import DEPTH, measure, percentiles

T = TypeVar("T")

PAGE = 24
TIMED_QUERIES = 1_000
MINIMUM_TIMED = 500
WARM_UP = 30

Rankings = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a system reached: metrics by name, its rankings, `p50_ms` and `p95_ms`."""

    metrics: Mapping[str, float]
    rankings: Rankings
    times: Mapping[str, float]


def compare(
    systems: Sequence[System],
    queries: Mapping[str, str],
    judgements: Judgements,
    also_timed: Mapping[str, System],
) -> tuple[dict[str, Outcome], dict[str, Mapping[str, float]]]:
    """Outcomes by name of system, and the times of others that are `also_timed`, by name.

    All queries count for the metrics; the clock runs over at most `TIMED_QUERIES` of them, and in
    rounds over fewer than `MINIMUM_TIMED`: every query is encoded every time. Those that work in
    memory are timed apart: a scan of all vectors empties the processor's caches and leaves busy
    threads behind, which whoever came next would pay for.
    """
    asked = {query: judgements[query] for query in queries}
    rankings = {system.name: rank(system, queries) for system in systems}
    timed = _enough(list(sample(queries, TIMED_QUERIES).values()))
    in_database = {each.name: each for each in systems if not each.in_memory} | dict(also_timed)
    in_memory = {each.name: each for each in systems if each.in_memory}
    times = clock(in_database, timed) | clock(in_memory, timed)
    outcomes = {
        name: Outcome(measure(asked, ranking), ranking, percentiles(times[name]))
        for name, ranking in rankings.items()
    }
    return outcomes, {name: percentiles(times[name]) for name in also_timed}


def rank(system: System, queries: Mapping[str, str]) -> Rankings:
    progress = _progress(queries.items(), f"Asking {system.name}", len(queries))
    return {id: system.rank(text, DEPTH) for id, text in progress}


def clock(systems: Mapping[str, System], queries: Sequence[str]) -> dict[str, list[float]]:
    """Milliseconds per page of `PAGE` instances, by system; warm, in this one process.

    The systems take turns on every query, in all orders equally often, so that whatever else the
    machine does hits all of them alike.
    """
    times: dict[str, list[float]] = {name: [] for name in systems}
    for query in queries[:WARM_UP]:
        for system in systems.values():
            system.page(query, PAGE)
    orders = cycle(permutations(systems))
    for query in _progress(queries, "Timing", len(queries)):
        for name in next(orders):
            started = perf_counter()
            systems[name].page(query, PAGE)
            times[name].append((perf_counter() - started) * 1000)
    return times


def _enough(queries: list[str]) -> list[str]:
    """A small set is asked again and again: the 95th percentile of 73 times is the fourth worst."""
    rounds = -(-MINIMUM_TIMED // max(1, len(queries)))
    return queries * rounds


def _progress(each: Iterable[T], label: str, total: int) -> Iterable[T]:
    from tqdm import tqdm

    progress: Iterable[T] = tqdm(each, desc=label, total=total, unit=" queries", disable=None)
    return progress
