"""The subjects of `shopreco_tune`: settings that are chosen on judged queries or on clicks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from django.core.management.base import CommandError

from shopreco.evaluation.base import (
    Argument,
    Options,
    Services,
    Subject,
    json_argument,
)
from shopreco.evaluation.datasets.beir import find_corpus
from shopreco.evaluation.datasets.judged_queries import (
    JudgedQueries,
    clicked_queries,
    judged_queries,
)
from shopreco.evaluation.scratch.database import ScratchDatabase
from shopreco.registries import Registry

if TYPE_CHECKING:
    from shopreco.evaluation.protocols.weight_search import FusionTuning


class FusionSubject(Subject):
    """The weights of vector fusion."""

    name = "fusion"
    help = "MODALITY_WEIGHTS, by cross-validation over judged or clicked queries"
    arguments = (
        Argument(
            "folder",
            type=Path,
            metavar="DIR",
            help="a BEIR folder with judged queries, or whose items have baseColour, articleType "
            "and gender to make queries of",
        ),
        Argument("--queries", type=Path, metavar="FILE", help="other queries.jsonl"),
        Argument("--qrels", type=Path, metavar="FILE", help="other qrels.tsv"),
        Argument(
            "--clicks",
            type=Path,
            metavar="FILE",
            help="instead of judgements, a CSV with the columns query, product and clicks",
        ),
        Argument("--limit", type=int, metavar="N", help="use N queries, chosen by hash"),
        json_argument(),
    )
    packages = ("ir_measures", "tabulate")

    def database(self, options: Options) -> ScratchDatabase:
        for name in ("queries", "qrels"):
            if options["clicks"] and options[name]:
                message = f"argument --clicks: not allowed with argument --{name}"
                raise CommandError(message, returncode=2)
        find_corpus(options["folder"])
        self._queries(options)
        return ScratchDatabase.of("tune", options["folder"])

    def run(self, options: Options, services: Services) -> FusionTuning:
        from shopreco.evaluation.protocols.fusion_weights import tune_fusion

        return tune_fusion(options["folder"], self._queries(options), services.work)

    def _queries(self, options: Options) -> JudgedQueries:
        folder, limit = options["folder"], options["limit"]
        if options["clicks"]:
            return clicked_queries(folder, options["clicks"], limit)
        return judged_queries(folder, options["queries"], options["qrels"], limit)


TUNINGS: Registry[Subject] = Registry("tuning subject")
TUNINGS.register(FusionSubject.name, FusionSubject())
