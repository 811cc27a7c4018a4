"""How long the category pages of a large catalogue take: filter, order, a page of cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from time import perf_counter
from typing import Any, Final

import numpy as np
from django.db.models import Count

from shopreco.answers.results import ResultPage
from shopreco.catalogues import get_catalogue
from shopreco.evaluation.corpus.loading import vacuum
from shopreco.evaluation.preparation import (
    INDEX_TABLES,
    IndexingFailed,
    Work,
    migrate,
    other_settings,
)
from shopreco.evaluation.report import table
from shopreco.evaluation.shop import filling
from shopreco.evaluation.shop.models import Category, Product
from shopreco.indexing import reindex
from shopreco.models import IndexRun, RunState
from shopreco.runs import engine
from shopreco.spaces import serving

CATALOGUE: Final = Product._meta.label_lower
SETTINGS: Final[Mapping[str, Any]] = {
    "TEXT_ENCODER": {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 32},
    "MODALITY_WEIGHTS": {"BETA": 0.0},
}
"""Browsing compares no vectors, so they may be cheap."""

CARDS: Final = 24
ROUNDS: Final = 7
ORDERS: Final = ("price_asc", "newest", "title")
SIZES: Final = {"largest": 0.0, "tenth": 0.1, "median": 0.5}
"""Categories that are asked for, by their place among all, the fullest first."""


@dataclass(frozen=True, slots=True)
class Page:
    """Milliseconds of a page, every time it was asked for; how many products its total says."""

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
    pages: tuple[Page, ...]

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
    """Time pages of the generated shop; it is made and indexed unless it is there already.

    Raises:
        IndexingFailed: its index could not be built.
    """
    migrate()
    with other_settings(**SETTINGS):
        if filling.fill(products) or serving.active_space(CATALOGUE) is None:
            _index(work)
        questions = dict(_questions())
        times: dict[tuple[str, bool], list[float]] = {}
        totals: dict[str, int] = {}
        for round_ in range(ROUNDS + 1):
            for (name, question), facets in product(questions.items(), (False, True)):
                milliseconds, page = _timed(search, question, ["*"] if facets else None)
                totals[name] = page.total
                if round_:  # the first one warms up
                    times.setdefault((name, facets), []).append(milliseconds)
    pages = (
        Page(name, totals[name], facets, tuple(each)) for (name, facets), each in times.items()
    )
    return BrowseBenchmark(products, tuple(pages))


def _index(work: Work) -> None:
    for abandoned in IndexRun.objects.filter(state__in=IndexRun.LIVE):
        engine.cancel(abandoned)
    run = work(reindex.start(get_catalogue(CATALOGUE), rebuild=True), None)
    if run.state != RunState.DONE:
        raise IndexingFailed(f"{run} {run.get_state_display()}: {run.error}")
    vacuum(*INDEX_TABLES)


def _questions() -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Names and arguments of searches without a query."""
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
    search: Callable[..., ResultPage], question: Mapping[str, Any], facets: Sequence[str] | None
) -> tuple[float, ResultPage]:
    started = perf_counter()
    page = search(catalogue=CATALOGUE, limit=CARDS, facets=facets, **question)
    for result in page:
        str(result.object)
    milliseconds = (perf_counter() - started) * 1000
    if page.degraded or not page.total:
        raise IndexingFailed(f"{question} answers {page.total} products, {page.degraded}.")
    return milliseconds, page
