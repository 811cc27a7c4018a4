from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shopreco.evaluation.base import Argument, Options, Services, Subject, json_argument
from shopreco.evaluation.datasets.beir import find_corpus
from shopreco.evaluation.scratch.database import ScratchDatabase


@dataclass(frozen=True)
class ListedReport:
    listed: int

    def as_text(self) -> str:
        return f"{self.listed} products can be listed"

    def as_json(self) -> Mapping[str, Any]:
        return asdict(self)


class Listed(Subject):
    """How many products of a folder are there to be seen?"""

    name = "listed"
    help = "how many products can be listed"
    arguments = (Argument("folder", type=Path, metavar="DIR"), json_argument())
    apps = ("tests.extension",)
    keeps_database = False

    def database(self, options: Options) -> ScratchDatabase:
        return ScratchDatabase.of(self.name, find_corpus(options["folder"]).parent)

    def run(self, options: Options, services: Services) -> ListedReport:
        # They need the apps of the scratch process.
        from shopreco.evaluation.scratch.preparation import prepare

        prepare(find_corpus(options["folder"]), services.work)
        return ListedReport(services.search("", limit=1).total)
