"""Health: what keeps a process from searching, in sentences that name the fix."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import psycopg
from django.db import DatabaseError, Error, connections

from shopreco.catalogues import Catalogue, get_catalogues
from shopreco.db import extensions
from shopreco.db.process_cache import NotYetRead
from shopreco.db.routing import read_alias, write_alias
from shopreco.queries.entities import VOCABULARIES
from shopreco.queries.query_vectors import query_encoder
from shopreco.queries.terms import FREQUENCIES
from shopreco.spaces.serving import served_space

logger = logging.getLogger(__name__)

READING_SECONDS = 1.0
"""How long this waits for what a process keeps; probes have little patience themselves."""
UNDEFINED = ("42P01", "42703")
"""PostgreSQL's codes of a table and of a column that are not there."""
GONE = ("08", "57P")
"""How its codes of a server that stops, or whose connection is lost, begin."""


def search_problems() -> Iterator[str]:
    """Say what keeps this process from searching; addresses and traces stay in the log.

    The first call loads the query encoders, and what a process keeps in memory.
    """
    try:
        yield from missing_extensions()
        for catalogue in get_catalogues():
            yield from _problems_of(catalogue)
    except DatabaseError:
        logger.exception("not ready: the database")
        yield "The database does not answer, or has no tables of shopreco yet: run migrate."


def missing_extensions() -> Iterator[str]:
    """Say which extensions the database that answers lacks, or has too old."""
    alias = read_alias()
    for name, minimum in extensions.NEEDED.items():
        found = extensions.installed(connections[alias], name)
        if found is None or found.number < minimum:
            version, needed = found.version if found else "missing", ".".join(map(str, minimum))
            yield f"The extension {name} is {version}; it must be {needed} or newer."
        elif not found.searched:
            yield found.unsearched(alias)


def _problems_of(catalogue: Catalogue) -> Iterator[str]:
    space = served_space(catalogue.name)
    if space is None:
        yield f"{catalogue.name} has no active space: run shopreco_reindex."
        return
    try:
        query_encoder(space).encode_query(catalogue.name)
    except Exception:
        logger.exception("not ready: the query encoder of %s", catalogue.name)
        yield (
            f"{catalogue.name} has no working query encoder: the log says why. Web processes "
            "need the ARTEFACT_DIR that workers write."
        )
    for kept, what in ((FREQUENCIES, "words"), (VOCABULARIES, "names of the graph")):
        try:
            kept.of(space, patience=READING_SECONDS)
        except NotYetRead:
            yield f"The {what} of {catalogue.name} are being read: ask again in a moment."
        except Exception:
            # Answers do without, and name it.
            logger.exception("the %s of %s cannot be read", what, catalogue.name)


def wrong_database() -> str:
    """Say why the database cannot hold the index at all: it is no PostgreSQL. Empty if it can."""
    return extensions.not_postgresql(connections[write_alias()])


def database_problem(error: Error) -> str:
    """Say what an error of the database means to whoever installs; empty for any other."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error):
        return ""
    if cause.sqlstate in UNDEFINED:
        said = cause.diag.message_primary
        return f"The database lacks what migrations make ({said}): run `manage.py migrate` first."
    # Without a code libpq has not reached a server, or has lost it.
    is_gone = cause.sqlstate is None or cause.sqlstate.startswith(GONE)
    is_operational = isinstance(cause, psycopg.OperationalError)
    return extensions.unanswered(cause) if is_gone and is_operational else ""
