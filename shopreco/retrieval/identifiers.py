"""Retrieval by number: items that carry the query as an identifier lead, items whose words have it
follow. Items that are only near in meaning are not found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from django.db import connections

from shopreco.db.routing import read_alias
from shopreco.models import EmbeddingSpace
from shopreco.models.lexicon import TERM_SPACE
from shopreco.queries.conditions import Condition, Filters
from shopreco.retrieval.base import Candidates, nothing
from shopreco.retrieval.lexical import MAX_HITS
from shopreco.text import get_analyser, term_id
from shopreco.text.identifiers import normalise_identifier, written_identifier

MAX_EXACT = 100
BEST_FIRST = Condition("score DESC, i.parent_id <> '', i.id")


def carrying(catalogue: str, text: str, scope: Filters) -> Candidates:
    """Items that carry the whole query as an identifier, with score 1; the same spelling first."""
    identifier = normalise_identifier(text)
    # Words without a digit are hardly ever meant as a number.
    if not any(c.isdigit() for c in identifier):
        return nothing("identifier")
    where = scope.where()
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            f"""
            SELECT i.id, i.group_id, 1.0 FROM shopreco_item i
            WHERE i.identifiers @> ARRAY[%s]::varchar[] AND i.identifiers <> '{{}}'
              AND i.catalogue = %s AND i.outcome = 'indexed' AND {where.sql}
            ORDER BY NOT i.identifiers @> ARRAY[%s]::varchar[], i.parent_id <> '', i.id
            LIMIT {MAX_EXACT:d}
            """,
            [identifier, catalogue, *where.params, written_identifier(text)],
        )
        return Candidates.from_rows(cursor.fetchall(), "identifier")


def saying(
    space: EmbeddingSpace,
    text: str,
    language: str,
    filters: Filters,
    order: Condition = BEST_FIRST,
) -> Candidates:
    """Items whose words have the number, as one term or in all its parts, scored by BM25F.

    Up to `MAX_HITS`: the best, or the first in an order of `i`."""
    tokens = get_analyser(language).tokens(text)
    whole = get_analyser(language).tokens(normalise_identifier(text))
    one = [term_id(token.term) for token in whole[:1]]
    parts = sorted({term_id(token.term) for token in tokens} - {*one})
    said = [Condition("l.term_ids @> %s::int[]", (terms,)) for terms in (one, parts) if terms]
    if not said:
        return nothing("lexical")
    asked = f"{{{','.join(f'{each}:1' for each in sorted([*one, *parts]))}}}/{TERM_SPACE}"
    where = filters.where()
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            f"""
            SELECT l.item_id, l.group_id, -(l.weights <#> %s::sparsevec) AS score
            FROM shopreco_lexicalentry l JOIN shopreco_item i ON i.id = l.item_id
            WHERE l.space_id = {space.pk:d} AND ({" OR ".join(each.sql for each in said)})
              AND {where.sql}
            ORDER BY {order.sql} LIMIT {MAX_HITS:d}
            """,
            [asked, *(p for each in said for p in each.params), *where.params, *order.params],
        )
        rows = cursor.fetchall()
    return Candidates.from_rows(rows, "lexical", complete=len(rows) < MAX_HITS)


def leading(exact: Candidates, others: Candidates) -> Candidates:
    """Join items that carry the number with those whose words have it, in this order."""
    first = replace(
        exact,
        columns={"identifier": np.ones(len(exact)), "lexical": np.zeros(len(exact))},
        complete=True,
    )
    said = {"identifier": np.zeros(len(others)), "lexical": np.full(len(others), 0.5)}
    return first.join(replace(others, columns=said, source="identifier"))
