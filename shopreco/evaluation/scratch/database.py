"""Scratch databases beside the host's, and processes that see nothing else.

The host's tables and apps stay untouched: the work is done by a child process whose settings
(`shopreco.evaluation.scratch.settings`) know the scratch database alone. It gets the host's connection
and its `SHOPRECO` through the environment, so no password appears among the arguments.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from celery import current_app
from django.conf import settings
from django.db import ProgrammingError, connections

from shopreco.conf import get_settings
from shopreco.exceptions import ShopRecoError
from shopreco.indexing.outbox import outbox_database

SETTINGS_MODULE = "shopreco.evaluation.scratch.settings"
CORPUS = "shopreco.evaluation.scratch.corpus"
GENERATED = "shopreco.evaluation.scratch.shop"
CONNECTION_KEYS = (
    "ENGINE",
    "USER",
    "PASSWORD",
    "HOST",
    "PORT",
    "OPTIONS",
    "DISABLE_SERVER_SIDE_CURSORS",
)


class ScratchUnavailable(ShopRecoError):
    """The scratch database cannot be made; the message says what an administrator has to do."""

    code: ClassVar[str] = "scratch_unavailable"


def in_scratch() -> bool:
    """Whether this process was started by `ScratchDatabase.run`."""
    return settings.SETTINGS_MODULE == SETTINGS_MODULE


@dataclass(frozen=True, slots=True)
class ScratchDatabase:
    """A database on the host's server, by name; it need not exist yet.

    `shop` is the app with the products: read from a folder (`CORPUS`) or made up (`GENERATED`).
    """

    name: str
    shop: str = CORPUS

    @classmethod
    def of(cls, purpose: str, folder: Path, shop: str = CORPUS) -> ScratchDatabase:
        """One database per purpose and folder."""
        digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
        return cls(f"shopreco_{purpose}_{digest}", shop)

    def create(self) -> None:
        """Create it, unless it exists.

        Raises:
            ScratchUnavailable: it does not, and this role may not create databases.
        """
        with _server() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.name])
            if cursor.fetchone():
                return
            try:
                cursor.execute(f'CREATE DATABASE "{self.name}"')
            except ProgrammingError as error:
                cursor.execute("SELECT current_user")
                (role,) = cursor.fetchone()
                raise ScratchUnavailable(
                    f"The role {role!r} may not create the scratch database ({error}). Ask a "
                    f'database administrator to run, once: CREATE DATABASE "{self.name}" OWNER '
                    f'"{role}"; and, connected to it: CREATE EXTENSION vector; '
                    "CREATE EXTENSION pg_trgm; or ALTER ROLE … CREATEDB."
                ) from error

    def drop(self) -> None:
        with _server() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def run(self, arguments: Sequence[str], write: Callable[[str], object]) -> int:
        """Run a management command in a scratch process; `write` gets its output line by line.

        Standard error, with progress bars, goes where ours goes. Returns the exit status.
        """
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE,
            "SHOPRECO_SCRATCH": json.dumps(self._description(), default=str),
            # Encoders and analysers of the host are found where the host finds them.
            "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path),
            "PYTHONUNBUFFERED": "1",
            "PYTHONIOENCODING": "utf-8",
        }
        with subprocess.Popen(
            [sys.executable, "-m", "django", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ) as process:
            for line in process.stdout or ():
                write(line)
        return process.returncode

    def _description(self) -> Mapping[str, Any]:
        host = connections[outbox_database()].settings_dict
        given: Mapping[str, Any] = getattr(settings, "SHOPRECO", {})
        return {
            "database": {
                **{key: host[key] for key in CONNECTION_KEYS if key in host},
                "NAME": self.name,
            },
            # Exported encoders are shared with the host: they depend on the model alone.
            "shopreco": {
                **given,
                "ARTEFACT_DIR": str(get_settings().artefact_dir.resolve()),
                "CACHE": "default",
            },
            "apps": ["shopreco", self.shop],
            # For processes that nudge workers; none of theirs listens to it.
            "broker": str(current_app.conf.broker_url or ""),
            "language": settings.LANGUAGE_CODE,
        }


@contextmanager
def _server() -> Iterator[Any]:
    """A cursor on a connection of its own: CREATE DATABASE cannot run in a transaction."""
    connection = connections[outbox_database()].copy()
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
