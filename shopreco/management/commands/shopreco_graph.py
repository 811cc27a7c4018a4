from __future__ import annotations

import gzip
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from django.core.management.base import CommandError, CommandParser

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.exceptions import ShopRecoError
from shopreco.management.base import ShopRecoCommand
from shopreco.models import Provenance


class Command(ShopRecoCommand):
    help = (
        "Read or write the knowledge graph of a catalogue: as CSV with all that is stored of an "
        "edge, or as the triples of RecBole's .kg. A file is imported whole or not at all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        read = actions.add_parser("import", help="add the edges of a file, or change them")
        write = actions.add_parser("export", help="write all edges to a file")
        for action in (read, write):
            action.add_argument("file", type=Path, metavar="FILE", help=".csv or .kg, or with .gz")
            action.add_argument("--catalogue", help="the first that is registered without it")
            action.add_argument(
                "--format", choices=services.GRAPH_FORMATS, help="if the name does not say"
            )
        read.add_argument(
            "--provenance",
            choices=[Provenance.IMPORTED.value, Provenance.CURATED.value],
            default=Provenance.IMPORTED.value,
            help="of edges whose line names none (imported)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            catalogue = get_catalogue(options["catalogue"])
            name = options["format"] or _format_of(path)
            if options["action"] == "export":
                with (
                    _opened(path, "w") as file,
                    TextIOWrapper(file, encoding="utf-8", newline="") as text,
                ):
                    written = services.export_edges(catalogue, text, name)
                self.stdout.write(f"{written} edges written to {path}")
                return
            with _opened(path, "r") as file:
                read = services.import_edges(catalogue, file, name, options["provenance"])
        except (ShopRecoError, OSError, EOFError) as error:
            raise CommandError(f"{path}: {error}") from error
        self.stdout.write(
            f"{read.edges} edges read from {path}, {read.changed} of them new or changed, "
            f"{read.unknown_items} items that are not in the index"
        )
        if read.changed:
            self.stdout.write("Vectors take them up with the next pass: shopreco_reindex.")


def _format_of(path: Path) -> str:
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if suffix.lstrip(".") not in services.GRAPH_FORMATS:
        raise CommandError(f"{path}: the name does not say what it is: give --format.")
    return suffix.lstrip(".")


def _opened(path: Path, mode: Literal["r", "w"]) -> BinaryIO:
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.open(path, f"{mode}b"))
    return cast("BinaryIO", path.open(f"{mode}b"))
