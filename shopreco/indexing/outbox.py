"""The outbox: changes are marked by saves and runs, leased by workers, settled after the write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import connections, router

from shopreco.conf import get_settings
from shopreco.models import Change

PAGE = 5_000

CLAIMABLE = """
    catalogue = %(catalogue)s
    AND (lease_until IS NULL OR lease_until < clock_timestamp())
    AND (run_id IS NULL OR priority > 0 OR run_id IN (
        SELECT id FROM shopreco_indexrun WHERE state = 'running' AND enumerated))
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A leased change. It is settled only if the row still has this version and token."""

    change_id: int
    object_id: str
    version: int
    run_id: int | None
    attempts: int
    token: UUID


def outbox_database() -> str:
    """Alias of the database that holds the tables of shopreco."""
    return router.db_for_write(Change)


def mark(catalogue: str, object_ids: Iterable[str], *, run_id: int | None = None) -> int:
    """Enqueue objects; returns how many rows were new to the run (or to the outbox).

    A save (no `run_id`) raises the version of a row that waits already and its priority, so that
    it goes before the bulk of runs. Runs in whatever transaction is open.
    """
    ids = list(dict.fromkeys(object_ids))
    if run_id is None:
        conflict = """version = shopreco_change.version + 1, priority = 1, attempts = 0"""
        where = ""
    else:
        conflict = "run_id = EXCLUDED.run_id"
        where = "WHERE shopreco_change.run_id IS DISTINCT FROM EXCLUDED.run_id"
    marked = 0
    with connections[outbox_database()].cursor() as cursor:
        for start in range(0, len(ids), PAGE):
            # In the order of the key: transactions that mark the same objects never deadlock.
            cursor.execute(
                f"""
                INSERT INTO shopreco_change
                    (catalogue, object_id, version, priority, run_id, attempts, error, created_at)
                SELECT %s, object_id, 1, %s, %s, 0, '', now()
                FROM unnest(%s::text[]) AS object_id
                ON CONFLICT (catalogue, object_id) DO UPDATE SET {conflict} {where}
                """,
                [catalogue, 0 if run_id else 1, run_id, sorted(ids[start : start + PAGE])],
            )
            marked += cursor.rowcount
    return marked


def mark_again(catalogue: str, object_ids: Iterable[str], *, run_id: int | None) -> int:
    """Enqueue what depends on something that was just indexed, behind all that waits already, as
    part of a run if that was; returns how many rows are new."""
    ids = sorted(object_ids)
    if not ids:
        return 0
    with connections[outbox_database()].cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO shopreco_change
                (catalogue, object_id, version, priority, run_id, attempts, error, created_at)
            SELECT %s, object_id, 1, 0, %s, 0, '', now() FROM unnest(%s::text[]) AS object_id
            ON CONFLICT (catalogue, object_id)
                DO UPDATE SET version = shopreco_change.version + 1, attempts = 0
            RETURNING version
            """,
            [catalogue, run_id, ids],
        )
        return sum(version == 1 for (version,) in cursor.fetchall())


def claim(catalogue: str, limit: int) -> list[Claim]:
    """Lease up to `limit` changes, saves first.

    A row that was claimed twice without being settled has probably killed its workers: it is
    claimed alone from then on, so that it takes nothing else with it.
    """
    token = uuid4()
    with connections[outbox_database()].cursor() as cursor:
        cursor.execute(
            f"""
            WITH head AS (
                SELECT id, attempts FROM shopreco_change WHERE {CLAIMABLE}
                ORDER BY priority DESC, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            ), suspect AS (
                SELECT id FROM head WHERE attempts > 1 ORDER BY id LIMIT 1
            ), chosen AS (
                SELECT id FROM head WHERE attempts < 2
                UNION ALL
                SELECT id FROM suspect WHERE NOT EXISTS (SELECT FROM head WHERE attempts < 2)
            )
            UPDATE shopreco_change AS c
            SET claim = %(token)s, attempts = c.attempts + 1,
                lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
            FROM chosen WHERE c.id = chosen.id
            RETURNING c.id, c.object_id, c.version, c.run_id, c.attempts
            """,
            {
                "catalogue": catalogue,
                "limit": limit,
                "token": token,
                "lease": get_settings().LEASE_SECONDS,
            },
        )
        return [
            Claim(change_id, object_id, version, run_id, attempts, token)
            for change_id, object_id, version, run_id, attempts in cursor.fetchall()
        ]


def lock(cursor: Any, claims: Sequence[Claim]) -> dict[int, int]:
    """Versions, by change id, of the claims that are still ours, locked until commit.

    A row that a save holds at this moment is passed over: it will be indexed again anyway, and
    waiting for it could deadlock with the host's transaction.
    """
    if not claims:
        return {}
    cursor.execute(
        """
        SELECT id, version FROM shopreco_change
        WHERE id = ANY(%s) AND claim = %s ORDER BY id FOR UPDATE SKIP LOCKED
        """,
        [[c.change_id for c in claims], claims[0].token],
    )
    return dict(cursor.fetchall())


def settle(cursor: Any, claims: Sequence[Claim], versions: dict[int, int]) -> None:
    """Delete what was indexed at its last version; free what was saved again meanwhile."""
    done = [c.change_id for c in claims if versions.get(c.change_id) == c.version]
    again = [c.change_id for c in claims if versions.get(c.change_id, c.version) != c.version]
    cursor.execute("DELETE FROM shopreco_change WHERE id = ANY(%s)", [done])
    _free(cursor, again)


def release(claims: Sequence[Claim]) -> None:
    """Give claims back untouched, for another worker or a later try."""
    if claims:
        with connections[outbox_database()].cursor() as cursor:
            cursor.execute(
                """
                UPDATE shopreco_change SET claim = NULL, lease_until = NULL, attempts = attempts - 1
                WHERE id = ANY(%s) AND claim = %s
                """,
                [[c.change_id for c in claims], claims[0].token],
            )


def _free(cursor: Any, change_ids: Sequence[int]) -> None:
    if change_ids:
        cursor.execute(
            "UPDATE shopreco_change SET claim = NULL, lease_until = NULL, attempts = 0 "
            "WHERE id = ANY(%s)",
            [list(change_ids)],
        )


def waiting(catalogue: str) -> bool:
    """Whether a worker could claim something now."""
    with connections[outbox_database()].cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM shopreco_change WHERE {CLAIMABLE})",
            {"catalogue": catalogue},
        )
        (found,) = cursor.fetchone()
        return bool(found)
