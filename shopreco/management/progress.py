"""What the commands share: a progress bar over a run, and JSON for scripts."""

from __future__ import annotations

import json
import sys
from types import TracebackType
from typing import Any, Self

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from shopreco.catalogues import Catalogue, get_catalogue
from shopreco.exceptions import ConfigurationError
from shopreco.models import IndexRun


class RunProgress:
    """A progress bar that follows an `IndexRun`; call it with the run as often as you like."""

    def __init__(self, label: str, *, visible: bool) -> None:
        # tqdm clears itself where the output is no terminal, so logs stay readable.
        self.bar = tqdm(desc=label, unit="item", disable=None if visible else True, leave=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.bar.close()

    def __call__(self, run: IndexRun) -> None:
        self.bar.total = run.total
        self.bar.n = run.done if run.enumerated else 0
        self.bar.refresh()


class CatalogueCommand(BaseCommand):
    """Base of the commands that take a catalogue and can print JSON."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "catalogue", nargs="?", help='such as "shop.product"; all catalogues without it'
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def catalogue(self, name: str) -> Catalogue:
        """The catalogue of that name, or the end of the command with the known ones."""
        try:
            return get_catalogue(name)
        except ConfigurationError as error:
            raise CommandError(str(error)) from error

    def print_json(self, document: Any) -> None:
        self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, default=str))

    def fail(self, code: int = 1) -> None:
        """End with an exit code that scripts can trust, after everything was printed."""
        self.stdout.flush()
        sys.exit(code)
