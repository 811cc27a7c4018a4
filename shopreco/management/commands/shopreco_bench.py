from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from shopreco import services
from shopreco.evaluation.datasets import beir
from shopreco.evaluation.protocols.report import table
from shopreco.evaluation.scratch.database import GENERATED, ScratchDatabase
from shopreco.management.scratch import ScratchCommand


class Command(ScratchCommand):
    help = (
        "Measure what indexing costs beyond the bare encoding of the same texts, where the time "
        "of a search goes, what the vector indexes find, what a change of weights costs, what the "
        "saves of a shop cost more, and how long its category pages take. Works in scratch "
        "databases on the configured server."
    )
    name = "shopreco_bench"

    def add_arguments(self, parser: CommandParser) -> None:
        subjects = parser.add_subparsers(dest="subject", required=True, metavar="SUBJECT")
        default = Path(os.environ.get("SHOPRECO_DATA", "../shared/data")) / "homedepot"
        for subject, help, unit in (
            ("index", "whole indexing against bare encoding, new prices, no change", "products"),
            ("search", "time by stage, without and with facets", "queries"),
            ("ann", "recall, size and time of the vector indexes", "queries"),
            ("fuse", "fusing all products for new weights against encoding them", "products"),
        ):
            sub = subjects.add_parser(subject, help=help)
            sub.add_argument(
                "folder",
                type=Path,
                nargs="?",
                default=default,
                metavar="DIR",
                help="a BEIR folder (homedepot below SHOPRECO_DATA)",
            )
            sub.add_argument("--limit", type=int, metavar="N", help=f"only N {unit}")
            sub.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
        saves = subjects.add_parser("saves", help="saves of a shop with shopreco and without")
        saves.add_argument("--saves", type=int, default=4_000, metavar="N", help="of products")
        saves.add_argument("--products", type=int, default=20_000, metavar="N", help="of the brand")
        browse = subjects.add_parser("browse", help="category pages of a large catalogue")
        browse.add_argument("--products", type=int, default=200_000, metavar="N")
        for sub in (saves, browse):
            sub.add_argument("--json", type=Path, metavar="FILE", help="write the figures")

    def delegate(self, options: Mapping[str, Any]) -> None:
        subject = options["subject"]
        if subject in {"saves", "browse"}:
            self._delegate_generated(subject, options)
            return
        folder = options["folder"]
        beir.find_corpus(folder)
        positional = [subject, str(folder)]
        given = {name: options[name] for name in ("limit", "json")}
        if subject not in {"index", "fuse"}:
            database = ScratchDatabase.of("evaluate", folder)
            database.create()
            self.run_in(database, positional, given)
            return
        self._run_once(ScratchDatabase.of("bench", folder), positional, given)

    def _delegate_generated(self, subject: str, options: Mapping[str, Any]) -> None:
        database = ScratchDatabase.of(subject, Path.cwd(), GENERATED)
        if subject == "saves":
            given = {name: options[name] for name in ("saves", "products", "json")}
            self._run_once(database, [subject], given)
        else:
            database.create()
            given = {name: options[name] for name in ("products", "json")}
            self.run_in(database, [subject], given)

    def _run_once(
        self, database: ScratchDatabase, positional: Sequence[str], given: Mapping[str, Any]
    ) -> None:
        """Work in a database that was not there before and is not afterwards."""
        database.drop()
        database.create()
        try:
            self.run_in(database, positional, given)
        finally:
            database.drop()

    def work(self, options: Mapping[str, Any]) -> None:
        match options["subject"]:
            case "saves":
                figures = self._saves(options["saves"], options["products"])
            case "browse":
                figures = self._browse(options["products"])
            case subject:
                measured = getattr(self, f"_{subject}")
                figures = measured(options["folder"], options["limit"])
        if options["json"]:
            text = json.dumps(figures, indent=2, ensure_ascii=False)
            options["json"].write_text(f"{text}\n", encoding="utf-8")

    def _saves(self, saves: int, products: int) -> dict[str, Any]:
        from shopreco.evaluation.benchmarks.saves import benchmark_saves

        result = benchmark_saves(saves, products)
        self.stdout.write(result.as_text())
        return result.as_json()

    def _browse(self, products: int) -> dict[str, Any]:
        from shopreco.evaluation.benchmarks.browsing import benchmark_browsing

        result = benchmark_browsing(services.search, products, self.index)
        self.stdout.write(result.as_text())
        return result.as_json()

    def _index(self, folder: Path, limit: int | None) -> dict[str, Any]:
        from shopreco.evaluation.benchmarks.indexing import benchmark_indexing
        from shopreco.evaluation.scratch.preparation import load

        load(beir.find_corpus(folder), limit)
        result = benchmark_indexing(self.index)
        self.stdout.write(f"{folder.name}: {result.as_text()}")
        return {"dataset": folder.name, **result.as_json()}

    def _fuse(self, folder: Path, limit: int | None) -> dict[str, Any]:
        from shopreco.evaluation.benchmarks.refusion import benchmark_fusion
        from shopreco.evaluation.scratch.preparation import load

        load(beir.find_corpus(folder), limit)
        result = benchmark_fusion()
        self.stdout.write(f"{folder.name}: {result.as_text()}")
        return {"dataset": folder.name, **result.as_json()}

    def _ann(self, folder: Path, limit: int | None) -> dict[str, Any]:
        from shopreco.evaluation.benchmarks import ann
        from shopreco.evaluation.protocols.comparison import TIMED_QUERIES
        from shopreco.evaluation.scratch.preparation import prepare

        space = prepare(beir.find_corpus(folder), self.index)
        queries = beir.read_queries(beir.find_queries(folder))
        texts = list(beir.sample(queries, limit or TIMED_QUERIES).values())
        figures = ann.benchmark_indexes(space, texts)
        self.stdout.write(f"{folder.name}, {len(texts)} queries\n{ann.as_text(figures)}")
        return {"dataset": folder.name, "queries": len(texts), **ann.as_json(figures)}

    def _search(self, folder: Path, limit: int | None) -> dict[str, Any]:
        from shopreco.evaluation.benchmarks.indexing import benchmark_search
        from shopreco.evaluation.protocols.comparison import TIMED_QUERIES
        from shopreco.evaluation.scratch.preparation import prepare

        prepare(beir.find_corpus(folder), self.index)
        queries = beir.read_queries(beir.find_queries(folder))
        texts = list(beir.sample(queries, limit or TIMED_QUERIES).values())
        stages = {
            name: benchmark_search(services.search, texts, facets)
            for name, facets in (("plain", None), ("facets", ["*"]))
        }
        for name, times in stages.items():
            rows = [[s, f"{t['p50_ms']:.2f}", f"{t['p95_ms']:.2f}"] for s, t in times.items()]
            self.stdout.write(f"{folder.name}, {len(texts)} queries, {name}")
            self.stdout.write(table(["", "p50 ms", "p95 ms"], rows) + "\n")
        return {"dataset": folder.name, "queries": len(texts), **stages}
