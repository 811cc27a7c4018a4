from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.template.defaultfilters import filesizeformat

from shopreco import services
from shopreco.management.progress import CatalogueCommand


class Command(CatalogueCommand):
    help = (
        "Show the state of every catalogue's index and what is wrong with it. "
        "Exit codes: 0 all well, 2 a problem, marked with an exclamation mark."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = {catalogue.name for catalogue in self.catalogues(options["catalogue"])}
        found = [each for each in services.status() if each.catalogue in chosen]
        if options["json"]:
            self.print_json(
                [
                    {
                        **asdict(each),
                        "space": each.space.fingerprint if each.space else None,
                        "live_run": each.live_run.pk if each.live_run else None,
                    }
                    for each in found
                ]
            )
        else:
            for each in found:
                self._print(each)
        if any(each.problems for each in found):
            self.fail(2)

    def _print(self, each: services.CatalogueStatus) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(each.catalogue))
        self.stdout.write(
            f"  {each.items} indexed, {each.pending} waiting, {each.skipped} skipped, "
            f"{each.failed} failed, {filesizeformat(each.index_bytes)}"
        )
        if each.space is not None:
            model = each.space.encoder.get("MODEL", each.space.encoder.get("CLASS"))
            self.stdout.write(f"  space #{each.space.pk}: {model}, {each.space.dimension} numbers")
        if each.alignment:
            self.stdout.write(
                "  pictures aligned on {pairs} pairs of {products} products: {R@10:.0%} of the "
                "held-out products’ texts find their picture among the first ten of {pool}".format(
                    **each.alignment
                )
            )
        if each.live_run is not None:
            run = each.live_run
            self.stdout.write(f"  {run}: {run.done} of {run.total}, {run.get_state_display()}")
        for note in each.notes:
            self.stdout.write(f"  {note}")
        for problem in each.problems:
            self.stdout.write(self.style.WARNING(f"  ! {problem}"))
