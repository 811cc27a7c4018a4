"""The benchmark of category pages in a large catalogue: filter, order, a page of cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from time import perf_counter
from typing import Any, Final

import numpy as np
from django.db.models import Count

from shopreco.answers.results import ResultPage
from shopreco.evaluation.base import Work
from shopreco.evaluation.scratch.corpus.rows import vacuum
from shopreco.evaluation.scratch.preparation import (
    INDEX_TABLES,
    IndexingFailed,
    cancel_abandoned_runs,
    index_catalogue,
    migrate,
)
from shopreco.evaluation.scratch.shop.models import Category, Product
from shopreco.evaluation.scratch.shop.rows import fill_shop
from shopreco.evaluation.tables import table
from shopreco.spaces import serving

CATALOGUE: Final = Product._meta.label_lower
CARDS: Final = 24
ROUNDS: Final = 7
ORDERS: Final = ("price_asc", "newest", "title")
SIZES: Final = {"largest": 0.0, "tenth": 0.1, "median": 0.5}
"""Categories that are asked for, by their place among all, the largest first."""


@dataclass(frozen=True, slots=True)
class TimedPage:
    """The milliseconds of a page, in every round, and its total of products."""

    name: str
    total: int
    facets: bool
    milliseconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.milliseconds))


@dataclass(frozen=True, slots=True)
class BrowseBenchmark:
    products: int
    pages: tuple[TimedPage, ...]

    def as_json(self) -> dict[str, Any]:
        medians = {
            f"{page.name}{', facets' if page.facets else ''}": round(page.median, 3)
            for page in self.pages
        }
        return asdict(self) | {"median_ms": medians}

    def as_text(self) -> str:
        rows = [
            [
                f"{page.name}{', facets' if page.facets else ''}",
                str(page.total),
                f"{page.median:.2f}",
                f"{max(page.milliseconds):.2f}",
            ]
            for page in self.pages
        ]
        head = f"{self.products} products, pages of {CARDS} cards, each {ROUNDS} times, warm"
        return f"{head}\n{table(['', 'total', 'median ms', 'max ms'], rows)}"


def benchmark_browsing(
    search: Callable[..., ResultPage], products: int, work: Work
) -> BrowseBenchmark:
    """Time pages of the generated shop. It is made and indexed unless it is there already.

    Raises:
        IndexingFailed: its index could not be built.
    """
    migrate()
    if fill_shop(products) or serving.active_space(CATALOGUE) is None:
        _index(work)
    requests = dict(_requests())
    times: dict[tuple[str, bool], list[float]] = {}
    totals: dict[str, int] = {}
    for round_ in range(ROUNDS + 1):
        for (name, request), facets in product(requests.items(), (False, True)):
            milliseconds, page = _timed(search, request, ["*"] if facets else None)
            totals[name] = page.total
            if round_:  # the first one warms up
                times.setdefault((name, facets), []).append(milliseconds)
    pages = (
        TimedPage(name, totals[name], facets, tuple(each)) for (name, facets), each in times.items()
    )
    return BrowseBenchmark(products, tuple(pages))


def _index(work: Work) -> None:
    cancel_abandoned_runs()
    index_catalogue(CATALOGUE, work, rebuild=True)
    vacuum(*INDEX_TABLES)


def _requests() -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Names and arguments of the searches, which have no query."""
    categories = list(
        Category.objects.annotate(filled=Count("products")).order_by("-filled").values_list("path")
    )
    chosen = {
        f"{size} category": {"category": path}
        for size, share in SIZES.items()
        for (path,) in [categories[int(share * (len(categories) - 1))]]
    }
    chosen["department"] = {"category": categories[0][0].split(" > ")[0]}
    everything: Mapping[str, Any] = {}
    pages = [
        (f"{name}, {order}", {"filters": filters, "sort": order})
        for name, filters in {**chosen, "everything": everything}.items()
        for order in ORDERS
    ]
    deep = {"filters": chosen["largest category"], "sort": "price_asc", "offset": 20 * CARDS}
    narrow = {**chosen["department"], "brand": "Brand 7"}
    return [
        *pages,
        ("largest category, price_asc, page 21", deep),
        ("department and brand, price_asc", {"filters": narrow, "sort": "price_asc"}),
    ]


def _timed(
    search: Callable[..., ResultPage], request: Mapping[str, Any], facets: Sequence[str] | None
) -> tuple[float, ResultPage]:
    started = perf_counter()
    page = search(catalogue=CATALOGUE, limit=CARDS, facets=facets, **request)
    for result in page:
        str(result.object)
    milliseconds = (perf_counter() - started) * 1000
    if page.degraded or not page.total:
        raise IndexingFailed(f"{request} answers {page.total} products, {page.degraded}.")
    return milliseconds, page
