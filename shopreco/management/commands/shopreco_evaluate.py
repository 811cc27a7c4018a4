from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.management.base import CommandError, CommandParser

from shopreco import services
from shopreco.evaluation.datasets import beir, recbole
from shopreco.evaluation.scratch.database import ScratchDatabase
from shopreco.fusion import WEIGHT_OF
from shopreco.management.scratch import ScratchCommand

if TYPE_CHECKING:
    from shopreco.evaluation.protocols.graph import GraphReport
    from shopreco.evaluation.protocols.report import Report
    from shopreco.evaluation.protocols.visual import VisualReport


def left_out(chosen: str) -> dict[str, float]:
    """Weights of 0 for the modalities that are not in a list such as "text,image".

    Raises:
        CommandError: a name is none of them.
    """
    names = [name.strip().lower() for name in chosen.split(",") if name.strip()]
    unknown = [name for name in names if name not in WEIGHT_OF]
    if unknown or not names:
        raise CommandError(f"--modalities takes some of {', '.join(WEIGHT_OF)}, not {chosen!r}.")
    return {weight: 0.0 for name, weight in WEIGHT_OF.items() if name not in names}


class Command(ScratchCommand):
    help = (
        "Measure search on a BEIR folder, beside PostgreSQL's full-text search, BM25 and exact "
        "cosine, or what pictures or the knowledge graph bring. Works in a scratch database on the "
        "configured server, which is kept for the next run on the same folder; the shop's own "
        "tables are not touched."
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
        search.add_argument(
            "--modalities", metavar="LIST", help="such as text,image; the others are left out"
        )
        visual = subjects.add_parser("visual", help="what pictures bring")
        visual.add_argument("folder", type=Path, metavar="DIR", help="with items.jsonl[.gz]")
        visual.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
        graph = subjects.add_parser("graph", help="what the knowledge graph brings")
        graph.add_argument("folder", type=Path, metavar="DIR", help="NAME.item[.gz], NAME.kg[.gz]")
        graph.add_argument("--json", type=Path, metavar="FILE", help="write the figures")

    def delegate(self, options: Mapping[str, Any]) -> None:
        folder, subject = options["folder"], options["subject"]
        if subject == "graph":
            recbole.find_files(folder)
        else:
            beir.find_corpus(folder)
        if subject == "search":
            self._questions(options)
        database = ScratchDatabase.of("evaluate" if subject == "search" else subject, folder)
        database.create()
        names = (*self.files, "limit", "modalities") if subject == "search" else ("json",)
        self.run_in(database, [subject, str(folder)], {name: options[name] for name in names})

    def work(self, options: Mapping[str, Any]) -> None:
        report = getattr(self, f"_{options['subject']}")(options)
        self.stdout.write(report.as_text())
        if options["json"]:
            text = json.dumps(report.as_json(), indent=2, ensure_ascii=False)
            options["json"].write_text(f"{text}\n", encoding="utf-8")

    def _visual(self, options: Mapping[str, Any]) -> VisualReport:
        from shopreco.evaluation.protocols.visual import evaluate

        return evaluate(options["folder"], services.search, self.index)

    def _graph(self, options: Mapping[str, Any]) -> GraphReport:
        from shopreco.evaluation.protocols.graph import evaluate

        return evaluate(options["folder"], services.recommend, self.index)

    def _search(self, options: Mapping[str, Any]) -> Report:
        from shopreco.evaluation.protocols.search import evaluate
        from shopreco.evaluation.scratch.corpus.catalogues import CorpusCatalogue

        if options["modalities"]:
            CorpusCatalogue.modality_weights = left_out(options["modalities"])
        queries, judgements = self._questions(options)
        report = evaluate(options["folder"], queries, judgements, services.search, self.index)
        if options["run"]:
            options["run"].write_text(report.as_trec_run("shopreco"), encoding="utf-8")
        return report

    def _questions(self, options: Mapping[str, Any]) -> tuple[dict[str, str], beir.Judgements]:
        folder: Path = options["folder"]
        return beir.read_questions(
            options["queries"] or beir.find_queries(folder),
            options["qrels"] or beir.find_qrels(folder),
            options["limit"],
        )
