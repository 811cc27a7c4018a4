"""The outbox: a queue of objects to index. Workers lease them, and settle them after the write.

Only workers and runs write here. Each writes in one statement, in the order of the key, so that
they may wait for each other but never deadlock. Saves write marks instead, see `marks`.
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
"""A worker that has renewed its lease so often hangs, and counts as dead."""

CLAIMABLE = """
    catalogue = %(catalogue)s
    AND (lease_until IS NULL OR lease_until < clock_timestamp())
    AND (run_id IS NULL OR priority > 0 OR (run_id, linked) IN (
        SELECT id, linked FROM shopreco_run WHERE state = 'running' AND enumerated))
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A leased change. It is settled only if its row still has this version and token."""

    token: UUID
    change_id: int
    object_id: str
    version: int
    run_id: int | None
    """Its run, if it is part of the bulk of one. None for a save, which comes first."""
    is_unlinked: bool
    """Whether its run has yet to update its edges in the graph, before it is encoded."""
    attempts: int


def enqueue(catalogue: str, object_ids: Iterable[str], priority: Change.Priority) -> None:
    """Add objects to the queue.

    One that waits already gets a new version and keeps its place. A worker that is indexing it
    finds that it has changed.
    """
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


def enqueue_for_run(catalogue: str, object_ids: Iterable[str], run_id: int) -> int:
    """Make objects part of a run; returns how many of them were not."""
    return _insert(
        catalogue,
        object_ids,
        Change.Priority.BULK,
        run_id,
        "run_id = EXCLUDED.run_id, linked = false "
        "WHERE shopreco_change.run_id IS DISTINCT FROM EXCLUDED.run_id",
    )


def demote(run_id: int) -> None:
    """Lower what was saved before a run to the priority of the run.

    Where no space answers yet nothing is urgent, and an object that is linked first is encoded
    only once.
    """
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            "UPDATE shopreco_change SET priority = 0 WHERE id IN ("
            "SELECT id FROM shopreco_change WHERE run_id = %s AND priority > 0 "
            'ORDER BY object_id COLLATE "C" FOR UPDATE)',
            [run_id],
        )


def enqueue_again(catalogue: str, object_ids: Iterable[str], *, run_id: int | None) -> None:
    """Enqueue objects whose neighbours or values have just become known, behind all others.

    run_id: the run that found them, and that they join.
    """
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
    """Insert rows, or update existing ones; returns how many were written."""
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
    """Lease up to `limit` changes of the highest priority that waits.

    So a save never waits for the bulk of a run. A row that was claimed twice and never settled has
    probably killed its workers. It is claimed alone from then on, so that no other row suffers.

    run_id: lease only changes of this run.
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
    """Renew the lease of claims while inside.

    A thread does it, on a connection of its own. It opens that only when the first renewal is due:
    most batches are done by then.
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


def lock_ours(cursor: Any, claims: Sequence[Claim]) -> dict[int, int]:
    """Lock the claims that are still ours until commit; returns their versions by change id.

    A row that is being enqueued again at this moment is skipped: `release` it afterwards.
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
    """Delete claims that were indexed at their last version, and free those enqueued again since.

    What was saved again leaves its run, which would never end in a shop that never rests.
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
    """Note that the edges of locked claims are up to date, and leave the rest to their run."""
    ids = [c.change_id for c in claims]
    if ids:
        cursor.execute("UPDATE shopreco_change SET linked = true WHERE id = ANY(%s)", [ids])
        _free(cursor, ids)


def release(claims: Sequence[Claim]) -> None:
    """Give claims back as they were, for another worker or a later attempt."""
    if claims:
        with connections[write_alias()].cursor() as cursor:
            # In the order in which rows are enqueued. Enqueueing has set the attempts of some to 0.
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


def count_claimable(catalogue: str, limit: int) -> int:
    """Count the changes that a worker could claim now, up to `limit`."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT FROM shopreco_change WHERE {CLAIMABLE} "
            "LIMIT %(limit)s) AS claimable",
            {"catalogue": catalogue, "limit": limit},
        )
        (found,) = cursor.fetchone()
        return int(found)


def any_claimable(catalogue: str) -> bool:
    """Whether a worker could claim a change now."""
    return count_claimable(catalogue, 1) > 0
