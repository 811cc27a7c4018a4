"""The exact short cut: a typed SKU, EAN or model number finds its object and nothing else."""

from __future__ import annotations

from django.db import connections, router

from shopreco.catalogues.base import normalise_identifier
from shopreco.models import Item
from shopreco.retrieval.conditions import Filters
from shopreco.retrieval.matches import NO_HITS, Hits


def retrieve(catalogue: str, text: str, scope: Filters) -> Hits:
    """Items that carry the whole query as an identifier; score 1."""
    identifier = normalise_identifier(text)
    # Words without a digit are hardly ever meant as a number.
    if not any(c.isdigit() for c in identifier):
        return NO_HITS
    where = scope.where()
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            f"""
            SELECT i.id, i.group_id, 1.0 FROM shopreco_item i
            WHERE i.identifiers @> ARRAY[%s]::varchar[] AND i.identifiers <> '{{}}'
              AND i.catalogue = %s AND i.outcome = 'indexed' AND {where.sql}
            ORDER BY i.parent_id <> '', i.id LIMIT 100
            """,
            [identifier, catalogue, *where.params],
        )
        return Hits.from_rows(cursor.fetchall())
