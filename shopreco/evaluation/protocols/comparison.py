"""Several systems over the same queries: first for quality, then against the clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, permutations
from time import perf_counter
from typing import Final, TypeVar

from shopreco.evaluation.baselines.base import ComparedSystem
from shopreco.evaluation.datasets.beir import Judgements, sample
from shopreco.evaluation.protocols.metrics import DEPTH, measure, percentiles

T = TypeVar("T")

PAGE_SIZE: Final = 24
"""Results on a page that is timed."""
MAX_TIMED_QUERIES: Final = 1_000
MIN_TIMED_PAGES: Final = 500
WARM_UP_QUERIES: Final = 30

Rankings = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class SystemOutcome:
    """Metrics of a system by name, its rankings, and its times: `p50_ms` and `p95_ms`."""

    metrics: Mapping[str, float]
    rankings: Rankings
    times: Mapping[str, float]


def compare(
    systems: Sequence[ComparedSystem],
    queries: Mapping[str, str],
    judgements: Judgements,
    also_timed: Mapping[str, ComparedSystem],
    pages: int,
) -> tuple[dict[str, SystemOutcome], dict[str, Mapping[str, float]]]:
    """Ask all systems the same queries. Returns outcomes by name, and times of `also_timed`.

    All queries count for the metrics. The clock runs over at most `MAX_TIMED_QUERIES` of them; few
    are asked in rounds, until `pages` are timed, and encoded each time. Systems in memory are timed
    apart: a scan of all vectors empties the processor's caches and leaves busy threads behind, and
    the next system would pay for it.
    """
    judged = {query: judgements[query] for query in queries}
    rankings = {system.name: rank(system, queries) for system in systems}
    timed = _repeated(list(sample(queries, MAX_TIMED_QUERIES).values()), pages)
    in_database = {each.name: each for each in systems if not each.in_memory} | dict(also_timed)
    in_memory = {each.name: each for each in systems if each.in_memory}
    times = clock(in_database, timed) | clock(in_memory, timed)
    outcomes = {
        name: SystemOutcome(measure(judged, ranking), ranking, percentiles(times[name]))
        for name, ranking in rankings.items()
    }
    return outcomes, {name: percentiles(times[name]) for name in also_timed}


def rank(system: ComparedSystem, queries: Mapping[str, str]) -> Rankings:
    progress = _progress(queries.items(), f"Asking {system.name}", len(queries))
    return {id: system.rank(text, DEPTH) for id, text in progress}


def clock(systems: Mapping[str, ComparedSystem], queries: Sequence[str]) -> dict[str, list[float]]:
    """Time pages of `PAGE_SIZE` instances, warm, in this process. Milliseconds by system.

    The systems take turns on every query, in all orders equally often, so that other load on the
    machine hits all of them alike.
    """
    times: dict[str, list[float]] = {name: [] for name in systems}
    for query in queries[:WARM_UP_QUERIES]:
        for system in systems.values():
            system.page(query, PAGE_SIZE)
    orders = cycle(permutations(systems))
    for query in _progress(queries, "Timing", len(queries)):
        for name in next(orders):
            started = perf_counter()
            systems[name].page(query, PAGE_SIZE)
            times[name].append((perf_counter() - started) * 1000)
    return times


def _repeated(queries: list[str], pages: int) -> list[str]:
    """Repeat a small set: the 95th percentile of 73 times is only the fourth worst."""
    rounds = -(-pages // max(1, len(queries)))
    return queries * rounds


def _progress(each: Iterable[T], label: str, total: int) -> Iterable[T]:
    from tqdm import tqdm

    progress: Iterable[T] = tqdm(each, desc=label, total=total, unit=" queries", disable=None)
    return progress
