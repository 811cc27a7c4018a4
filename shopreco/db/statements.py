"""Statements of retrieval: sent without waiting, and answered by arrays.

Reading thousands of rows one by one takes longer than finding them. And a query is encoded while
the server searches for its words. All statements go through Django's cursor, with its checks of the
connection, its wrappers, its log, and the schema that a backend sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import numpy as np
from django.db import connections
from numpy.typing import NDArray
from psycopg import ClientCursor, Connection
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many, send  # no public interface: see the bounds
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from shopreco.db.routing import read_alias

TYPES = {"i8": "int8", "f8": "float8"}
ARRAY_HEADER = 20
"""Bytes before the first element of a one-dimensional array."""

Columns = Mapping[str, str]
"""Types of the columns of a statement, "i8" or "f8". No column may have NULL."""


class Statement(NamedTuple):
    """SQL and its parameters, as the search console explains them."""

    sql: str
    params: tuple[Any, ...]


class Sent(NamedTuple):
    query: bytes
    """The statement as sent, where Django's log reads it."""


class ArrayCursor:
    """Sends a statement without waiting for the server, and reads its one row of `bytea` later.

    The row comes in binary form; Django's own cursor has it sent as text of twice the size.
    Parameters become part of the statement, as in Django's.
    """

    description = None
    rowcount = -1

    def __init__(self, beside: Any) -> None:
        """beside: the cursor that Django has opened. It binds the parameters, if it does so on the
        client."""
        self.connection: Connection[Any] = beside.connection
        self._binding = (
            beside if isinstance(beside, ClientCursor) else ClientCursor(self.connection)
        )
        self._query: Sent | None = None
        self._is_awaited = False

    def execute(self, query: str, params: Sequence[Any]) -> None:
        server = self.connection.pgconn
        self._query = Sent(self._binding.mogrify(query, params).encode())
        server.send_query_params(self._query.query, None, result_format=Format.BINARY)
        self._is_awaited = True
        self.connection.wait(send(server))

    def row(self) -> list[bytes | None]:
        """Wait for the row. Raises psycopg's errors."""
        results = self._received()
        for result in results:
            if result.status != ExecStatus.TUPLES_OK:
                raise error_from_result(result)
        return [results[-1].get_value(0, n) for n in range(results[-1].nfields)]

    def close(self) -> None:
        """Read what is still due, so that the connection can be used again."""
        if self._is_awaited:
            self._received()

    def _received(self) -> list[PGresult]:
        self._is_awaited = False
        return self.connection.wait(fetch_many(self.connection.pgconn))


@contextmanager
def read_cursor() -> Iterator[Any]:
    """Open a cursor of Django's on the reading database.

    Inside a transaction of the host's, a savepoint is rolled back at the end, so that neither a
    failure nor a setting of ours outlives the cursor.
    """
    connection = connections[read_alias()]
    savepoint = None if connection.get_autocommit() else connection.savepoint()
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        if savepoint is not None:
            connection.savepoint_rollback(savepoint)
            connection.savepoint_commit(savepoint)


def fetch_row(statement: Statement) -> list[bytes | None]:
    """Run a statement that selects one row of `bytea`. Raises Django's DatabaseError."""
    with read_cursor() as cursor:
        return _row(_send(cursor, statement))


class PendingStatement:
    """A pending statement: the server runs it while this process does something else.

    Its connection takes no other statement until it is read or closed. Inside a transaction of the
    host's it is answered at once.

    statement: selects one row of `bytea`.
    """

    def __init__(self, statement: Statement) -> None:
        self._answer: list[bytes | None] | None = None
        self._sent = ExitStack()
        connection = connections[read_alias()]
        if connection.get_autocommit():
            with ExitStack() as sending:
                self._cursor = _send(sending.enter_context(connection.cursor()), statement)
                self._sent = sending.pop_all()
        else:
            self._answer = fetch_row(statement)

    def row(self) -> list[bytes | None]:
        """Wait for the row. Raises Django's DatabaseError."""
        if self._answer is None:
            self._answer = []
            with self._sent:
                self._answer = _row(self._cursor)
        return self._answer

    def close(self) -> None:
        """Drop an answer that was not read, so that the connection can be used again."""
        self._sent.close()


def _send(cursor: Any, statement: Statement) -> Any:
    """Send through Django's cursor wrapper, which has the hooks of Django and of other tools."""
    cursor.cursor = ArrayCursor(cursor.cursor)
    cursor.execute(*statement)
    return cursor


def _row(cursor: Any) -> list[bytes | None]:
    with cursor.db.wrap_database_errors:
        row: list[bytes | None] = cursor.cursor.row()
        return row


def as_arrays(statement: Statement, columns: Columns) -> Statement:
    """Make a statement return one row of arrays instead of rows, for `read_arrays`."""
    aggregates = ", ".join(f"array_send(array_agg({c}::{TYPES[k]}))" for c, k in columns.items())
    return Statement(f"SELECT {aggregates} FROM ({statement.sql}) AS rows", statement.params)


def read_arrays(row: Sequence[bytes | None], columns: Columns) -> list[NDArray[Any]]:
    """The columns of a row that `as_arrays` selects, (n,) each."""
    return [read_array(sent, kind) for sent, kind in zip(row, columns.values(), strict=True)]


def bigint_array(values: Iterable[int]) -> str:
    """Write integers as the text of an array, in a fraction of the time of psycopg for a list."""
    return f"{{{','.join(map(str, values))}}}"


def read_array(sent: bytes | None, kind: str) -> NDArray[Any]:
    """Read an array in the binary form of PostgreSQL, (n,). kind: "i8" or "f8". None is empty."""
    element = np.dtype([("length", ">i4"), ("value", f">{kind}")])
    elements = np.frombuffer(sent or b"", dtype=element, offset=ARRAY_HEADER if sent else 0)
    return elements["value"].astype(kind)
