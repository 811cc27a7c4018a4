"""Indexes of our own tables, created and dropped while the shop runs."""

from __future__ import annotations

from django.db import connections

from shopreco.db.routing import write_alias

OWN_INDEX = """
    SELECT format('%%I.%%I', n.nspname, c.relname), i.indisvalid
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN (VALUES ('shopreco_embedding'::regclass), ('shopreco_lexicalentry'),
        ('shopreco_modalityvector')) AS ours (id) ON ours.id = i.indrelid
"""
"""The indexes of the tables that the search path means, by qualified name."""


def create_index(name: str, definition: str) -> None:
    """Create an index beside running traffic, outside a transaction.

    A finished one is kept; one that a killed build left invalid is built again.
    """
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(f"{OWN_INDEX} WHERE c.relname = %s", [name])
        row = cursor.fetchone()
        if row and row[1]:
            return
        if row:
            cursor.execute(f"DROP INDEX CONCURRENTLY {row[0]}")
        cursor.execute(f"CREATE INDEX CONCURRENTLY {name} {definition}")


def drop_index(name: str, how: str) -> None:
    """Drop an index, if it is there.

    how: "CONCURRENTLY" beside running traffic, outside a transaction; "" at once.
    """
    with connections[write_alias()].cursor() as cursor:
        # Another schema of the search path may have an index of this name, which is not ours.
        cursor.execute(f"{OWN_INDEX} WHERE c.relname = %s", [name])
        for qualified, _valid in cursor.fetchall():
            cursor.execute(f"DROP INDEX {how} IF EXISTS {qualified}")


def index_bytes(name: str) -> int:
    """Bytes of an index; 0 if there is none."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute("SELECT coalesce(pg_relation_size(to_regclass(%s)), 0)", [name])
        return int(cursor.fetchone()[0])


def share_of_table(table: str, space_id: int) -> int:
    """Bytes of the rows of a space, as its share of the rows of a table."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            f"""
            SELECT pg_table_size('{table}')
                   * count(*) FILTER (WHERE space_id = %s) / greatest(count(*), 1)
            FROM {table}
            """,
            [space_id],
        )
        return int(cursor.fetchone()[0])
