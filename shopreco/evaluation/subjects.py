"""The subjects of `shopreco_evaluate`: how good answers are, by judged data.

An app adds one of its own by a line in its `AppConfig.ready`:

    SUBJECTS.register(AnswersSubject.name, AnswersSubject())
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from shopreco.evaluation.base import (
    Argument,
    Options,
    Services,
    Subject,
    json_argument,
)
from shopreco.evaluation.datasets import beir, recbole
from shopreco.evaluation.protocols.next_item import PROTOCOLS
from shopreco.evaluation.scratch.database import ScratchDatabase
from shopreco.evaluation.scratch.overrides import other_weights
from shopreco.fusion import WEIGHT_OF
from shopreco.registries import Registry

if TYPE_CHECKING:
    from shopreco.evaluation.protocols.graph import GraphReport
    from shopreco.evaluation.protocols.recommend_report import RecommendReport
    from shopreco.evaluation.protocols.report import SearchReport
    from shopreco.evaluation.protocols.visual import VisualReport

PACKAGES = ("ir_measures", "bm25s", "tabulate")


class SearchSubject(Subject):
    """Search on a BEIR folder, beside the baselines."""

    name = "search"
    help = "ranking quality and time of search"
    arguments = (
        Argument("folder", type=Path, metavar="DIR", help="with corpus.jsonl[.gz]"),
        Argument("--queries", type=Path, metavar="FILE", help="other queries.jsonl"),
        Argument("--qrels", type=Path, metavar="FILE", help="other qrels.tsv"),
        Argument("--limit", type=int, metavar="N", help="ask N queries, chosen by hash"),
        Argument("--pages", type=int, metavar="N", help="time at least N pages; by default 500"),
        json_argument(),
        Argument("--run", type=Path, metavar="FILE", help="write shopreco's TREC run"),
        Argument(
            "--modalities", metavar="LIST", help="such as text,image; the others are left out"
        ),
    )
    packages = PACKAGES

    def database(self, options: Options) -> ScratchDatabase:
        beir.find_corpus(options["folder"])
        self._queries(options)
        return ScratchDatabase.of("evaluate", options["folder"])

    def settings(self, options: Options) -> Mapping[str, Any]:
        if not options["modalities"]:
            return {}
        return {"MODALITY_WEIGHTS": other_weights(**weights_without(options["modalities"]))}

    def run(self, options: Options, services: Services) -> SearchReport:
        from shopreco.evaluation.protocols.search import evaluate

        queries, judgements = self._queries(options)
        report = evaluate(
            options["folder"],
            queries,
            judgements,
            services.search,
            services.work,
            options["pages"],
        )
        if options["run"]:
            options["run"].write_text(report.as_trec_run("shopreco"), encoding="utf-8")
        return report

    def _queries(self, options: Options) -> tuple[dict[str, str], beir.Judgements]:
        folder: Path = options["folder"]
        return beir.read_judged_queries(
            options["queries"] or beir.find_queries(folder),
            options["qrels"] or beir.find_qrels(folder),
            options["limit"],
        )


class VisualSubject(Subject):
    """Pictures: what they add to titles."""

    name = "visual"
    help = "what pictures bring"
    arguments = (
        Argument("folder", type=Path, metavar="DIR", help="with items.jsonl[.gz]"),
        json_argument(),
    )
    packages = PACKAGES

    def database(self, options: Options) -> ScratchDatabase:
        beir.find_corpus(options["folder"])
        return ScratchDatabase.of(self.name, options["folder"])

    def run(self, options: Options, services: Services) -> VisualReport:
        from shopreco.evaluation.protocols.visual import evaluate

        return evaluate(options["folder"], services.search, services.work)


class GraphSubject(Subject):
    """The knowledge graph: what is bought together."""

    name = "graph"
    help = "what the knowledge graph brings"
    arguments = (
        Argument("folder", type=Path, metavar="DIR", help="NAME.item[.gz], NAME.kg[.gz]"),
        json_argument(),
    )
    packages = PACKAGES

    def database(self, options: Options) -> ScratchDatabase:
        recbole.find_files(options["folder"])
        return ScratchDatabase.of(self.name, options["folder"])

    def run(self, options: Options, services: Services) -> GraphReport:
        from shopreco.evaluation.protocols.graph import evaluate

        return evaluate(options["folder"], services.recommend, services.work)


class RecommendSubject(Subject):
    """The next item of each visitor: all recommenders beside the baselines."""

    name = "recommend"
    help = "how often the next item is found"
    arguments = (
        Argument("--inter", type=Path, metavar="FILE", help="NAME.inter[.gz] of RecBole"),
        Argument("--item", type=Path, metavar="FILE", help="NAME.item[.gz], the items of --inter"),
        Argument("--kg", type=Path, metavar="FILE", help="NAME.kg[.gz], edges between them"),
        Argument("--exclude-relations", metavar="LIST", help="of --kg, such as also_bought"),
        Argument(
            "--transactions", type=Path, metavar="FILE", help="instead: invoice lines, CSV[.gz]"
        ),
        Argument("--protocol", choices=[*PROTOCOLS], default="leave-one-out", help="of the split"),
        Argument("--seeds", type=int, metavar="N", help="train N times, with seeds 0, 1, … (3)"),
        Argument("--seed", type=int, metavar="K", help="train once, with seed K"),
        Argument("--merge", metavar="FILES", help="what --json wrote for other seeds, by commas"),
        json_argument(),
    )
    packages = ("implicit", "tabulate")

    def database(self, options: Options) -> ScratchDatabase:
        given = [key for key in ("inter", "item", "kg", "transactions") if options[key]]
        if given not in (["inter", "item"], ["inter", "item", "kg"], ["transactions"]):
            raise CommandError("recommend takes --inter and --item, or --transactions.")
        if options["seed"] is not None and options["seeds"] is not None:
            raise CommandError("recommend takes --seeds or --seed, not both.")
        if options["seeds"] is not None and options["seeds"] < (0 if options["merge"] else 1):
            raise CommandError("--seeds must be 1 or more; 0 only beside --merge.")
        for key in given:
            if not options[key].is_file():
                raise CommandError(f"{options[key]} is no file.")
        self._others(options)
        # What --kg says of the items stays in the graph of its own database.
        purpose = "recommend_kg" if options["kg"] else "recommend"
        return ScratchDatabase.of(purpose, options["item"] or options["transactions"])

    def run(self, options: Options, services: Services) -> RecommendReport:
        from shopreco.evaluation.protocols import recommend

        number = 3 if options["seeds"] is None else options["seeds"]
        seeds = range(number) if options["seed"] is None else [options["seed"]]
        protocol = options["protocol"]
        if options["transactions"]:
            report = recommend.evaluate_receipts(
                options["transactions"], protocol, seeds, services.work
            )
        else:
            graph = None
            if options["kg"]:
                excluded = (options["exclude_relations"] or "").split(",")
                graph = recommend.Graph(options["kg"], frozenset(map(str.strip, excluded)))
            report = recommend.evaluate_interactions(
                options["inter"], options["item"], graph, protocol, seeds, services.work
            )
        for other in self._others(options):
            report = report.merged(other)
        return report

    def _others(self, options: Options) -> list[RecommendReport]:
        from shopreco.evaluation.protocols.recommend_report import RecommendReport

        return [RecommendReport.read(Path(p)) for p in (options["merge"] or "").split(",") if p]


def weights_without(chosen: str) -> dict[str, float]:
    """Weights of 0 for the modalities that a list such as "text,image" leaves out.

    Raises:
        CommandError: a name is no modality.
    """
    names = [name.strip().lower() for name in chosen.split(",") if name.strip()]
    unknown = [name for name in names if name not in WEIGHT_OF]
    if unknown or not names:
        raise CommandError(f"--modalities takes some of {', '.join(WEIGHT_OF)}, not {chosen!r}.")
    return {weight: 0.0 for name, weight in WEIGHT_OF.items() if name not in names}


SUBJECTS: Registry[Subject] = Registry("evaluation subject")
for _subject in (SearchSubject(), VisualSubject(), GraphSubject(), RecommendSubject()):
    SUBJECTS.register(_subject.name, _subject)
