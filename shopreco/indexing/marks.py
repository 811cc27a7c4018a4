"""Marks: saves leave them in the shop's own transaction, workers collect them into changes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from django.db import DatabaseError, connections, router, transaction
from psycopg.sql import quote

from shopreco.catalogues import Catalogue
from shopreco.catalogues.paths import lookup_of
from shopreco.indexing import outbox
from shopreco.indexing.locks import only_one
from shopreco.indexing.outbox import PAGE, outbox_database
from shopreco.models import Change

logger = logging.getLogger(__name__)

FACTS = 500
"""Relations that are expanded together."""


class Fact(NamedTuple):
    """What changed: the row with a primary key, at the end of a relation from a catalogue's model,
    such as `brand` or `offers__shop`; the path of an object itself is empty."""

    catalogue: str
    path: str
    key: str


def mark(facts: Iterable[Fact]) -> None:
    """Write facts down, in whatever transaction is open. Nothing is read and nothing waits.

    An open transaction stays usable if it fails: savepoint and insert are one message, for a save
    of the shop waits for the answer.
    """
    connection = connections[outbox_database()]
    connection.ensure_connection()
    # Quoted here: as parameters they would be bound by a cursor made for it, which takes longer.
    raw = connection.connection
    rows = ", ".join(
        f"({quote(catalogue, raw)}, {quote(path, raw)}, {quote(key, raw)})"
        for catalogue, path, key in dict.fromkeys(facts)
    )
    insert = f"INSERT INTO shopreco_mark (catalogue, path, key) VALUES {rows}"
    with connection.cursor() as cursor:
        if connection.get_autocommit():
            cursor.execute(insert)
            return
        try:
            cursor.execute(f"SAVEPOINT shopreco; {insert}; RELEASE SAVEPOINT shopreco")
        except DatabaseError:
            cursor.execute("ROLLBACK TO SAVEPOINT shopreco; RELEASE SAVEPOINT shopreco")
            raise


def any_waiting(catalogue: str) -> bool:
    """Whether there are marks that nobody has collected yet."""
    with connections[outbox_database()].cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM shopreco_mark WHERE catalogue = %s)", [catalogue]
        )
        (found,) = cursor.fetchone()
        return bool(found)


def pending(catalogue: str) -> int:
    """How many things wait: objects, and what others are related to, each once."""
    with connections[outbox_database()].cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM (
                SELECT object_id FROM shopreco_change WHERE catalogue = %s
                UNION SELECT key FROM shopreco_mark WHERE catalogue = %s
            ) AS things
            """,
            [catalogue, catalogue],
        )
        (count,) = cursor.fetchone()
        return int(count)


def collect(catalogue: Catalogue) -> None:
    """Turn the marks of a catalogue into changes: objects at once, relations into the objects that
    have them now.

    Called before anything is claimed, so a mark never waits for longer than a batch. What cannot
    be expanded at the moment stays, and keeps nothing else waiting.
    """
    while _collect_objects(catalogue.name) == PAGE:
        pass
    if not any_waiting(catalogue.name):
        return
    try:
        with only_one(f"marks {catalogue.name}") as mine:
            while mine and _expand_relations(catalogue) == FACTS:
                pass
    except DatabaseError:
        if not connections[outbox_database()].is_usable():
            raise
        # The shop's own tables are asked, which may be locked or slow for a while.
        logger.exception("%s: marks of relations wait for the next time", catalogue.name)


def _collect_objects(catalogue: str) -> int:
    with (
        transaction.atomic(using=outbox_database()),
        connections[outbox_database()].cursor() as cursor,
    ):
        cursor.execute(
            """
            DELETE FROM shopreco_mark WHERE id IN (
                SELECT id FROM shopreco_mark WHERE catalogue = %s AND path = ''
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            ) RETURNING key
            """,
            [catalogue, PAGE],
        )
        keys = [key for (key,) in cursor.fetchall()]
        outbox.enqueue(catalogue, keys, Change.Priority.SAVED)
    return len(keys)


def _expand_relations(catalogue: Catalogue) -> int:
    """Page by page, each in a transaction of its own; the marks go last. Whoever dies in between
    leaves them, and the same objects are enqueued once more."""
    with connections[outbox_database()].cursor() as cursor:
        cursor.execute(
            "SELECT id, path, key FROM shopreco_mark WHERE catalogue = %s AND path <> '' "
            "ORDER BY id LIMIT %s",
            [catalogue.name, FACTS],
        )
        rows = cursor.fetchall()
    by_path: dict[str, dict[str, None]] = {}
    for _id, path, key in rows:
        by_path.setdefault(path, {})[key] = None
    for path, keys in by_path.items():
        objects = _objects_with(catalogue, path, list(keys))
        while page := list(islice(objects, PAGE)):
            outbox.enqueue(catalogue.name, page, Change.Priority.RELATED)
    with connections[outbox_database()].cursor() as cursor:
        ids = [id for id, _path, _key in rows]
        cursor.execute("DELETE FROM shopreco_mark WHERE id = ANY(%s)", [ids])
    return len(rows)


def _objects_with(catalogue: Catalogue, path: str, keys: Sequence[str]) -> Iterator[str]:
    """Keys of the objects that have one of some rows at the end of a path, where they are
    written."""
    if path not in catalogue.relations:
        logger.warning(
            "%s does not follow %s any more: re-index it to be sure of the rest",
            catalogue.name,
            path,
        )
        return
    database = router.db_for_write(catalogue.model)
    objects = catalogue.model._base_manager.using(database)
    try:
        lookup = lookup_of(catalogue.model, path)
        having = objects.filter(**{f"{lookup}__pk__in": keys}).order_by("pk").distinct()
    except (TypeError, ValueError):
        # A key of another type: the related model was changed since.
        logger.exception("%s: %s of %s are no keys any more", catalogue.name, keys, path)
        return
    for pk in having.values_list("pk", flat=True).iterator(PAGE):
        yield str(pk)
