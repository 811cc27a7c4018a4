from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from shopreco import services
from shopreco.evaluation import beir
from shopreco.evaluation.report import table
from shopreco.evaluation.scratch import ScratchDatabase
from shopreco.management.scratch import ScratchCommand


class Command(ScratchCommand):
    help = (
        "Measure what indexing costs beyond the bare encoding of the same texts, where the time "
        "of a search goes, what the vector indexes find, and what a change of weights costs. Works "
        "in scratch databases on the configured server."
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

    def delegate(self, options: Mapping[str, Any]) -> None:
        subject, folder = options["subject"], options["folder"]
        beir.find_corpus(folder)
        positional = [subject, str(folder)]
        given = {name: options[name] for name in ("limit", "json")}
        if subject not in {"index", "fuse"}:
            database = ScratchDatabase.of("evaluate", folder)
            database.create()
            self.run_in(database, positional, given)
            return
        database = ScratchDatabase.of("bench", folder)
        database.drop()
        database.create()
        try:
            self.run_in(database, positional, given)
        finally:
            database.drop()

    def work(self, options: Mapping[str, Any]) -> None:
        measured = getattr(self, f"_{options['subject']}")
        figures = measured(options["folder"], options["limit"])
        if options["json"]:
            text = json.dumps(figures, indent=2, ensure_ascii=False)
            options["json"].write_text(f"{text}\n", encoding="utf-8")

    def _index(self, folder: Path, limit: int | None) -> dict[str, Any]:
        from shopreco.evaluation.benchmark import benchmark_indexing
        from shopreco.evaluation.preparation import load

        load(beir.find_corpus(folder), limit)
        result = benchmark_indexing(self.index)
        self.stdout.write(f"{folder.name}: {result.as_text()}")
        return {"dataset": folder.name, **result.as_json()}

    def _fuse(self, folder: Path, limit: int | None) -> dict[str, Any]:
        from shopreco.evaluation.preparation import load
        from shopreco.evaluation.refusion import benchmark_fusion

        load(beir.find_corpus(folder), limit)
        result = benchmark_fusion()
        self.stdout.write(f"{folder.name}: {result.as_text()}")
        return {"dataset": folder.name, **result.as_json()}

    def _ann(self, folder: Path, limit: int | None) -> dict[str, Any]:
        from shopreco.evaluation import ann
        from shopreco.evaluation.comparison import TIMED_QUERIES
        from shopreco.evaluation.preparation import prepare

        space = prepare(beir.find_corpus(folder), self.index)
        queries = beir.read_queries(beir.find_queries(folder))
        texts = list(beir.sample(queries, limit or TIMED_QUERIES).values())
        figures = ann.benchmark_indexes(space, texts)
        self.stdout.write(f"{folder.name}, {len(texts)} queries\n{ann.as_text(figures)}")
        return {"dataset": folder.name, "queries": len(texts), **ann.as_json(figures)}

    def _search(self, folder: Path, limit: int | None) -> dict[str, Any]:
        from shopreco.evaluation.benchmark import benchmark_search
        from shopreco.evaluation.comparison import TIMED_QUERIES
        from shopreco.evaluation.preparation import prepare

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
