from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from shopreco import services
from shopreco.catalogues import Catalogue
from shopreco.management.progress import CatalogueCommand, RunProgress
from shopreco.models import Run, RunState


class Command(CatalogueCommand):
    help = (
        "Index a catalogue: compares every object with the index and repairs what differs. "
        "Works in this process and shows progress; --queue leaves it to the workers. A run that no "
        "worker has taken is taken over. "
        "Exit codes: 0 done, 1 failed or cancelled, 3 done but some items failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--rebuild", action="store_true", help="build a new space from the current settings"
        )
        parser.add_argument(
            "--refit",
            action="store_true",
            help="with --rebuild: align pictures with texts anew, on all that there are by now",
        )
        parser.add_argument("--queue", action="store_true", help="hand the run to the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["refit"] and not options["rebuild"]:
            raise CommandError("--refit makes a new space: give --rebuild too.")
        chosen = self.catalogues(options["catalogue"])
        finished = [self._run(catalogue, options) for catalogue in chosen]
        if options["json"]:
            self.print_json([self._figures(run) for run in finished])
        if any(run.state in {RunState.FAILED, RunState.CANCELLED} for run in finished):
            self.fail(1)
        if any(run.failed for run in finished):
            self.fail(3)

    def _run(self, catalogue: Catalogue, options: dict[str, Any]) -> Run:
        name, refit = catalogue.name, options["refit"]
        if options["queue"]:
            rebuild = options["rebuild"]
            run = services.rebuild(name, refit=refit) if rebuild else services.reindex(name)
            if not options["json"]:
                self.stdout.write(f"{run} is queued; `manage.py shopreco_status` follows it.")
            return run
        run = self._start(catalogue, options)
        with RunProgress(name, None if options["json"] else self.stderr.write) as progress:
            run = services.run_inline(run, progress)
        if not options["json"]:
            self.stdout.write(
                f"{name}: {run.total} objects, {run.encoded} encoded, {run.changed} changed, "
                f"{run.removed} removed, {run.failed} failed: {run.get_state_display()}"
            )
            if run.warning:
                self.stdout.write(self.style.WARNING(run.warning))
        return run

    def _start(self, catalogue: Catalogue, options: dict[str, Any]) -> Run:
        """The run to work on: one that no worker has taken, which a rebuild stands for, or a new
        one."""
        rebuild, refit = options["rebuild"], options["refit"]
        left = services.abandoned_run(catalogue)
        if left is None:
            return services.begin(catalogue, rebuild=rebuild, refit=refit)
        if not rebuild:
            self.stderr.write(f"No worker is at {left}: it is taken over.")
            return left
        self.stderr.write(f"No worker is at {left}: it is cancelled, and this rebuild does it.")
        services.cancel(left)
        return services.begin(catalogue, rebuild=True, refit=refit)

    def _figures(self, run: Run) -> dict[str, Any]:
        names = ("catalogue", "kind", "state", "total", "encoded", "changed", "removed", "failed")
        return {"run": run.pk, **{name: getattr(run, name) for name in names}, "error": run.error}
