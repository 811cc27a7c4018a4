"""Marks: notes of what changed. Saves write them in the shop's own transaction, and workers turn
them into changes of the outbox."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import psycopg
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, router, transaction
from psycopg.pq import TransactionStatus
from psycopg.sql import quote

from shopreco.broker import nudge
from shopreco.catalogues import Catalogue
from shopreco.catalogues.paths import lookup_of
from shopreco.db.locks import try_lock
from shopreco.db.routing import write_alias
from shopreco.indexing import outbox
from shopreco.indexing.descendants import below
from shopreco.models import Change

logger = logging.getLogger(__name__)

UNQUOTED: Final = re.compile(r"[A-Za-z0-9_. -]*")
"""Text that needs no quoting in a statement: quoting takes a tenth of the time of a mark."""
MARKS_PER_PAGE: Final = 5_000
"""Marks that are written or collected together."""
RELATIONS_PER_PAGE: Final = 500
"""Related rows whose objects are looked up together."""


class Fact(NamedTuple):
    """A row that changed, by its primary key.

    path: the relation that leads to it from the catalogue's model, such as `brand` or
        `offers__shop`; empty for an object of the catalogue itself.
    """

    catalogue: str
    path: str
    key: str


def note(facts: Iterable[Fact], using: str) -> None:
    """Write facts as marks together with what the shop saves, and nudge the workers.

    In a transaction of the database of the marks, they are written as it commits: in one message
    with its COMMIT, and with it or not at all. In a transaction of another database, they are
    written after its commit, for a save that is rolled back must not be indexed. Without a
    transaction they are written now.

    using: alias of the database where the shop saves.
    """
    connection = connections[using]
    if connection.in_atomic_block:
        unwritten = _unwritten(connection)
        unwritten.facts.update(dict.fromkeys(facts))
        if connection.alias == write_alias() and _cannot_wait(connection):
            unwritten.write()
    else:
        unwritten = Unwritten(facts)
        unwritten.write()
        unwritten()


class Unwritten:
    """Facts of an open transaction that are not written yet.

    Django calls it after the commit, and forgets it on a roll-back.
    """

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self.facts = dict.fromkeys(facts)
        self.catalogues: set[str] = set()

    def __call__(self) -> None:
        """Write what could not be written before the commit, and nudge."""
        self.write()
        if self.facts:
            logger.error("%d facts are not marked: reconciliation finds them", len(self.facts))
        for catalogue in self.catalogues:
            nudge(catalogue)

    def write(self, commit: str = "") -> None:
        """Write the facts, in the open transaction if there is one. Keep those that fail.

        commit: the statement that ends the transaction, sent in the same message.
        """
        self.catalogues.update(fact.catalogue for fact in self.facts)
        try:
            while page := list(islice(self.facts, MARKS_PER_PAGE)):
                mark(page, commit if len(page) == len(self.facts) else "")
                for fact in page:
                    del self.facts[fact]
        except NotMarked as error:
            # The shop's save comes first.
            logger.warning("%d facts are not marked yet: %s", len(self.facts), error)


class NotMarked(Exception):
    """Facts could not be written; an open transaction is as it was before."""


def _unwritten(connection: Any) -> Unwritten:
    """The unwritten facts of a connection's transaction. All its savepoints share them: to index an
    object once too often does no harm."""
    for unwritten in _all_unwritten(connection):
        return unwritten
    unwritten = Unwritten()
    # As `on_commit` does outside all savepoints.
    connection.run_on_commit.append((set(), unwritten, True))
    if connection.alias == write_alias():
        _write_before_commit(connection)
    return unwritten


def _cannot_wait(connection: Any) -> bool:
    """Whether facts must be written before the commit.

    A backend for tenants may have changed the schema by then. A transaction of Django's `TestCase`
    never commits.
    """
    outermost = connection.atomic_blocks[0]
    return hasattr(connection, "schema_name") or outermost._from_testcase


def _all_unwritten(connection: Any) -> Iterator[Unwritten]:
    return (each[1] for each in connection.run_on_commit if isinstance(each[1], Unwritten))


def _write_before_commit(connection: Any) -> None:
    """Wrap the commit of a connection, so that it writes the facts. Django has no signal for it."""
    commit = connection.commit
    if hasattr(commit, "of_shopreco"):
        return

    def write_and_commit() -> None:
        for unwritten in _all_unwritten(connection):
            unwritten.write("COMMIT")
        # Does nothing after a COMMIT that was sent already.
        commit()

    write_and_commit.of_shopreco = True  # type: ignore[attr-defined]  # so that it is wrapped once
    connection.commit = write_and_commit


def mark(facts: Collection[Fact], commit: str = "") -> None:
    """Insert facts as marks, in whatever transaction is open. It reads nothing and waits for no
    lock of a row.

    Savepoint and insert are one message, for a save of the shop waits for the answer.

    commit: the statement that ends the transaction, sent in the same message.

    Raises:
        NotMarked: it failed.
        DatabaseError: the commit failed.
    """
    connection = connections[write_alias()]
    connection.ensure_connection()
    raw = connection.connection
    rows = ", ".join(_literals(facts, raw))
    if not rows:
        return
    insert = f"INSERT INTO shopreco_mark (catalogue, path, key) VALUES {rows}"
    is_open = not connection.get_autocommit()
    with connection.cursor() as cursor:
        try:
            if is_open:
                insert = f"SAVEPOINT shopreco; {insert}; {commit or 'RELEASE SAVEPOINT shopreco'}"
            cursor.execute(insert)
        except DatabaseError as error:
            if is_open and raw.info.transaction_status == TransactionStatus.INERROR:
                cursor.execute("ROLLBACK TO SAVEPOINT shopreco; RELEASE SAVEPOINT shopreco")
            elif commit:
                raise
            raise NotMarked(error) from error


def _literals(facts: Iterable[Fact], raw: Any) -> Iterator[str]:
    """Facts as literal rows of a statement, which is faster than parameters.

    A fact that PostgreSQL cannot store as text names no object of it, and is left out.
    """
    for fact in facts:
        if UNQUOTED.fullmatch(" ".join(fact)):
            yield "('{}', '{}', '{}')".format(*fact)
            continue
        try:
            catalogue, path, key = (quote(part, raw) for part in fact)
        except (psycopg.Error, ValueError):
            logger.exception("%r cannot be marked", fact)
        else:
            yield f"({catalogue}, {path}, {key})"


def any_waiting(catalogue: str) -> bool:
    """Whether there are marks to collect."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM shopreco_mark WHERE catalogue = %s)", [catalogue]
        )
        (found,) = cursor.fetchone()
        return bool(found)


def pending(catalogue: str) -> int:
    """Count what waits to be indexed: objects, and rows that objects are related to, each once."""
    with connections[write_alias()].cursor() as cursor:
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
    """Turn the marks of a catalogue into changes: of the objects themselves, and of the objects
    that are related to a marked row now.

    It is called before each claim, so a mark waits for a batch at most. A mark that cannot be
    expanded now stays, and delays no other.
    """
    while _collect_objects(catalogue.name) == MARKS_PER_PAGE:
        pass
    if not any_waiting(catalogue.name):
        return
    try:
        with try_lock(f"marks {catalogue.name}") as mine:
            while mine and _expand_relations(catalogue) == RELATIONS_PER_PAGE:
                pass
    except DatabaseError:
        if not connections[write_alias()].is_usable():
            raise
        # The shop's own tables are asked, which may be locked or slow for a while.
        logger.exception("%s: marks of relations wait for the next time", catalogue.name)


def _collect_objects(catalogue: str) -> int:
    with (
        transaction.atomic(using=write_alias()),
        connections[write_alias()].cursor() as cursor,
    ):
        cursor.execute(
            """
            DELETE FROM shopreco_mark WHERE id IN (
                SELECT id FROM shopreco_mark WHERE catalogue = %s AND path = ''
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            ) RETURNING key
            """,
            [catalogue, MARKS_PER_PAGE],
        )
        keys = [key for (key,) in cursor.fetchall()]
        outbox.enqueue(catalogue, keys, Change.Priority.SAVED)
    return len(keys)


def _expand_relations(catalogue: Catalogue) -> int:
    """Enqueue the objects that are related to marked rows; returns the number of marks.

    Each page of objects is a transaction of its own, and the marks are deleted last. If the worker
    dies in between, the same objects are enqueued once more.
    """
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            "SELECT id, path, key FROM shopreco_mark WHERE catalogue = %s AND path <> '' "
            "ORDER BY id LIMIT %s",
            [catalogue.name, RELATIONS_PER_PAGE],
        )
        rows = cursor.fetchall()
    by_path: dict[str, dict[str, None]] = {}
    for _id, path, key in rows:
        by_path.setdefault(path, {})[key] = None
    for path, keys in by_path.items():
        objects = _objects_with(catalogue, path, list(keys))
        while page := list(islice(objects, MARKS_PER_PAGE)):
            outbox.enqueue(catalogue.name, page, Change.Priority.RELATED)
    with connections[write_alias()].cursor() as cursor:
        ids = [id for id, _path, _key in rows]
        cursor.execute("DELETE FROM shopreco_mark WHERE id = ANY(%s)", [ids])
    return len(rows)


def _objects_with(catalogue: Catalogue, path: str, keys: Sequence[str]) -> Iterator[str]:
    """Keys of the objects that have one of these rows at the end of a path.

    Of a tree, also of those that have a row below. It reads the database where objects are written.
    """
    tree = catalogue.trees.get(path)
    if tree is None and path not in catalogue.relations:
        logger.warning(
            "%s does not follow %s any more: re-index it to be sure of the rest",
            catalogue.name,
            path,
        )
        return
    database = router.db_for_write(catalogue.model)
    objects = catalogue.model._base_manager.using(database)
    try:
        lookup = lookup_of(catalogue.model, tree.relation if tree else path)
        found = below(tree, keys, database) if tree else keys
        condition = {f"{lookup}__pk__in" if lookup else "pk__in": found}
        having = objects.filter(**condition).order_by("pk").distinct()
    except (TypeError, ValueError, ValidationError):
        # A key of another type: the related model was changed since.
        logger.exception("%s: %s of %s are no keys any more", catalogue.name, keys, path)
        return
    for pk in having.values_list("pk", flat=True).iterator(MARKS_PER_PAGE):
        yield str(pk)
