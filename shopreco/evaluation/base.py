"""The contract of a subject: what one subcommand of a measuring command does.

A subject works in two processes. In the host's, it checks its options and names a scratch
database. In the scratch process, which sees that database alone, it measures and reports.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from shopreco.answers.results import ResultPage
from shopreco.evaluation.scratch.database import ScratchDatabase
from shopreco.models import Run
from shopreco.runs.slices import Progress

Options = Mapping[str, Any]
"""What was given on the command line, by name."""

Work = Callable[[Run, Progress | None], Run]
"""Carries a run to its end, under a progress bar. The second argument is called with the run after
every batch."""


class SubjectReport(Protocol):
    """What a subject found."""

    def as_text(self) -> str:
        """For people: it is printed."""

    def as_json(self) -> Mapping[str, Any]:
        """For programs: `--json` writes it."""


@dataclass(frozen=True, slots=True)
class Services:
    """What a subject calls of `shopreco.services`, which lies above this package."""

    search: Callable[..., ResultPage]
    recommend: Callable[..., ResultPage]
    work: Work
    """`run_inline`, under a progress bar."""


class Argument:
    """One argument of a subject: a name such as "folder" or "--limit", and what
    `argparse.ArgumentParser.add_argument` takes beside it.

    Its text must read back as its value, because the scratch process gets it as text.
    """

    def __init__(self, name: str, **options: Any) -> None:
        self.name = name
        self.key = name.removeprefix("--").replace("-", "_")
        self._options = options

    def add_to(self, parser: ArgumentParser) -> None:
        parser.add_argument(self.name, **self._options)

    def given(self, options: Options) -> Iterator[str]:
        """The same argument again, as words of a command line."""
        value = options[self.key]
        if not self.name.startswith("--"):
            yield str(value)
        elif value is True:
            yield self.name
        elif value is not None and value is not False:
            yield f"{self.name}={value}"


def json_argument() -> Argument:
    """`--json`: the command writes what `SubjectReport.as_json` says to this file."""
    return Argument("--json", type=Path, metavar="FILE", help="write the figures")


class Subject(ABC):
    """One thing that is measured, such as search. An instance is registered under `name`."""

    name: ClassVar[str]
    """The subcommand."""
    help: ClassVar[str]
    arguments: ClassVar[Sequence[Argument]] = ()
    """In the order of the help, `json_argument()` among them."""
    packages: ClassVar[Sequence[str]] = ()
    """Which modules of the extra `evaluation` does it need?"""
    apps: ClassVar[Sequence[str]] = ()
    """Which apps does the scratch process need beside shopreco and its products? An app that adds
    a subject names itself."""
    keeps_database: ClassVar[bool] = True
    """Is the scratch database kept for the next run? Otherwise it is dropped before and after."""

    @abstractmethod
    def database(self, options: Options) -> ScratchDatabase:
        """In the host's process: check the options and name the scratch database.

        Raises:
            ShopRecoError: the options make no sense, or a file is missing or malformed.
        """

    def settings(self, options: Options) -> Mapping[str, Any]:
        """In the host's process: options of `SHOPRECO` that differ from the host's."""
        return {}

    @abstractmethod
    def run(self, options: Options, services: Services) -> SubjectReport:
        """In the scratch process: measure.

        Raises:
            ShopRecoError: it cannot be measured; the message says why.
        """
