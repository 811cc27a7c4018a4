"""The shop that a connection means: a database, and a schema in it.

One process may answer for many shops. Ids begin at 1 in each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, NamedTuple, TypeVar

from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from shopreco.db.routing import read_alias


class Shop(NamedTuple):
    """The place of the tables that a connection means at this moment."""

    database: str
    """Alias of the connection."""
    schema: str
    """The schema that a backend for tenants names, else the search path."""


T = TypeVar("T")

_answering: ContextVar[dict[str, Shop] | None] = ContextVar("shopreco_answering", default=None)


@contextmanager
def answering() -> Iterator[None]:
    """Find out the shop once for one answer, which reads one shop of each database."""
    if _answering.get() is not None:
        yield
        return
    token = _answering.set({})
    try:
        yield
    finally:
        _answering.reset(token)


def current_shop(database: str) -> Shop:
    """The shop that a connection means now, also after a `SET search_path` by hand.

    It takes no round trip with a backend for tenants (`schema_name`), nor with PostgreSQL 18 or
    newer, which reports the search path; else one.
    """
    known = _answering.get()
    if known is not None and database in known:
        return known[database]
    shop = Shop(database, _schema(connections[database]))
    if known is not None:
        known[database] = shop
    return shop


def answering_shop() -> Shop:
    """The shop whose tables answers are read from."""
    return current_shop(read_alias())


def _schema(connection: Any) -> str:
    if named := getattr(connection, "schema_name", None):
        return str(named)
    # A backend that is not Django's may choose the schema when it opens a cursor.
    if connection.__class__ is DatabaseWrapper and connection.connection is not None:
        path = connection.connection.info.parameter_status("search_path")
        if path is not None:
            return str(path)
    with connection.cursor() as cursor:
        path = connection.connection.info.parameter_status("search_path")
        if path is None:
            cursor.execute("SELECT current_setting('search_path')")
            (path,) = cursor.fetchone()
    return str(path)


def beside(database: str, work: Callable[[], T]) -> Callable[[], T]:
    """Prepare work for another thread: on a connection of its own, in the same schema."""
    shop, context = current_shop(database), copy_context()
    tenant = getattr(connections[database], "tenant", None)

    def run() -> T:
        connection = connections[database]
        try:
            if tenant is not None:
                connection.set_tenant(tenant)  # type: ignore[attr-defined]  # django-tenants
                return work()
            with _search_path(connection, shop.schema):
                return work()
        finally:
            connections.close_all()

    return lambda: context.run(run)


@contextmanager
def _search_path(connection: Any, path: str) -> Iterator[None]:
    before = _schema(connection)
    if path == before:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, false)", [path])
        try:
            yield
        finally:
            # The connection may go back to a pool.
            cursor.execute("SELECT set_config('search_path', %s, false)", [before])
