from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import CommandParser

from shopreco import services
from shopreco.evaluation import beir
from shopreco.evaluation.scratch import ScratchDatabase
from shopreco.management.scratch import ScratchCommand


class Command(ScratchCommand):
    help = (
        "Measure search on a BEIR folder, beside PostgreSQL's full-text search, BM25 and exact "
        "cosine. Works in a scratch database on the configured server, which is kept for the next "
        "run on the same folder; the shop's own tables are not touched."
    )
    name = "shopreco_evaluate"
    packages = ("ir_measures", "bm25s")
    files: ClassVar = ("queries", "qrels", "json", "run")

    def add_arguments(self, parser: CommandParser) -> None:
        subjects = parser.add_subparsers(dest="subject", required=True, metavar="SUBJECT")
        search = subjects.add_parser("search", help="ranking quality and time of search")
        search.add_argument("folder", type=Path, metavar="DIR", help="with corpus.jsonl[.gz]")
        search.add_argument("--queries", type=Path, metavar="FILE", help="other queries.jsonl")
        search.add_argument("--qrels", type=Path, metavar="FILE", help="other qrels.tsv")
        search.add_argument("--limit", type=int, metavar="N", help="ask N queries, chosen by hash")
        search.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
        search.add_argument("--run", type=Path, metavar="FILE", help="write shopreco's TREC run")

    def delegate(self, options: Mapping[str, Any]) -> None:
        folder: Path = options["folder"]
        beir.find_corpus(folder)
        self._questions(options)
        database = ScratchDatabase.of("evaluate", folder)
        database.create()
        given = {name: options[name] for name in (*self.files, "limit")}
        self.run_in(database, ["search", str(folder)], given)

    def work(self, options: Mapping[str, Any]) -> None:
        from shopreco.evaluation.search import evaluate

        folder: Path = options["folder"]
        queries, judgements = self._questions(options)
        report = evaluate(folder, queries, judgements, services.search, self.index)
        self.stdout.write(report.as_text())
        if options["json"]:
            text = json.dumps(report.as_json(), indent=2, ensure_ascii=False)
            options["json"].write_text(f"{text}\n", encoding="utf-8")
        if options["run"]:
            options["run"].write_text(report.as_trec_run("shopreco"), encoding="utf-8")

    def _questions(self, options: Mapping[str, Any]) -> tuple[dict[str, str], beir.Judgements]:
        folder: Path = options["folder"]
        return beir.read_questions(
            options["queries"] or beir.find_queries(folder),
            options["qrels"] or beir.find_qrels(folder),
            options["limit"],
        )
