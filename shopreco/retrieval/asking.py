"""Statements as retrieval asks them: answered with arrays, and without waiting where there is
something else to do.

Reading thousands of rows one by one takes longer than finding them, and a query is encoded in the
time in which its words are looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from django.db import connections, router
from numpy.typing import NDArray
from psycopg import ClientCursor
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus, Format

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


class Asked:
    """A statement that the server works on. Its connection takes no other before it is read or
    closed.

    Within a transaction of the host's it is answered at once, so that a failure stays within the
    savepoint that it was asked in.

    statement: selects one row of `bytea`.
    """

    def __init__(self, statement: Statement) -> None:
        self._answer: list[bytes | None] | None = None
        self._connection = connections[router.db_for_read(Embedding)]
        self._connection.ensure_connection()
        self._raw = self._connection.connection
        server = self._raw.pgconn
        with self._connection.wrap_database_errors:
            message = ClientCursor(self._raw).mogrify(*statement).encode()
            server.send_query_params(message, None, result_format=Format.BINARY)
            self._raw.wait(send(server))
        if self._connection.in_atomic_block:
            self.row()

    def row(self) -> list[bytes | None]:
        """Raises Django's DatabaseError."""
        if self._answer is None:
            self._answer = []
            with self._connection.wrap_database_errors:
                self._answer = self._read()
        return self._answer

    def _read(self) -> list[bytes | None]:
        results = self._raw.wait(fetch_many(self._raw.pgconn))
        for result in results:
            if result.status != ExecStatus.TUPLES_OK:
                raise error_from_result(result)
        return [results[-1].get_value(0, n) for n in range(results[-1].nfields)]

    def close(self) -> None:
        """Leave what was not read, so that the connection can be used again."""
        if self._answer is None:
            self._raw.wait(fetch_many(self._raw.pgconn))


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
    connections, and cost no round trip.
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
