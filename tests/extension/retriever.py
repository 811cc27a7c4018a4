from __future__ import annotations

from django.db import connections

from shopreco.db.routing import read_alias
from shopreco.retrieval.base import Candidates, Context, Retriever, nothing

CHEAPER = """
    SELECT i.id, i.group_id, 1 - i.price / seed.price AS saved
    FROM shopreco_item i JOIN shopreco_item seed ON seed.id = %s AND i.price < seed.price
    WHERE i.catalogue = %s AND i.outcome = 'indexed' AND {where}
    ORDER BY saved DESC, i.id LIMIT %s
"""


class Cheaper(Retriever):
    """What costs less than the seed, the cheapest first."""

    name = "cheaper"
    columns = ("cheaper",)
    label = "costs less"

    def retrieve(self, context: Context, k: int) -> Candidates:
        if context.seed is None:
            return nothing("cheaper")
        where = context.filters.where()
        with connections[read_alias()].cursor() as cursor:
            cursor.execute(
                CHEAPER.format(where=where.sql),
                [context.seed, context.space.catalogue, *where.params, k],
            )
            rows = cursor.fetchall()
        return Candidates.from_rows(rows, "cheaper", complete=len(rows) < k)
