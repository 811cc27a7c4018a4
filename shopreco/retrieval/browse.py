"""Browse: lists without a query. Also which items pass filters, and their sort order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from shopreco.db.process_cache import ShopCache
from shopreco.db.routing import read_alias
from shopreco.db.shops import answering_shop
from shopreco.queries.conditions import Condition, Filters
from shopreco.ranking import collapse_groups
from shopreco.retrieval.base import Candidates

MAX_COUNTED = 10_000
"""Matches that are counted; beyond them a total is "at least"."""
MORE_SECONDS = 60
"""Seconds that a process remembers that a list has more than are counted."""
MAX_ROWS = 100_000
"""Items that a page is read from. Products with very many variants do not get all pages."""

INDEXED = "i.catalogue = %s AND i.outcome = 'indexed'"

_more_until: ShopCache[float] = ShopCache(max_size=10_000)


@dataclass(frozen=True, slots=True)
class Total:
    """A number of matches: exact, or a lower bound."""

    count: int
    is_exact: bool


def browse(
    catalogue: str,
    filters: Filters,
    order: Condition,
    wanted: int,
    *,
    collapse: bool,
    at_once: int = 0,
) -> Candidates:
    """List at least `wanted` items in order; with `collapse` the first of each group.

    Reads four times as many rows each time, until there are enough groups.

    at_once: number of rows that are read first, at least.
    """
    rows = max(wanted, at_once)
    while True:
        hits = _first(catalogue, filters, order, rows)
        places = collapse_groups(hits.group_ids) if collapse else np.arange(len(hits))
        if hits.complete or len(places) >= wanted or rows >= MAX_ROWS:
            return hits.take(places)
        rows = min(4 * rows, MAX_ROWS)


def _first(catalogue: str, filters: Filters, order: Condition, rows: int) -> Candidates:
    where = filters.where()
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            f"""
            SELECT i.id, i.group_id FROM shopreco_item i
            WHERE {INDEXED} AND {where.sql} ORDER BY {order.sql} LIMIT {rows:d}
            """,
            [catalogue, *where.params, *order.params],
        )
        found = cursor.fetchall()
    ids = np.array(found, dtype=np.int64).reshape(-1, 2)
    return Candidates(ids[:, 0], ids[:, 1], {}, "browse", complete=len(found) < rows)


def count(catalogue: str, filters: Filters, *, collapse: bool) -> Total:
    """Count the items, or groups, that pass, up to `MAX_COUNTED`.

    Reads on, as far as the groups so far suggest, until there are enough. That there are more is
    remembered for `MORE_SECONDS`; a smaller number is counted each time.
    """
    where = filters.where()
    key = (answering_shop(), catalogue, filters.digest, collapse)
    if monotonic() < (_more_until.get(key) or 0.0):
        return Total(MAX_COUNTED, is_exact=False)
    rows = MAX_COUNTED + 1
    while True:
        with connections[read_alias()].cursor() as cursor:
            cursor.execute(
                f"""
                SELECT count(*), coalesce(sum(items), 0) FROM (
                    SELECT count(*) AS items FROM (
                        SELECT i.id, i.group_id FROM shopreco_item i
                        WHERE {INDEXED} AND {where.sql} LIMIT {rows:d}
                    ) AS passing GROUP BY {"group_id" if collapse else "id"}
                ) AS counted
                """,
                [catalogue, *where.params],
            )
            found, read = cursor.fetchone()
        if found > MAX_COUNTED:
            _more_until.put(key, monotonic() + MORE_SECONDS)
            return Total(MAX_COUNTED, is_exact=False)
        if read < rows or rows >= MAX_ROWS:
            return Total(found, is_exact=read < rows)
        rows = min(1 + rows * rows * 5 // (4 * found), MAX_ROWS)


def passing(item_ids: NDArray[np.int64], filters: Filters) -> NDArray[np.bool_]:
    """Whether each item passes the filters, (n,)."""
    where = filters.where()
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            f"SELECT i.id FROM shopreco_item i WHERE i.id = ANY(%s) AND {where.sql}",
            [item_ids.tolist(), *where.params],
        )
        kept = np.fromiter((row[0] for row in cursor.fetchall()), dtype=np.int64)
    return np.isin(item_ids, kept)


def ordered(item_ids: Sequence[int], order: Condition) -> NDArray[np.intp]:
    """Positions of items in a sort order other than relevance, (n,)."""
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            f"SELECT i.id FROM shopreco_item i WHERE i.id = ANY(%s) ORDER BY {order.sql}",
            [list(item_ids), *order.params],
        )
        position = {item_id: n for n, (item_id,) in enumerate(cursor.fetchall())}
    last = len(position)
    return np.argsort([position.get(i, last) for i in item_ids], kind="stable")
