from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from shopreco import services
from shopreco.exceptions import ShopRecoError
from shopreco.management.base import ShopRecoCommand
from shopreco.models import EventConsent, Visitor

SHOWN = 20
"""Errors that are printed; a file has all of them."""


class Command(ShopRecoCommand):
    help = (
        "Read events from a file, write them to one, or erase those of somebody. CSV, JSON Lines "
        "(also the BigQuery export of Google Analytics 4) and RecBole's .inter are read, plain or "
        "with .gz; JSON Lines and Parquet are written. A file may be read again: what was there "
        "is not there twice."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        read = actions.add_parser("import", help="take in the events of a file")
        write = actions.add_parser("export", help="write all events, or all that is of somebody")
        erase = actions.add_parser("erase", help="erase all that is kept of somebody")
        for action in (read, write):
            action.add_argument("file", type=Path, metavar="FILE")
        for action in (write, erase):
            person = action.add_mutually_exclusive_group(required=action is erase)
            person.add_argument("--visitor", type=int, metavar="N", help="by the number in admin")
            person.add_argument("--user", metavar="KEY", help="of the shop, on all devices")
        read.add_argument("--catalogue", help="the first that is registered without it")
        read.add_argument(
            "--format", choices=[*services.EVENT_FORMATS], help="if the name does not say"
        )
        write.add_argument(
            "--format", choices=["jsonl", "parquet"], help="if the name does not say: jsonl"
        )
        read.add_argument(
            "--consent",
            choices=EventConsent.values,
            required=True,
            help="what those in the file have allowed; without `personal` they stay unknown",
        )
        read.add_argument("--errors", type=Path, metavar="FILE", help="write all errors")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "erase":
            number = services.erase_visitor(**_person(options))
            self.stdout.write(f"{number} events erased; what arrives late is refused")
            return
        path: Path = options["file"]
        try:
            if options["action"] == "export":
                self._export(path, options)
            else:
                self._import(path, options)
        except (ShopRecoError, OSError, EOFError) as error:
            raise CommandError(f"{path}: {error}") from error

    def _export(self, path: Path, options: dict[str, Any]) -> None:
        person = _person(options)
        if options["format"] == "parquet" or path.suffix == ".parquet":
            if person:
                raise CommandError("What is kept of somebody is written as JSON Lines.")
            with path.open("wb") as file:
                number = services.export_parquet(file)
        else:
            kept = services.visitor_data(**person) if person else services.export_events()
            number = 0
            with _opened(path, "wb") as file:
                for each in kept:
                    file.write(f"{json.dumps(each, ensure_ascii=False, default=str)}\n".encode())
                    number += 1
        self.stdout.write(f"{number} {'lines' if person else 'events'} written to {path}")

    def _import(self, path: Path, options: dict[str, Any]) -> None:
        form = options["format"] or _format_of(path)
        with _opened(path, "rb") as file, tqdm(unit="line", disable=None) as bar:
            found = services.import_events(
                file,
                form,
                consent=options["consent"],
                catalogue=options["catalogue"],
                progress=lambda so_far: bar.update(so_far.read - bar.n),
            )
        lines = [f"line {each.index}: {each.detail}" for each in found.errors]
        if options["errors"]:
            options["errors"].write_text("".join(f"{e}\n" for e in lines), encoding="utf-8")
        for line in lines[:SHOWN]:
            self.stderr.write(line)
        if len(lines) > SHOWN:
            self.stderr.write(f"… and {len(lines) - SHOWN} more: --errors FILE has all of them.")
        self.stdout.write(
            f"{found.accepted} events are new, {found.repeated} were there, {len(lines)} are wrong"
        )


def _person(options: dict[str, Any]) -> dict[str, Any]:
    """Whom the services are asked about; empty for everybody."""
    if options["user"]:
        return {"user": options["user"]}
    if options["visitor"] is None:
        return {}
    visitor = Visitor.objects.filter(pk=options["visitor"], erased_at=None).first()
    if visitor is None:
        raise CommandError(f"There is no visitor {options['visitor']}.")
    return {"visitor": visitor}


def _format_of(path: Path) -> str:
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if suffix.lstrip(".") not in services.EVENT_FORMATS:
        raise CommandError(f"{path}: the name does not say what it is: give --format.")
    return suffix.lstrip(".")


def _opened(path: Path, mode: str) -> BinaryIO:
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.open(path, mode))
    return cast("BinaryIO", path.open(mode))
