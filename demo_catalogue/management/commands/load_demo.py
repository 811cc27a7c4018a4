from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from demo_catalogue.assortment import Assortment
from demo_catalogue.studio import Studio


class Command(BaseCommand):
    help = (
        "Load the demo catalogue, draw its pictures and make its videos. What is already there "
        "stays as it is, so a second run is quick and keeps changed prices and stock."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--without-media",
            action="store_true",
            help="name the pictures and videos without making them, as for a measurement",
        )

    def handle(self, *args: Any, without_media: bool, **options: Any) -> None:
        quiet = not options["verbosity"]
        assortment = Assortment()
        if not without_media:
            assortment.make_media(Studio(quiet=quiet))
        report = assortment.load()
        for failure in report.failed:
            self.stderr.write(self.style.ERROR(str(failure)))
        if report.failed:
            raise CommandError(f"failed products: {len(report.failed)}")
        if not quiet:
            number = len(assortment.products)
            self.stdout.write(f"{number} products in the demo shop, {report.created} of them new")
