"""The outbox: objects that wait to be indexed, leased by workers, settled after the write.

Only workers and runs write here, each in one statement in the order of the key: they wait for each
other at most, and never deadlock. What saves write are marks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import DatabaseError, InterfaceError, connections

from shopreco.conf import get_settings
from shopreco.db.routing import write_alias
from shopreco.db.shops import beside
from shopreco.models import Change

logger = logging.getLogger(__name__)

ROWS_PER_INSERT: Final = 5_000
RENEWALS_PER_LEASE: Final = 3
MAX_RENEWALS: Final = 100
"""A worker that is still at the same batch after so many has hung, and counts as dead."""

CLAIMABLE = """
    catalogue = %(catalogue)s
    AND (lease_until IS NULL OR lease_until < clock_timestamp())
    AND (run_id IS NULL OR priority > 0 OR (run_id, linked) IN (
        SELECT id, linked FROM shopreco_indexrun WHERE state = 'running' AND enumerated))
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A leased change. It is settled only if the row still has this version and token."""

    token: UUID
    change_id: int
    object_id: str
    version: int
    run_id: int | None
    """The run that it is the bulk of; not of what was saved, which comes before."""
    is_unlinked: bool
    """Whether its run links it first and encodes it later."""
    attempts: int


def enqueue(catalogue: str, object_ids: Iterable[str], priority: Change.Priority) -> None:
    """Have objects indexed. One that waits already waits for a new version, and no longer than
    before; whoever is indexing it will find that it changed."""
    _insert(
        catalogue,
        object_ids,
        priority,
        None,
        """
        version = shopreco_change.version + 1, attempts = 0,
        priority = greatest(shopreco_change.priority, EXCLUDED.priority)
        """,
    )


def enqueue_run(catalogue: str, object_ids: Iterable[str], run_id: int) -> int:
    """Make objects part of a run; returns how many were not."""
    return _insert(
        catalogue,
        object_ids,
        Change.Priority.BULK,
        run_id,
        "run_id = EXCLUDED.run_id, linked = false "
        "WHERE shopreco_change.run_id IS DISTINCT FROM EXCLUDED.run_id",
    )


def demote(run_id: int) -> None:
    """Let what was saved before a run wait its turn in it: where nothing answers yet, nothing is
    urgent, and what is linked first is encoded once."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            "UPDATE shopreco_change SET priority = 0 WHERE id IN ("
            "SELECT id FROM shopreco_change WHERE run_id = %s AND priority > 0 "
            'ORDER BY object_id COLLATE "C" FOR UPDATE)',
            [run_id],
        )


def enqueue_again(catalogue: str, object_ids: Iterable[str], *, run_id: int | None) -> None:
    """Have indexed again what depends on something that was just linked or learnt, behind all that
    waits already; as part of a run if that linked or learnt it."""
    _insert(
        catalogue,
        object_ids,
        Change.Priority.BULK,
        run_id,
        "version = shopreco_change.version + 1, attempts = 0",
        linked=True,
    )


def _insert(
    catalogue: str,
    object_ids: Iterable[str],
    priority: Change.Priority,
    run_id: int | None,
    conflict: str,
    *,
    linked: bool = False,
) -> int:
    """Insert rows, or update those that are there; returns how many were written."""
    ids = sorted(set(object_ids))
    written = 0
    with connections[write_alias()].cursor() as cursor:
        for start in range(0, len(ids), ROWS_PER_INSERT):
            cursor.execute(
                f"""
                INSERT INTO shopreco_change
                    (catalogue, object_id, version, priority, run_id, linked, attempts, created_at)
                SELECT %s, object_id, 1, %s, %s, %s, 0, now()
                FROM unnest(%s::text[]) WITH ORDINALITY AS t (object_id, place) ORDER BY place
                ON CONFLICT (catalogue, object_id) DO UPDATE SET {conflict}
                """,
                [catalogue, priority.value, run_id, linked, ids[start : start + ROWS_PER_INSERT]],
            )
            written += cursor.rowcount
    return written


def claim(catalogue: str, limit: int, run_id: int | None = None) -> list[Claim]:
    """Lease up to `limit` changes of the highest priority that waits, of one run if it is named:
    nothing that was saved waits for the bulk of a run.

    A row that was claimed twice without being settled has probably killed its workers: it is
    claimed alone from then on, so that it takes nothing else with it.
    """
    token = uuid4()
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            f"""
            WITH head AS (
                SELECT id, attempts, priority FROM shopreco_change
                WHERE {CLAIMABLE} {"" if run_id is None else "AND run_id = %(run_id)s"}
                ORDER BY priority DESC, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            ), first AS (
                SELECT id, attempts FROM head WHERE priority = (SELECT max(priority) FROM head)
            ), suspect AS (
                SELECT id FROM first WHERE attempts > 1 ORDER BY id LIMIT 1
            ), chosen AS (
                SELECT id FROM first WHERE attempts < 2
                UNION ALL
                SELECT id FROM suspect WHERE NOT EXISTS (SELECT FROM first WHERE attempts < 2)
            )
            UPDATE shopreco_change AS c
            SET claim = %(token)s, attempts = c.attempts + 1,
                lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
            FROM chosen WHERE c.id = chosen.id
            RETURNING c.id, c.object_id, c.version, CASE WHEN c.priority = 0 THEN c.run_id END,
                c.run_id IS NOT NULL AND c.priority = 0 AND NOT c.linked, c.attempts
            """,
            {
                "catalogue": catalogue,
                "run_id": run_id,
                "limit": limit,
                "token": token,
                "lease": get_settings().LEASE_SECONDS,
            },
        )
        return [Claim(token, *row) for row in cursor.fetchall()]


@contextmanager
def renewed(claims: Sequence[Claim]) -> Iterator[None]:
    """Renew the lease of claims for as long as there is work on them.

    In a thread, and so on a connection of its own, which it opens if it comes to that: most batches
    are done by then.
    """
    pause = get_settings().LEASE_SECONDS / RENEWALS_PER_LEASE
    renew = beside(write_alias(), partial(_renew, claims))
    done = Event()

    def keep() -> None:
        for _ in range(MAX_RENEWALS):
            if done.wait(pause):
                return
            try:
                renew()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("a lease was not renewed: %s", error)

    thread = Thread(target=keep, daemon=True, name="shopreco-lease")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renew(claims: Sequence[Claim]) -> None:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            UPDATE shopreco_change
            SET lease_until = clock_timestamp() + make_interval(secs => %s)
            WHERE id IN (
                SELECT id FROM shopreco_change WHERE id = ANY(%s) AND claim = %s
                ORDER BY id FOR UPDATE SKIP LOCKED
            )
            """,
            [get_settings().LEASE_SECONDS, [c.change_id for c in claims], claims[0].token],
        )


def lock(cursor: Any, claims: Sequence[Claim]) -> dict[int, int]:
    """Versions, by change id, of the claims that are still ours, locked until commit.

    A row that is being enqueued again at this moment is passed over: `release` it afterwards.
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
    """Delete what was indexed at its last version; free what was enqueued again meanwhile.

    What was saved again is no longer its run's, which would never end in a shop that never rests.
    """
    done = [c.change_id for c in claims if versions.get(c.change_id) == c.version]
    again = [c.change_id for c in claims if versions.get(c.change_id, c.version) != c.version]
    cursor.execute("DELETE FROM shopreco_change WHERE id = ANY(%s)", [done])
    if again:
        cursor.execute(
            "UPDATE shopreco_change SET run_id = NULL WHERE id = ANY(%s) AND priority > 0", [again]
        )
    _free(cursor, again)


def settle_linked(cursor: Any, claims: Sequence[Claim]) -> None:
    """Leave locked claims to the next step of their run."""
    ids = [c.change_id for c in claims]
    if ids:
        cursor.execute("UPDATE shopreco_change SET linked = true WHERE id = ANY(%s)", [ids])
        _free(cursor, ids)


def release(claims: Sequence[Claim]) -> None:
    """Give claims back untouched, for another worker or a later try."""
    if claims:
        with connections[write_alias()].cursor() as cursor:
            # In the order in which rows are enqueued. That has set the attempts of some to none.
            cursor.execute(
                """
                UPDATE shopreco_change
                SET claim = NULL, lease_until = NULL, attempts = greatest(attempts - 1, 0)
                WHERE id IN (
                    SELECT id FROM shopreco_change WHERE id = ANY(%s) AND claim = %s
                    ORDER BY object_id COLLATE "C" FOR UPDATE
                )
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


def count(catalogue: str, limit: int) -> int:
    """How many changes a worker could claim now, up to a limit."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT FROM shopreco_change WHERE {CLAIMABLE} "
            "LIMIT %(limit)s) AS claimable",
            {"catalogue": catalogue, "limit": limit},
        )
        (found,) = cursor.fetchone()
        return int(found)


def waiting(catalogue: str) -> bool:
    """Whether a worker could claim something now."""
    return count(catalogue, 1) > 0
