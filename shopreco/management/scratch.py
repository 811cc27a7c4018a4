"""Base of the commands that measure: their subcommands are the subjects of a registry."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser

from shopreco import services
from shopreco.evaluation.base import Options, Services, Subject
from shopreco.evaluation.scratch.process import in_scratch, run_in_scratch
from shopreco.management.base import ShopRecoCommand
from shopreco.management.progress import RunProgress
from shopreco.models import Run
from shopreco.registries import Registry
from shopreco.services import Progress


class SubjectCommand(ShopRecoCommand):
    """In the host's process it makes a scratch database and starts the same command in a process
    that sees nothing else; there, the subject is run. Exit codes: 0 done, 1 failed, 130
    interrupted.
    """

    name: ClassVar[str]
    subjects: ClassVar[Registry[Subject]]

    def add_arguments(self, parser: CommandParser) -> None:
        subparsers = parser.add_subparsers(dest="subject", required=True, metavar="SUBJECT")
        for name, subject in self.subjects.items():
            subparser = subparsers.add_parser(name, help=subject.help)
            for argument in subject.arguments:
                argument.add_to(subparser)

    def handle(self, *args: Any, **options: Any) -> None:
        subject = self.subjects.get(options["subject"])
        missing = [each for each in subject.packages if find_spec(each) is None]
        if missing:
            raise CommandError(
                f"{', '.join(missing)} missing: pip install 'shopreco[evaluation]' first."
            )
        try:
            if in_scratch():
                self._measure(subject, options)
            else:
                self._delegate(subject, options)
        except KeyboardInterrupt:
            sys.exit(130)

    def _delegate(self, subject: Subject, options: Options) -> None:
        """Run the same command in a scratch process; end this process if it fails."""
        database = subject.database(options)
        configuration = database.configuration(subject.settings(options), subject.apps)
        if not subject.keeps_database:
            database.drop()
        database.create()
        try:
            status = run_in_scratch(configuration, self._words(subject, options), self._write)
        finally:
            if not subject.keeps_database:
                database.drop()
        if status:
            sys.exit(status if status > 0 else 1)

    def _measure(self, subject: Subject, options: Options) -> None:
        shop = Services(services.search, services.recommend, self._work)
        report = subject.run(options, shop)
        self.stdout.write(report.as_text())
        if options.get("json"):
            text = json.dumps(report.as_json(), indent=2, ensure_ascii=False)
            options["json"].write_text(f"{text}\n", encoding="utf-8")

    def _words(self, subject: Subject, options: Options) -> Sequence[str]:
        given = (word for argument in subject.arguments for word in argument.given(options))
        return [self.name, options["subject"], *given]

    def _write(self, line: str) -> None:
        self.stdout.write(line, ending="")

    def _work(self, run: Run, also: Progress | None) -> Run:
        """Work on a run until it is over, under a progress bar; `also` is called as often."""
        with RunProgress("Indexing", self.stderr.write) as bar:

            def progress(run: Run) -> None:
                bar(run)
                if also:
                    also(run)

            return services.run_inline(run, progress)
