from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopreco.evaluation.base import Argument, Options, Services, Subject, json_argument
from shopreco.evaluation.datasets.beir import find_corpus
from shopreco.evaluation.scratch.database import ScratchDatabase


@dataclass(frozen=True)
class TitlesReport:
    found: int
    asked: int
    dimension: int

    def as_text(self) -> str:
        return f"{self.found} of {self.asked} titles find their product"

    def as_json(self) -> Mapping[str, Any]:
        return {"found": self.found, "asked": self.asked, "dimension": self.dimension}


class TitlesSubject(Subject):
    """Does the title of a product find it?"""

    name = "titles"
    help = "whether titles find their products"
    arguments = (
        Argument("folder", type=Path, metavar="DIR"),
        Argument("--sample", type=int, default=5, metavar="N"),
        Argument("--backwards", action="store_true"),
        json_argument(),
    )
    apps = ("tests.evaluation_app",)
    keeps_database = False

    def database(self, options: Options) -> ScratchDatabase:
        find_corpus(options["folder"])
        return ScratchDatabase.of(self.name, options["folder"])

    def settings(self, options: Options) -> Mapping[str, Any]:
        encoder = {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 48}
        return {"TEXT_ENCODER": encoder}

    def run(self, options: Options, services: Services) -> TitlesReport:
        from shopreco.evaluation.scratch.corpus.models import CorpusProduct
        from shopreco.evaluation.scratch.preparation import prepare

        space = prepare(find_corpus(options["folder"]), services.work)
        order = "-pk" if options["backwards"] else "pk"
        products = CorpusProduct.objects.order_by(order)[: options["sample"]]
        first = [services.search(product.title, limit=1).results[0] for product in products]
        found = sum(
            result.object_id == product.pk for result, product in zip(first, products, strict=True)
        )
        return TitlesReport(found, len(products), space.dimension)


TITLES = TitlesSubject()
