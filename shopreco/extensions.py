"""The PostgreSQL extensions that the migrations need, with the sentence an administrator needs."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.contrib.postgres.operations import CreateExtension
from django.db import ProgrammingError, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.utils import NotSupportedError, OperationalError

MINIMUM_PGVECTOR = (0, 8)
SOUND_PGVECTOR = (0, 8, 4)
"""Those from 0.8.2 on mend an overflow of a buffer and HNSW indexes that a vacuum corrupts."""


class Installed(NamedTuple):
    """An extension in a database. searched: whether names of its schema are found without it."""

    name: str
    version: str
    schema: str
    searched: bool
    search_path: str

    @property
    def number(self) -> tuple[int, ...]:
        return tuple(int(part) for part in re.findall(r"\d+", self.version))

    def unsearched(self, alias: str) -> str:
        """What to do where its schema is not searched."""
        return (
            f"The extension {self.name!r} is in schema {self.schema!r}, which connections of "
            f"{alias!r} do not search (search_path: {self.search_path}). Add it: write "
            f'"options": "-c search_path={self.search_path},{self.schema}" into '
            f'DATABASES[{alias!r}]["OPTIONS"], or let an administrator run, once: '
            f"ALTER EXTENSION {self.name} SET SCHEMA public;"
        )


def installed(connection: BaseDatabaseWrapper, name: str) -> Installed | None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.extname, e.extversion, n.nspname, n.nspname = ANY(current_schemas(true)),
                   replace(current_setting('search_path'), ' ', '')
            FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
            WHERE e.extname = %s
            """,
            [name],
        )
        row = cursor.fetchone()
    return Installed(*row) if row else None


class RequireExtension(CreateExtension):
    """Creates an extension where the role may; otherwise says who has to do what.

    Raises:
        NotSupportedError: the database is not PostgreSQL, or the extension's version is too old.
        ProgrammingError: the role may not create it, the server does not have it, or it is in a
            schema that is not searched.
    """

    def __init__(self, name: str, minimum: tuple[int, ...] = ()) -> None:
        super().__init__(name)
        self.minimum = minimum

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: Any,
        to_state: Any,
    ) -> None:
        alias = schema_editor.connection.alias
        if not router.allow_migrate(alias, app_label):
            return
        if schema_editor.connection.vendor != "postgresql":
            raise NotSupportedError(
                f"shopreco keeps its tables in PostgreSQL; database {alias!r} is "
                f"{schema_editor.connection.vendor}. Route the app `shopreco` to a PostgreSQL "
                "database with a database router."
            )
        try:
            self._create(schema_editor)
        except (ProgrammingError, OperationalError, NotSupportedError) as error:
            database = schema_editor.connection.settings_dict["NAME"]
            raise ProgrammingError(
                f"The extension {self.name!r} is missing in database {database!r} and this role "
                f"may not create it ({error}). Ask a database administrator to run, once: "
                f"CREATE EXTENSION IF NOT EXISTS {self.name}; then migrate again. If the server "
                f"does not know {self.name!r}, install its package first (pgvector: "
                "https://github.com/pgvector/pgvector#installation)."
            ) from error
        self._require_usable(schema_editor.connection)

    def _create(self, schema_editor: BaseDatabaseSchemaEditor) -> None:
        """In the last schema of the search path that this role may write to: of a tenant's path
        that is the one that all tenants share."""
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_extension WHERE extname = %s", [self.name])
            if cursor.fetchone():
                return
            cursor.execute(
                "SELECT quote_ident(name) FROM unnest(current_schemas(false)) WITH ORDINALITY AS "
                "path (name, place) WHERE has_schema_privilege(name, 'CREATE') "
                "ORDER BY place DESC LIMIT 1"
            )
            shared = cursor.fetchone()
        where = f" SCHEMA {shared[0]}" if shared else ""
        schema_editor.execute(f"CREATE EXTENSION IF NOT EXISTS {self.name}{where}")

    def _require_usable(self, connection: BaseDatabaseWrapper) -> None:
        found = installed(connection, self.name)
        if found is None:
            return
        if found.number < self.minimum:
            needed = ".".join(map(str, self.minimum))
            raise NotSupportedError(
                f"{self.name} {found.version} is too old: shopreco needs {needed} or newer. Update "
                "its package on the database server, then run: "
                f"ALTER EXTENSION {self.name} UPDATE;"
            )
        if not found.searched:
            raise ProgrammingError(found.unsearched(connection.alias))
