from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from shopreco import services
from shopreco.management.progress import CatalogueCommand


class Command(CatalogueCommand):
    help = (
        "Remove what is kept only for a while: retired spaces beyond the newest (the roll-back), "
        "abandoned builds, tombstones, vectors of encoders that no space uses, old runs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--keep", type=int, default=1, help="retired spaces to keep (1)")
        parser.add_argument("--days", type=int, default=30, help="age of tombstones and runs (30)")

    def handle(self, *args: Any, **options: Any) -> None:
        self.catalogues(options["catalogue"])
        before = timezone.now() - timedelta(days=options["days"])
        pruned = services.prune(options["catalogue"], keep=options["keep"], before=before)
        if options["json"]:
            self.print_json(pruned)
        else:
            self.stdout.write(", ".join(f"{count} {what}" for what, count in pruned.items()))
