"""What the commands share: the progress of a run, and JSON for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Any, Self

from django.core.management.base import CommandParser
from tqdm import tqdm

from shopreco.catalogues import Catalogue, get_catalogue, get_catalogues
from shopreco.management.base import ShopRecoCommand
from shopreco.models import Run

PAUSE = 10.0
"""Seconds between two lines of the same stage, where there is no terminal."""


class RunProgress:
    """Follows a `Run`; call it with the run as often as you like.

    A bar on a terminal; elsewhere `write` gets a line when a stage begins, and now and then in it.
    Without `write` it is silent.
    """

    def __init__(self, label: str, write: Callable[[str], object] | None) -> None:
        self.label, self.write = label, write
        self.said: tuple[object, ...] = ()
        self.again_at = 0.0
        # tqdm says nothing where the output is no terminal.
        self.bar = tqdm(desc=label, unit="item", disable=None if write else True, leave=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.bar.close()

    def __call__(self, run: Run) -> None:
        done = run.done if run.enumerated else 0
        stage = run.enumerated, run.linked, done == run.total
        if not self.bar.disable:
            self.bar.total, self.bar.n = run.total, done
            # What takes long when all is encoded.
            self.bar.set_postfix_str(run.stage if run.is_live and all(stage) else "")
        elif self.write and run.is_live and (stage != self.said or monotonic() >= self.again_at):
            self.write(f"{self.label}: {done} of {run.total} objects. {run.stage}")
            self.said, self.again_at = stage, monotonic() + PAUSE


class CatalogueCommand(ShopRecoCommand):
    """Base of the commands that take a catalogue and can print JSON."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "catalogue", nargs="?", help='such as "shop.product"; all catalogues without it'
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def catalogues(self, name: str | None) -> list[Catalogue]:
        """Those that are meant.

        Raises:
            ConfigurationError: there is none; it names those that there are.
        """
        every = list(get_catalogues())
        return every if every and name is None else [get_catalogue(name)]

    def print_json(self, document: Any) -> None:
        self.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, default=str))

    def fail(self, code: int = 1) -> None:
        """End with an exit code that scripts can trust, after everything was printed."""
        self.stdout.flush()
        sys.exit(code)
