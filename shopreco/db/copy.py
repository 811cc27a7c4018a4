"""Bulk writes to our own tables: delete what is replaced, then binary COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connections
from pgvector.psycopg import register_vector
from psycopg import Cursor

from shopreco.db.routing import write_alias


def replace_rows(
    table: str,
    types: dict[str, str],
    rows: Sequence[Sequence[Any]],
    *,
    item_ids: Sequence[int],
    **scope: Any,
) -> None:
    """Replace the rows of some items in `table`, within `scope` (column = value).

    `types` maps the columns of `rows` to their PostgreSQL types, in order. A COPY of binary
    vectors costs a tenth of the same INSERT with vectors as text.
    """
    if not item_ids:
        return
    connection = connections[write_alias()]
    where = "".join(f" AND {column} = %s" for column in scope)
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE item_id = ANY(%s){where}",
            [list(item_ids), *scope.values()],
        )
        statement = f"COPY {table} ({', '.join(types)}) FROM STDIN (FORMAT BINARY)"
        # Raised as Django's own errors, by which a run knows to wait for a server that goes away.
        with (
            connection.wrap_database_errors,
            _raw(connection).cursor().copy(statement) as copy,
        ):
            copy.set_types(list(types.values()))
            for row in rows:
                copy.write_row(row)


def read_vectors(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Read rows in binary form: vectors come as `HalfVector`, ten times as fast."""
    connection = connections[write_alias()]
    # Django's own cursor checks the connection and has the schema set, but may be one that binds on
    # this side, and then speaks text.
    with (
        connection.cursor(),
        connection.wrap_database_errors,
        Cursor(_raw(connection)) as cursor,
    ):
        return cursor.execute(sql, params, binary=True).fetchall()


def delete_rows(table: str, item_ids: Iterable[int]) -> None:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE item_id = ANY(%s)",
            [list(item_ids)],
        )


def delete_in_chunks(table: str, chunk: int, **scope: Any) -> Iterator[int]:
    """Delete the rows within `scope` (column = value) in chunks; yields the number of each.

    One statement for all rows would block others for long.
    """
    where = " AND ".join(f"{column} = %s" for column in scope)
    deleted = chunk
    while deleted == chunk:
        with connections[write_alias()].cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("
                f"SELECT ctid FROM {table} WHERE {where} LIMIT {chunk:d}))",
                [*scope.values()],
            )
            deleted = cursor.rowcount
        yield deleted


def _raw(connection: Any) -> Any:
    """The psycopg connection, taught pgvector's types once."""
    raw = connection.connection
    if not getattr(raw, "_shopreco_vectors", False):
        register_vector(raw)
        raw._shopreco_vectors = True
    return raw
