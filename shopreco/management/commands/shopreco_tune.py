from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from shopreco.evaluation.datasets.beir import find_corpus
from shopreco.evaluation.datasets.judged_queries import (
    Questions,
    clicked_questions,
    judged_questions,
)
from shopreco.evaluation.scratch.database import ScratchDatabase
from shopreco.management.scratch import ScratchCommand


class Command(ScratchCommand):
    help = (
        "Choose settings on a judged set or on clicks. Works in a scratch database on the "
        "configured server, which is kept for the next run on the same folder; the shop's own "
        "tables are not touched."
    )
    name = "shopreco_tune"
    packages = ("ir_measures",)

    def add_arguments(self, parser: CommandParser) -> None:
        subjects = parser.add_subparsers(dest="subject", required=True, metavar="SUBJECT")
        fusion = subjects.add_parser(
            "fusion", help="MODALITY_WEIGHTS, by cross-validation over judged or clicked queries"
        )
        fusion.add_argument(
            "folder",
            type=Path,
            metavar="DIR",
            help="a BEIR folder with judged queries, or whose items have baseColour, articleType "
            "and gender to make queries of",
        )
        fusion.add_argument("--queries", type=Path, metavar="FILE", help="other queries.jsonl")
        fusion.add_argument("--qrels", type=Path, metavar="FILE", help="other qrels.tsv")
        fusion.add_argument(
            "--clicks",
            type=Path,
            metavar="FILE",
            help="instead of judgements, a CSV with the columns query, product and clicks",
        )
        fusion.add_argument("--limit", type=int, metavar="N", help="use N queries, chosen by hash")
        fusion.add_argument("--json", type=Path, metavar="FILE", help="write the figures")

    def delegate(self, options: Mapping[str, Any]) -> None:
        folder = options["folder"]
        for name in ("queries", "qrels"):
            if options["clicks"] and options[name]:
                message = f"argument --clicks: not allowed with argument --{name}"
                raise CommandError(message, returncode=2)
        find_corpus(folder)
        self._questions(options)
        database = ScratchDatabase.of("tune", folder)
        database.create()
        names = ("queries", "qrels", "clicks", "limit", "json")
        self.run_in(database, ["fusion", str(folder)], {name: options[name] for name in names})

    def work(self, options: Mapping[str, Any]) -> None:
        from shopreco.evaluation.protocols.fusion_weights import tune_fusion

        found = tune_fusion(options["folder"], self._questions(options), self.index)
        self.stdout.write(found.as_text())
        if options["json"]:
            text = json.dumps(found.as_json(), indent=2, ensure_ascii=False)
            options["json"].write_text(f"{text}\n", encoding="utf-8")

    def _questions(self, options: Mapping[str, Any]) -> Questions:
        folder, limit = options["folder"], options["limit"]
        if options["clicks"]:
            return clicked_questions(folder, options["clicks"], limit)
        return judged_questions(folder, options["queries"], options["qrels"], limit)
