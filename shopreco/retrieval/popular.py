"""Retrieval by statistics, without a seed: what is popular, and what is trending."""

from __future__ import annotations

from django.db import connections
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shopreco.db.routing import read_alias
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, Retriever

BEST = """
    SELECT i.id, i.group_id, s.{statistic} FROM shopreco_itemstatistic s
    JOIN shopreco_item i ON i.catalogue = s.catalogue AND i.group_id = s.group_id
    WHERE s.catalogue = %s AND s.{statistic} > 0 AND i.outcome = 'indexed' AND {where}
    ORDER BY s.{statistic} DESC, i.parent_id <> '', i.id LIMIT %s
"""
"""Each variant of a product is a candidate: which of them may be shown is known to the page."""


class StatisticRetriever(Retriever):
    """Finds the products with the highest value of a column of `ItemStatistic`."""

    def __init__(self, name: str, statistic: str, label: Promise) -> None:
        self.name = name
        self.columns = (name,)
        self.statistic = statistic
        self.label = label

    def retrieve(self, context: Context, k: int) -> Candidates:
        where = context.filters.where()
        with connections[read_alias()].cursor() as cursor:
            cursor.execute(
                BEST.format(statistic=self.statistic, where=where.sql),
                [context.space.catalogue, *where.params, k],
            )
            rows = cursor.fetchall()
        return Candidates.from_rows(rows, self.name, complete=len(rows) < k)


for _name, _statistic, _label in (
    ("popular", "popularity", _("is popular")),
    ("trending", "trending", _("is trending")),
):
    RETRIEVERS.register(_name, StatisticRetriever(_name, _statistic, _label))
