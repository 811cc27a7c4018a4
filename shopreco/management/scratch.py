"""Base of the commands that work in a scratch process."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any, ClassVar

from django.core.management.base import CommandError

from shopreco import services
from shopreco.evaluation.scratch import ScratchDatabase, in_scratch
from shopreco.management.base import ShopRecoCommand
from shopreco.management.progress import RunProgress
from shopreco.models import IndexRun
from shopreco.runs.slices import Progress


class ScratchCommand(ShopRecoCommand):
    """In the host's process `delegate` names the database and `handle` starts the same command
    in it; there, `work` does what was asked. Exit codes: 0 done, 1 failed, 130 interrupted.
    """

    name: ClassVar[str]
    packages: ClassVar[Sequence[str]] = ()
    """Modules of the extra `evaluation` that the command needs."""

    def handle(self, *args: Any, **options: Any) -> None:
        missing = [each for each in self.packages if find_spec(each) is None]
        if missing:
            raise CommandError(
                f"{', '.join(missing)} missing: pip install 'shopreco[evaluation]' first."
            )
        try:
            if in_scratch():
                self.work(options)
            else:
                self.delegate(options)
        except KeyboardInterrupt:
            sys.exit(130)

    def delegate(self, options: Mapping[str, Any]) -> None:
        """In the host's process: check what can be checked, then `run_in` a scratch database."""
        raise NotImplementedError

    def work(self, options: Mapping[str, Any]) -> None:
        """In the scratch process: do it."""
        raise NotImplementedError

    def index(self, run: IndexRun, also: Progress | None) -> IndexRun:
        """Work on a run until it is over, under a progress bar; `also` is called as often."""
        with RunProgress("Indexing", self.stderr.write) as bar:

            def progress(run: IndexRun) -> None:
                bar(run)
                if also:
                    also(run)

            return services.run_inline(run, progress)

    def run_in(
        self, database: ScratchDatabase, positional: Sequence[str], options: Mapping[str, Any]
    ) -> None:
        """The same command on a scratch database; ends this process if it fails."""
        given = [f"--{name}={value}" for name, value in options.items() if value is not None]
        status = database.run(
            [self.name, *positional, *given], lambda line: self.stdout.write(line, ending="")
        )
        if status:
            sys.exit(status if status > 0 else 1)
