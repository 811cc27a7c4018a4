"""Advisory locks by name. PostgreSQL frees one when its holder's connection ends, however it ends.

They are the whole database's: the table in a key says which schema is meant, so that shops that
share a database do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connections

from shopreco.db.routing import write_alias

LOCK_TIMEOUT: Final = "30s"
KEY: Final = "hashtextextended(%s, 'shopreco_change'::regclass::oid::bigint)"


@contextmanager
def try_lock(name: str) -> Iterator[bool]:
    """Hold a lock while inside, and yield true; false at once if another process holds it."""
    connection = connections[write_alias()]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({KEY})", [name])
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        if mine and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({KEY})", [name])


def lock_shared(name: str) -> None:
    """Hold a lock until the transaction ends, together with others who share it."""
    _until_commit("pg_advisory_xact_lock_shared", name)


def lock_exclusive(name: str) -> None:
    """Hold a lock until the transaction ends, alone.

    Others hold it for moments only. So this waits for `LOCK_TIMEOUT`, which is longer than a
    `lock_timeout` that is meant for the shop's rows."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (before,) = cursor.fetchone()
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        _until_commit("pg_advisory_xact_lock", name)
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [before])


def _until_commit(function: str, name: str) -> None:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(f"SELECT {function}({KEY})", [name])
