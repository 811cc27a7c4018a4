"""`flush` as Django's tests call it after each that commits, without what makes it slow.

Django's truncates every table of every app, then sends `post_migrate`, with which content types and
permissions are written anew: a quarter of a second for each test. Here a table without a page on
disk is left alone, and content types and permissions stay.
"""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush
from django.db import connections, transaction

KEPT = ("django_content_type", "auth_permission", "django_migrations")
FILLED = """
    SELECT quote_ident(relname) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    AND pg_relation_size(oid) > 0 AND relname <> ALL(%s)
"""
# Emptying tables leaves the indexes of spaces behind, and each of them makes the next test slower.
LEFT = """
    SELECT quote_ident(indexname) FROM pg_indexes
    WHERE schemaname = current_schema() AND indexname ~ '^shopreco_(hnsw|terms|looks)_'
"""


class Command(flush.Command):
    help = "Empty the tables that have rows, and drop the indexes of spaces."

    def handle(self, **options: Any) -> None:
        using = options["database"]
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute(LEFT)
            if indexes := [name for (name,) in cursor.fetchall()]:
                cursor.execute(f"DROP INDEX IF EXISTS {', '.join(indexes)}")
            cursor.execute(FILLED, [list(KEPT)])
            if tables := [name for (name,) in cursor.fetchall()]:
                cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
