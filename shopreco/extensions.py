"""The PostgreSQL extensions that the migrations need, with the sentence an administrator needs."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import CreateExtension
from django.db import ProgrammingError, router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.utils import NotSupportedError, OperationalError

MINIMUM_PGVECTOR = (0, 8)

HIDDEN = """
    SELECT e.extname, n.nspname, current_setting('search_path')
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = ANY(%s) AND n.nspname <> ALL (current_schemas(true))
"""
"""Extensions whose types and operators are not found by their names: (name, schema, path)."""


class RequireExtension(CreateExtension):
    """Creates an extension where the role may; otherwise says who has to do what.

    Raises:
        NotSupportedError: the database is not PostgreSQL, or the extension's version is too old.
        ProgrammingError: the role may not create it, or the server does not have it.
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
        self._require_visibility(schema_editor)
        self._require_version(schema_editor)

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

    def _require_visibility(self, schema_editor: BaseDatabaseSchemaEditor) -> None:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(HIDDEN, [[self.name]])
            hidden = cursor.fetchone()
        if hidden:
            _name, schema, path = hidden
            raise NotSupportedError(
                f"The extension {self.name!r} is in the schema {schema!r}, which is not on the "
                f"search path ({path}). Put it there (OPTIONS of the database, or "
                "PG_EXTRA_SEARCH_PATHS of django-tenants), or run, once, as its owner: "
                f"ALTER EXTENSION {self.name} SET SCHEMA public;"
            )

    def _require_version(self, schema_editor: BaseDatabaseSchemaEditor) -> None:
        if not self.minimum:
            return
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT extversion FROM pg_extension WHERE extname = %s", [self.name])
            (version,) = cursor.fetchone()
        if tuple(int(part) for part in version.split(".")[:2]) < self.minimum:
            needed = ".".join(map(str, self.minimum))
            raise NotSupportedError(
                f"{self.name} {version} is too old: shopreco needs {needed} or newer. Update its "
                f"package on the database server, then run: ALTER EXTENSION {self.name} UPDATE;"
            )
