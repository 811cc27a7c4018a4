"""Tables that are partitioned by month: made ahead, dropped at the end of their retention.

A default partition keeps rows for which no month was made, so that none is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

MONTHS_AHEAD = 3
"""Months after the present one that are made ahead."""


class Month(NamedTuple):
    """A month of UTC. A partition has the rows of one."""

    year: int
    month: int

    @classmethod
    def of(cls, time: datetime) -> Month:
        time = time.astimezone(UTC)
        return cls(time.year, time.month)

    def later(self, months: int) -> Month:
        number = self.year * 12 + self.month - 1 + months
        return Month(number // 12, number % 12 + 1)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.later(1).start

    def partition(self, table: str) -> str:
        return f"{table}_{self.year:04}_{self.month:02}"


def months_of(connection: BaseDatabaseWrapper, table: str) -> list[Month]:
    """The months that have a partition, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = to_regclass(%s) AND c.relname ~ ('^' || %s || '_\\d{4}_\\d{2}$')
            ORDER BY 1
            """,
            [table, table],
        )
        return [Month(int(name[-7:-3]), int(name[-2:])) for (name,) in cursor.fetchall()]


def make_ahead(
    connection: BaseDatabaseWrapper, table: str, now: datetime, months: int = MONTHS_AHEAD
) -> list[Month]:
    """Make the partitions of the months before, of and after `now` that are missing; return them.

    Rows that the default partition has of such a month move to it."""
    known = set(months_of(connection, table))
    present = Month.of(now)
    missing = [m for n in range(-1, months + 1) if (m := present.later(n)) not in known]
    for month in missing:
        make(connection, table, month)
    return missing


def make(connection: BaseDatabaseWrapper, table: str, month: Month) -> None:
    """Make the partition of a month. Writers of other months hardly wait."""
    name, rest, bounds = month.partition(table), f"{table}_default", [month.start, month.end]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        # Two that make it at once: the second waits here, and finds it made.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s), 0)", [name])
        # Another schema of the search path may have a partition of the same name.
        if month in months_of(connection, table):
            return
        cursor.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
        cursor.execute(f"LOCK TABLE {rest} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {rest} WHERE time >= %s AND time < %s RETURNING *) "
            f"INSERT INTO {name} SELECT * FROM moved",
            bounds,
        )
        # Not by parameters: the bounds are part of the definition.
        start, end = (bound.isoformat() for bound in bounds)
        cursor.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')"
        )


def drop_before(connection: BaseDatabaseWrapper, table: str, cutoff: datetime) -> Iterator[Month]:
    """Drop the partitions whose whole month lies before `cutoff`. Yields each before it is gone."""
    for month in months_of(connection, table):
        if month.end <= cutoff:
            yield month
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE {month.partition(table)}")
