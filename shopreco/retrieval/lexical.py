"""Lexical retrieval: exact BM25F inside PostgreSQL. A GIN index on term ids finds, a sparse inner
product scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shopreco.db.statements import PendingStatement, Statement, as_arrays, read_arrays
from shopreco.models import EmbeddingSpace
from shopreco.queries.conditions import Condition, Filters
from shopreco.queries.terms import CUT, LexicalQuery
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, Retriever, nothing

MAX_HITS = 10_000
ONE = "1::float8"
"""A bare 1 is an integer, whose conversion costs a statement 0.1 ms."""
COLUMNS = {"item_id": "i8", "group_id": "i8", "score": "f8"}
BEST_FIRST = Condition("score DESC, item_id")
NOTHING = nothing("lexical")


def score(weights: str) -> str:
    """The SQL of the BM25F score of an entry `l`, 0 to 1; NaN if the item has no words."""
    shared = f"-(l.weights <#> {weights})"
    return f"CASE WHEN l.has_words OR {shared} > 0 THEN least({ONE}, {shared}) ELSE 'NaN' END"


def statement(
    space: EmbeddingSpace, query: LexicalQuery, filters: Filters, order: Condition = BEST_FIRST
) -> Statement:
    """The SQL that finds every item whose BM25F score, 0 to 1, reaches `CUT`, up to `MAX_HITS`.

    Beyond that it takes the first in an order of `i`; by default the best. `space_id` stands in the
    text, for the partial index.
    """
    ordered = order != BEST_FIRST
    join = "JOIN shopreco_item i ON i.id = l.item_id" if filters else ""
    again = "JOIN shopreco_item i ON i.id = scored.item_id" if ordered else ""
    where = filters.where()
    sql = f"""
        SELECT item_id, scored.group_id, score FROM (
            SELECT l.item_id, l.group_id, least({ONE}, -(l.weights <#> %s::sparsevec)) AS score
            FROM shopreco_lexicalentry l {join}
            WHERE l.space_id = {space.pk:d} AND l.term_ids && %s::int[] AND {where.sql}
            OFFSET 0
        ) AS scored {again}
        WHERE score >= %s ORDER BY {order.sql} LIMIT {MAX_HITS:d}
    """
    return Statement(sql, (query.literal, query.essential, *where.params, CUT, *order.params))


def ask(
    space: EmbeddingSpace, query: LexicalQuery, filters: Filters, order: Condition = BEST_FIRST
) -> PendingStatement:
    """Send the statement of a query, and do not wait; `read` returns the candidates."""
    return PendingStatement(as_arrays(statement(space, query, filters, order), COLUMNS))


def read(asked: PendingStatement) -> Candidates:
    item_ids, group_ids, scores = read_arrays(asked.row(), COLUMNS)
    complete = len(item_ids) < MAX_HITS
    return Candidates(item_ids, group_ids, {"lexical": scores}, "lexical", complete)


class LexicalRetriever(Retriever):
    """Finds the items with the highest BM25F score."""

    name = "lexical"
    columns = ("lexical",)
    needs_query = True

    def retrieve(self, context: Context, k: int) -> Candidates:
        if context.words is None:
            return NOTHING
        found = read(ask(context.space, context.words, context.filters))
        if len(found) <= k:
            return found
        return replace(found.take(np.arange(k)), complete=False)


RETRIEVERS.register("lexical", LexicalRetriever())
