"""Who may write the graph of a catalogue at the same time.

Batches of the index share it: each touches its own items, and what they have in common is written
in one order. A file and a merge touch anything, so they have it to themselves until they commit.
"""

from __future__ import annotations

from django.db import connections

from shopreco.indexing.outbox import outbox_database


def share_graph(catalogue: str) -> None:
    _lock("pg_advisory_xact_lock_shared", catalogue)


def own_graph(catalogue: str) -> None:
    _lock("pg_advisory_xact_lock", catalogue)


def _lock(function: str, catalogue: str) -> None:
    with connections[outbox_database()].cursor() as cursor:
        # Advisory locks are the whole database's: the table says which schema is meant.
        cursor.execute(
            f"SELECT {function}(hashtextextended(%s, 'shopreco_edge'::regclass::oid::bigint))",
            [f"shopreco-graph-{catalogue}"],
        )
