"""Statements that are asked, and read later, leave the connection as they found it."""

from __future__ import annotations

from contextlib import closing

import pytest
from django.db import DatabaseError, connection, transaction

from shopreco.db.statements import PendingStatement, Statement, as_arrays, read_arrays

pytestmark = pytest.mark.django_db(transaction=True)

NUMBERS = {"n": "i8", "half": "f8"}
ASKED = Statement("SELECT n, n / 2.0::float8 AS half FROM generate_series(1, %s) AS n", (3,))
BROKEN = Statement("SELECT 1 / 0", ())


def answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'ü 100 %'")
        return bool(cursor.fetchone() == ("ü 100 %",))


def test_a_statement_is_answered_with_arrays() -> None:
    asked = PendingStatement(as_arrays(ASKED, NUMBERS))
    numbers, halves = read_arrays(asked.row(), NUMBERS)
    assert numbers.tolist() == [1, 2, 3]
    assert halves.tolist() == [0.5, 1.0, 1.5]
    assert asked.row() is asked.row()
    assert answers()


def test_nothing_found_is_empty_arrays() -> None:
    nothing = as_arrays(Statement(ASKED.sql, (0,)), NUMBERS)
    assert [len(each) for each in read_arrays(PendingStatement(nothing).row(), NUMBERS)] == [0, 0]


def test_what_is_left_unread_keeps_nobody_waiting() -> None:
    with (
        pytest.raises(RuntimeError, match="meanwhile"),
        closing(PendingStatement(as_arrays(ASKED, NUMBERS))),
    ):
        raise RuntimeError("meanwhile")
    PendingStatement(BROKEN).close()
    assert answers()


def test_what_fails_raises_what_django_raises() -> None:
    with pytest.raises(DatabaseError, match="division by zero"):
        PendingStatement(BROKEN).row()
    assert answers()


def test_a_failure_within_a_transaction_of_the_host_stays_in_its_savepoint() -> None:
    with transaction.atomic():
        with pytest.raises(DatabaseError), transaction.atomic():
            PendingStatement(BROKEN)
        assert answers()
