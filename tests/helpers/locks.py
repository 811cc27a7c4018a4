"""What waits in PostgreSQL, and writers that a test holds up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from django.db import connection

PAUSE = 471_100
"""An advisory lock of the tests."""


def wait_for_locks(number: int = 1, seconds: float = 30) -> None:
    """Until so many wait for locks that others hold."""
    until = monotonic() + seconds
    with connection.cursor() as cursor:
        while monotonic() < until:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] >= number:
                return
            sleep(0.02)
    raise AssertionError(f"{number} do not wait")


@contextmanager
def paused_writers(table: str) -> Iterator[Callable[[], None]]:
    """Whoever else writes to a table pauses after the statement, with all that it has locked, until
    the block ends or what it gives is called."""

    def go_on() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")

    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE FUNCTION pause_for_the_test() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN PERFORM pg_advisory_xact_lock_shared({PAUSE}); RETURN NULL; END
            $$;
            CREATE TRIGGER pause_for_the_test AFTER INSERT OR UPDATE OR DELETE ON {table}
                EXECUTE FUNCTION pause_for_the_test();
            SELECT pg_advisory_lock({PAUSE})
            """
        )
    try:
        yield go_on
    finally:
        go_on()
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION pause_for_the_test CASCADE")
