from __future__ import annotations

import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from devtools.management.commands.demo import ADMIN, HOST
from devtools.screenshots import QUERY, open_chromium, take_screenshots

FOLDER = Path("build/screenshots")


class Command(BaseCommand):
    help = (
        "Write screenshots of the main pages of the running demo, in the width of a desktop and of "
        "a phone. Needs Chromium and the extra `dev`."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder",
            type=Path,
            nargs="?",
            default=FOLDER,
            help=f"where the PNG files go (default: {FOLDER})",
        )
        parser.add_argument("--port", type=int, default=8000, help="of the demo (default: 8000)")
        parser.add_argument("--user", default=ADMIN, help=f"of the admin (default: {ADMIN})")
        parser.add_argument(
            "--password", help="of that user; default: the one that the demo has made"
        )
        parser.add_argument("--query", default=QUERY, help=f"what to search for (default: {QUERY})")

    def handle(self, *args: Any, folder: Path, port: int, **options: Any) -> None:
        try:
            from playwright.sync_api import Error
        except ImportError as error:
            raise CommandError("Playwright is missing: pip install -e '.[dev]'") from error
        _require_a_demo(port)
        password = options["password"] or _password_of_the_demo(settings.DEMO_DIR)
        try:
            with open_chromium() as browser:
                address = f"http://{HOST}:{port}"
                for path in take_screenshots(
                    browser, folder, address, options["user"], password, query=options["query"]
                ):
                    self.stdout.write(str(path))
        except Error as error:
            raise CommandError(str(error)) from error


def _require_a_demo(port: int) -> None:
    try:
        socket.create_connection((HOST, port), timeout=5).close()
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"No demo answers on port {port} ({error}). Start it with: make demo PORT={port}"
        ) from error


def _password_of_the_demo(directory: Path) -> str:
    path = directory / "admin_password"
    if not path.exists():
        raise CommandError(f"There is no {path}: start the demo first, or give --password.")
    return path.read_text(encoding="utf-8")
