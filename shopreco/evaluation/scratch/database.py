"""Scratch databases on the host's server, beside the shop's own.

The host's tables stay untouched: what works in a scratch database is a process that knows that
database alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from celery import current_app
from django.conf import settings
from django.db import ProgrammingError, connections

from shopreco.conf import get_settings
from shopreco.db.routing import write_alias
from shopreco.evaluation.scratch.configuration import CORE, CORPUS, ScratchConfiguration
from shopreco.exceptions import ShopRecoError

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

    def configuration(
        self, changed: Mapping[str, Any], apps: Sequence[str] = ()
    ) -> ScratchConfiguration:
        """The configuration of a process that works in it.

        changed: options of `SHOPRECO` that differ from the host's. apps: further ones to install.
        """
        host = connections[write_alias()].settings_dict
        connection = {key: host[key] for key in CONNECTION_KEYS if key in host}
        return ScratchConfiguration(
            database={**connection, "NAME": self.name},
            # Exported encoders are shared with the host: they depend on the model alone.
            shopreco={
                **getattr(settings, "SHOPRECO", {}),
                "ARTEFACT_DIR": str(get_settings().artefact_dir.resolve()),
                "CACHE": "default",
                **changed,
            },
            apps=(CORE, self.shop, *apps),
            broker=str(current_app.conf.broker_url or ""),
            language=settings.LANGUAGE_CODE,
        )


@contextmanager
def _server() -> Iterator[Any]:
    """A cursor on a connection of its own: CREATE DATABASE cannot run in a transaction."""
    connection = connections[write_alias()].copy()
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
