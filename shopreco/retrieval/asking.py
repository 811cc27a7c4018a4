"""Statements as retrieval asks them: answered with arrays, and without waiting where there is
something else to do.

Reading thousands of rows one by one takes longer than finding them, and a query is encoded in the
time in which its words are looked for. All of them go through Django's cursor: its checks of the
connection, its wrappers and its log are there, and so is the schema that a backend sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, NamedTuple

import numpy as np
from django.db import DatabaseError, connections, router
from numpy.typing import NDArray
from psycopg import ClientCursor, Cursor

from shopreco.models import Embedding

TYPES = {"i8": "int8", "f8": "float8"}
ARRAY_HEADER = 20
"""Bytes before the first element of a one-dimensional array."""

Columns = Mapping[str, str]
"""The columns of a statement, without NULL, and of what they are: "i8" or "f8"."""


class Statement(NamedTuple):
    """SQL and its parameters, as the search console explains them."""

    sql: str
    params: tuple[Any, ...]


class BinaryCursor(Cursor[tuple[Any, ...]]):
    """Has `bytea` sent as it is, where Django's cursor takes it as text of twice the size.

    Parameters become part of the text, as in Django's.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> BinaryCursor:
        text = ClientCursor(self.connection).mogrify(query, params)
        super().execute(text, prepare=False, binary=True)
        return self


@contextmanager
def reading() -> Iterator[Any]:
    """A cursor of Django's for what answers read.

    Within a transaction of the host's, what is done with it is undone: neither a failure nor a
    setting of ours outlives it.
    """
    connection = connections[router.db_for_read(Embedding)]
    savepoint = None if connection.get_autocommit() else connection.savepoint()
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        if savepoint is not None:
            connection.savepoint_rollback(savepoint)
            connection.savepoint_commit(savepoint)


def answered(statement: Statement) -> list[bytes | None]:
    """The one row of `bytea` that a statement selects. Raises Django's DatabaseError."""
    with reading() as cursor:
        _answer_in_binary(cursor)
        cursor.execute(*statement)
        return list(cursor.fetchone())


class Asked:
    """A statement that the server works on while this process does something else. Its connection
    takes no other before it is read or closed.

    Within a transaction of the host's it is answered at once.

    statement: selects one row of `bytea`.
    """

    def __init__(self, statement: Statement) -> None:
        self._answer: list[bytes | None] | None = None
        self._sent = ExitStack()
        connection = connections[router.db_for_read(Embedding)]
        if not connection.get_autocommit():
            self._answer = answered(statement)
            return
        self._cursor = connection.cursor()
        _answer_in_binary(self._cursor)
        with ExitStack() as sending:
            sending.enter_context(connection.wrap_database_errors)
            sending.enter_context(connection.connection.pipeline())
            self._cursor.execute(*statement)
            self._sent = sending.pop_all()

    def row(self) -> list[bytes | None]:
        """Raises Django's DatabaseError."""
        if self._answer is None:
            self._answer = []
            with self._cursor:
                self._sent.close()
                self._answer = list(self._cursor.fetchone())
        return self._answer

    def close(self) -> None:
        """Leave what was not read, so that the connection can be used again."""
        with suppress(DatabaseError):
            self._sent.close()


def _answer_in_binary(cursor: Any) -> None:
    """Whatever Django and other tools do around a statement is in the wrapper, and stays."""
    cursor.cursor = BinaryCursor(cursor.connection)


def as_arrays(statement: Statement, columns: Columns) -> Statement:
    """A statement with one row of arrays instead of rows, for `read_arrays`."""
    aggregates = ", ".join(f"array_send(array_agg({c}::{TYPES[k]}))" for c, k in columns.items())
    return Statement(f"SELECT {aggregates} FROM ({statement.sql}) AS rows", statement.params)


def read_arrays(row: Sequence[bytes | None], columns: Columns) -> list[NDArray[Any]]:
    """The columns, (n,) each."""
    return [read_array(sent, kind) for sent, kind in zip(row, columns.values(), strict=True)]


def reaching(k: int) -> str:
    """Columns beside the vector that an HNSW scan looks for, in the CTE that it reads it from: the
    scan reaches k rows, and goes on past those that a filter drops.

    They are settings of the transaction, that is of the statement alone, also behind a pool of
    connections, and cost no round trip. `reading` keeps them out of a transaction of the host's.
    """
    depth = max(40, min(1000, k))
    return (
        f"set_config('hnsw.ef_search', '{depth:d}', true) AS depth, "
        "set_config('hnsw.iterative_scan', 'relaxed_order', true) AS onward"
    )


def ids(values: Iterable[int]) -> str:
    """An array of integers as text, which takes a fraction of what psycopg takes for a list."""
    return f"{{{','.join(map(str, values))}}}"


def read_array(sent: bytes | None, kind: str) -> NDArray[Any]:
    """An array as PostgreSQL sends it, (n,): kind "i8" or "f8"; None is an empty one."""
    element = np.dtype([("length", ">i4"), ("value", f">{kind}")])
    elements = np.frombuffer(sent or b"", dtype=element, offset=ARRAY_HEADER if sent else 0)
    return elements["value"].astype(kind)
