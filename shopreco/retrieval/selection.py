"""Narrowing and ordering of items by their columns: browsing, chosen filters, sort orders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.db import connections, router
from numpy.typing import NDArray

from shopreco.exceptions import UnknownFilter
from shopreco.models import Item
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.matches import Hits

MAX_HITS = 10_000

RELEVANCE = "relevance"
ORDERS = {
    "price_asc": "i.price ASC NULLS LAST, i.id",
    "price_desc": "i.price DESC NULLS LAST, i.id",
    "newest": "i.added_at DESC NULLS LAST, i.parent_id <> '', i.id DESC",
    "title": "i.title, i.id",
}


def check_order(sort: str) -> None:
    if sort not in {RELEVANCE, *ORDERS}:
        raise UnknownFilter(f"sort is {sort!r:.80}; it must be {', '.join([RELEVANCE, *ORDERS])}.")


def browse(catalogue: str, filters: Filters, sort: str) -> Hits:
    """Items without a query, the newest first unless another order is asked for."""
    where = filters.where()
    order = ORDERS.get(sort, ORDERS["newest"])
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            f"""
            SELECT i.id, i.group_id, 0.0 FROM shopreco_item i
            WHERE i.catalogue = %s AND i.outcome = 'indexed' AND {where.sql}
            ORDER BY {order} LIMIT {MAX_HITS:d}
            """,
            [catalogue, *where.params],
        )
        return Hits.from_rows(cursor.fetchall())


def passing(item_ids: NDArray[np.int64], filters: Filters) -> NDArray[np.bool_]:
    """Which of the items pass the filters; (n,)."""
    where = filters.where()
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            f"SELECT i.id FROM shopreco_item i WHERE i.id = ANY(%s) AND {where.sql}",
            [item_ids.tolist(), *where.params],
        )
        kept = np.fromiter((row[0] for row in cursor.fetchall()), dtype=np.int64)
    return np.isin(item_ids, kept)


def ordered(item_ids: Sequence[int], sort: str) -> NDArray[np.intp]:
    """Positions of the items in a sort order other than relevance; (n,)."""
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            f"SELECT i.id FROM shopreco_item i WHERE i.id = ANY(%s) ORDER BY {ORDERS[sort]}",
            [list(item_ids)],
        )
        position = {item_id: n for n, (item_id,) in enumerate(cursor.fetchall())}
    last = len(position)
    return np.argsort([position.get(i, last) for i in item_ids], kind="stable")
