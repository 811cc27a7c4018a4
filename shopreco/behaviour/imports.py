"""Events of files, taken into the log: what was there before is not there twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from django.db import connections

from shopreco.behaviour import log
from shopreco.behaviour.events import ORDERS, EventError, Sending, read_events
from shopreco.behaviour.files import FileEvent
from shopreco.behaviour.visitors import key_of
from shopreco.db.routing import write_alias
from shopreco.models import EventConsent, EventSource

BATCH = 1_000
"""Events that are written at once."""

MAKE_VISITORS = """
    INSERT INTO shopreco_visitor (key, user_id)
    SELECT * FROM unnest(%s::uuid[], %s::text[])
    ON CONFLICT (key) DO UPDATE SET version = shopreco_visitor.version + 1
    RETURNING key, id
"""


@dataclass(slots=True)
class ImportedEvents:
    """What became of the lines of a file."""

    read: int = 0
    accepted: int = 0
    repeated: int = 0
    errors: list[EventError] = field(default_factory=list)
    """The index of an error is the number of its line."""


def import_events(
    events: Iterable[FileEvent],
    *,
    catalogue: str,
    consent: EventConsent,
    now: datetime,
    progress: Callable[[ImportedEvents], None] | None = None,
) -> ImportedEvents:
    """Take in the events of a file, a batch at a time.

    An event without a `uuid` has one of its own content, so that a file may be read again.

    consent: what those in the file have allowed.
    progress: called after every batch.
    """
    imported, waiting = ImportedEvents(), iter(events)
    while batch := list(islice(waiting, BATCH)):
        _import(batch, imported, catalogue, consent, now)
        if progress is not None:
            progress(imported)
    return imported


def _import(
    batch: Sequence[FileEvent],
    imported: ImportedEvents,
    catalogue: str,
    consent: EventConsent,
    now: datetime,
) -> None:
    imported.read += len(batch)
    imported.errors += [EventError(e.line, e.problem, "line") for e in batch if e.problem]
    batch = [each for each in batch if not each.problem]
    sending = Sending(catalogue, EventSource.IMPORT, now, consent=consent)
    reading = read_events([_with_key(each) for each in batch], sending)
    imported.errors += [
        EventError(batch[error.index].line, error.detail, error.code) for error in reading.errors
    ]
    if consent == EventConsent.PERSONAL:
        visitors = _visitors({_name_of(each): each.user for each in batch if _name_of(each)})
        for key, row in reading.rows.items():
            source = batch[reading.places[key]]
            row["visitor_id"] = visitors.get(key_of(_name_of(source)))
            row["user_id"] = source.user
    written = log.write(reading.rows, sending)
    imported.accepted += written.accepted
    imported.repeated += written.repeated + reading.repeated


def _with_key(given: FileEvent) -> dict[str, Any]:
    event = dict(given.event)
    if not event.get("uuid"):
        content = json.dumps([given.visitor, given.user, event], sort_keys=True, default=str)
        event["uuid"] = str(uuid5(ORDERS, content))
    return event


def _name_of(given: FileEvent) -> str:
    """Who did it, by the name of the file; empty where it says nothing."""
    if given.visitor:
        return f"imported visitor {given.visitor}"
    return f"imported user {given.user}" if given.user else ""


def _visitors(users: Mapping[str, str]) -> dict[UUID, int]:
    """Ids of visitors by key. Those that are new are made.

    users: the user of each, by the name of the file."""
    with connections[write_alias()].cursor() as cursor:
        keys = {key_of(name): user for name, user in users.items()}
        cursor.execute(MAKE_VISITORS, [sorted(keys), [keys[key] for key in sorted(keys)]])
        return {key: int(visitor_id) for key, visitor_id in cursor.fetchall()}
