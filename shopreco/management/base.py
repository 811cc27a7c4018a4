"""Base of all commands: what an installation lacks is one sentence that names the fix."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from shopreco import services
from shopreco.exceptions import ShopRecoError


class ShopRecoCommand(BaseCommand):
    """Ends without a traceback where a cause is known: an error of ours, a database that is no
    PostgreSQL or does not answer, tables that are not there yet."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        if reason := services.wrong_database():
            raise CommandError(reason)
        try:
            return super().execute(*args, **options)
        except ShopRecoError as error:
            raise CommandError(str(error)) from error
        except Error as error:
            if reason := services.database_problem(error):
                raise CommandError(reason) from error
            raise
