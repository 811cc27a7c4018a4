"""Base of all commands: what an installation lacks is one sentence that names the fix."""

from __future__ import annotations

from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connections

from shopreco.db.extensions import not_postgresql, unanswered
from shopreco.db.routing import write_alias
from shopreco.exceptions import ShopRecoError

UNDEFINED = ("42P01", "42703")
"""PostgreSQL's codes of a table and of a column that are not there."""
GONE = ("08", "57P")
"""How its codes of a server that stops, or whose connection is lost, begin."""


class ShopRecoCommand(BaseCommand):
    """Ends without a traceback where a cause is known: an error of ours, a database that is no
    PostgreSQL or does not answer, tables that are not there yet."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        if reason := not_postgresql(connections[write_alias()]):
            raise CommandError(reason)
        try:
            return super().execute(*args, **options)
        except ShopRecoError as error:
            raise CommandError(str(error)) from error
        except Error as error:
            if reason := _reason(error):
                raise CommandError(reason) from error
            raise


def _reason(error: Error) -> str:
    """What an error of the database means to whoever installs; empty for any other."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error):
        return ""
    if cause.sqlstate in UNDEFINED:
        said = cause.diag.message_primary
        return f"The database lacks what migrations make ({said}): run `manage.py migrate` first."
    # Without a code libpq has not reached a server, or has lost it.
    is_gone = cause.sqlstate is None or cause.sqlstate.startswith(GONE)
    return unanswered(cause) if is_gone and isinstance(cause, psycopg.OperationalError) else ""
