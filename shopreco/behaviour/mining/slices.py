"""Slices: the events that are new, a bounded number at a time, each in one transaction.

Events are read in the order of the transactions that wrote them. Only those are read before which
no transaction is still at work: one that commits late is waited for, and never passed over. A long
transaction anywhere on the server therefore delays mining.
"""

from __future__ import annotations

from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connections, transaction
from django.utils import timezone

from shopreco.behaviour.mining import baskets, choices, days, sequences
from shopreco.db.routing import write_alias
from shopreco.models import ItemDay, MiningCursor, PairTotal, QueryItem

EVENTS: Final = 5_000
"""Events of a slice."""

END = """
    SELECT n, written_by, uuid FROM (
        SELECT written_by, uuid, row_number() OVER (ORDER BY written_by, uuid) AS n
        FROM shopreco_event
        WHERE catalogue = %(catalogue)s AND written_by >= %(written_by)s
            AND (written_by, uuid) > (%(written_by)s, %(uuid)s)
            AND written_by < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        ORDER BY written_by, uuid LIMIT %(events)s
    ) AS fresh ORDER BY n DESC LIMIT 1
"""
"""The last event of the next slice, and the number of its events."""

FROM_ELSEWHERE = """
    UPDATE shopreco_event SET written_by = pg_current_xact_id()::text::bigint
    WHERE catalogue = %s AND written_by >= pg_current_xact_id()::text::bigint
"""
"""Events whose number is of a transaction of another server, and not yet of one of this."""

FORGET_PAIRS = """
    DELETE FROM shopreco_itempair p USING shopreco_item i
    WHERE i.catalogue = %s AND i.group_id = p.source
"""


class Slice(NamedTuple):
    """Events of a catalogue after a place in the order of transactions, up to another."""

    catalogue: str
    start: int
    start_uuid: UUID
    end: int
    end_uuid: UUID


def mine(catalogue: str, seconds: float, events: int = EVENTS) -> int:
    """Mine the events of a catalogue that are new, for about so long; return their number.

    It may be killed at any line, and called again.

    events: of a slice, at most.
    """
    until, mined = monotonic() + seconds, 0
    while number := _mine_slice(catalogue, events):
        mined += number
        if monotonic() > until:
            break
    return mined


def _mine_slice(catalogue: str, events: int) -> int:
    database = write_alias()
    with transaction.atomic(using=database), connections[database].cursor() as cursor:
        cursors = MiningCursor.objects.using(database)
        position, _made = cursors.select_for_update().get_or_create(catalogue=catalogue)
        cursor.execute("SELECT system_identifier FROM pg_control_system()")
        (cluster,) = cursor.fetchone()
        if position.cluster != cluster:
            position = _begin_anew(catalogue, cluster)
        asked: dict[str, Any] = {
            "catalogue": catalogue,
            "written_by": position.written_by,
            "uuid": position.uuid,
            "events": events,
        }
        cursor.execute(END, asked)
        number, end, end_uuid = cursor.fetchone() or (0, 0, position.uuid)
        if number:
            part = Slice(catalogue, position.written_by, position.uuid, end, end_uuid)
            position.unknown_items += days.count(part)
            position.large_baskets += baskets.count(part)
            sequences.count(part)
            choices.count(part)
            position.written_by, position.uuid = end, end_uuid
            position.events += number
        position.mined_at = timezone.now()
        position.save(using=database)
    return int(number)


def _begin_anew(catalogue: str, cluster: int) -> MiningCursor:
    """Forget what was mined on another server: its numbers of transactions mean nothing here.

    Everything is mined again of the events that are kept.
    """
    database = write_alias()
    with connections[database].cursor() as cursor:
        cursor.execute(FROM_ELSEWHERE, [catalogue])
        cursor.execute(FORGET_PAIRS, [catalogue])
    for model in (ItemDay, PairTotal, QueryItem):
        model.objects.using(database).filter(catalogue=catalogue).delete()
    return MiningCursor(catalogue=catalogue, cluster=cluster)
