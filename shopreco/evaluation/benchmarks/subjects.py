"""The subjects of `shopreco_bench`: how long things take."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopreco.evaluation.base import (
    Argument,
    Options,
    Services,
    Subject,
    json_argument,
)
from shopreco.evaluation.datasets import beir
from shopreco.evaluation.scratch.configuration import GENERATED
from shopreco.evaluation.scratch.database import ScratchDatabase
from shopreco.registries import Registry

if TYPE_CHECKING:
    from shopreco.evaluation.benchmarks.ann import AnnBenchmark
    from shopreco.evaluation.benchmarks.browsing import BrowseBenchmark
    from shopreco.evaluation.benchmarks.events import EventBenchmark
    from shopreco.evaluation.benchmarks.indexing import IndexBenchmark
    from shopreco.evaluation.benchmarks.refusion import FusionBenchmark
    from shopreco.evaluation.benchmarks.saves import SaveBenchmark
    from shopreco.evaluation.benchmarks.searches import SearchBenchmark

DEFAULT_FOLDER = Path(os.environ.get("SHOPRECO_DATA", "../shared/data")) / "homedepot"


def corpus_arguments(unit: str) -> tuple[Argument, ...]:
    """Of a benchmark on a BEIR folder, which `--limit` makes smaller by that unit."""
    return (
        Argument(
            "folder",
            type=Path,
            nargs="?",
            default=DEFAULT_FOLDER,
            metavar="DIR",
            help="a BEIR folder (homedepot below SHOPRECO_DATA)",
        ),
        Argument("--limit", type=int, metavar="N", help=f"only N {unit}"),
        json_argument(),
    )


class IndexSubject(Subject):
    """Indexing, beside the bare encoding of the same texts."""

    name = "index"
    help = "whole indexing against bare encoding, new prices, no change"
    arguments = corpus_arguments("products")
    keeps_database = False

    def database(self, options: Options) -> ScratchDatabase:
        beir.find_corpus(options["folder"])
        return ScratchDatabase.of("bench", options["folder"])

    def run(self, options: Options, services: Services) -> IndexBenchmark:
        from shopreco.evaluation.benchmarks.indexing import benchmark_indexing

        return benchmark_indexing(options["folder"], options["limit"], services.work)


class SearchTimeSubject(Subject):
    """The time of a search, stage by stage, in the database of `shopreco_evaluate`."""

    name = "search"
    help = "time by stage, without and with facets"
    arguments = corpus_arguments("queries")
    packages = ("tabulate",)

    def database(self, options: Options) -> ScratchDatabase:
        beir.find_corpus(options["folder"])
        return ScratchDatabase.of("evaluate", options["folder"])

    def run(self, options: Options, services: Services) -> SearchBenchmark:
        from shopreco.evaluation.benchmarks.searches import benchmark_search

        return benchmark_search(options["folder"], options["limit"], services.search, services.work)


class AnnSubject(Subject):
    """The vector indexes, in the database of `shopreco_evaluate`."""

    name = "ann"
    help = "recall, size and time of the vector indexes"
    arguments = corpus_arguments("queries")
    packages = ("tabulate",)

    def database(self, options: Options) -> ScratchDatabase:
        beir.find_corpus(options["folder"])
        return ScratchDatabase.of("evaluate", options["folder"])

    def run(self, options: Options, services: Services) -> AnnBenchmark:
        from shopreco.evaluation.benchmarks.ann import benchmark_indexes

        return benchmark_indexes(options["folder"], options["limit"], services.work)


class RefusionSubject(Subject):
    """A change of weights: vector fusion of all products, without encoding."""

    name = "fuse"
    help = "fusing all products for new weights against encoding them"
    arguments = corpus_arguments("products")
    keeps_database = False

    def database(self, options: Options) -> ScratchDatabase:
        beir.find_corpus(options["folder"])
        return ScratchDatabase.of("bench", options["folder"])

    def run(self, options: Options, services: Services) -> FusionBenchmark:
        from shopreco.evaluation.benchmarks.refusion import benchmark_fusion

        return benchmark_fusion(options["folder"], options["limit"])


class SavesSubject(Subject):
    """What a save costs the shop."""

    name = "saves"
    help = "saves of a shop with shopreco and without"
    arguments = (
        Argument("--saves", type=int, default=4_000, metavar="N", help="of products"),
        Argument("--products", type=int, default=20_000, metavar="N", help="of the brand"),
        json_argument(),
    )
    packages = ("tabulate",)
    keeps_database = False

    def database(self, options: Options) -> ScratchDatabase:
        return ScratchDatabase.of(self.name, Path.cwd(), GENERATED)

    def run(self, options: Options, services: Services) -> SaveBenchmark:
        from shopreco.evaluation.benchmarks.saves import benchmark_saves

        return benchmark_saves(options["saves"], options["products"])


class BrowseSubject(Subject):
    """The category pages of a generated shop."""

    name = "browse"
    help = "category pages of a large catalogue"
    arguments = (
        Argument("--products", type=int, default=200_000, metavar="N", help="of the shop"),
        json_argument(),
    )
    packages = ("tabulate",)

    def database(self, options: Options) -> ScratchDatabase:
        return ScratchDatabase.of(self.name, Path.cwd(), GENERATED)

    def settings(self, options: Options) -> Mapping[str, Any]:
        """Browsing compares no vectors, so they may be cheap."""
        return {
            "TEXT_ENCODER": {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 32},
            "MODALITY_WEIGHTS": {"BETA": 0.0},
        }

    def run(self, options: Options, services: Services) -> BrowseBenchmark:
        from shopreco.evaluation.benchmarks.browsing import benchmark_browsing

        return benchmark_browsing(services.search, options["products"], services.work)


class EventsSubject(Subject):
    """Taking in events, through HTTP."""

    name = "events"
    help = "events through HTTP against a bare view that copies the same rows"
    arguments = (
        Argument("--batches", type=int, default=2_000, metavar="N", help="of 50 events, to each"),
        json_argument(),
    )
    packages = ("gunicorn", "tabulate")
    keeps_database = False

    def database(self, options: Options) -> ScratchDatabase:
        return ScratchDatabase.of(self.name, Path.cwd(), GENERATED)

    def run(self, options: Options, services: Services) -> EventBenchmark:
        from shopreco.evaluation.benchmarks.events import benchmark_events

        return benchmark_events(options["batches"])


BENCHMARKS: Registry[Subject] = Registry("benchmark subject")
for _subject in (
    IndexSubject(),
    SearchTimeSubject(),
    AnnSubject(),
    RefusionSubject(),
    SavesSubject(),
    BrowseSubject(),
    EventsSubject(),
):
    BENCHMARKS.register(_subject.name, _subject)
