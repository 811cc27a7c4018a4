"""Exact BM25F inside PostgreSQL: a GIN index on term ids finds, a sparse inner product scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connections, router
from pgvector import SparseVector

from shopreco.indexing.lexicon import EVERY_ITEM, TERM_SPACE
from shopreco.models import EmbeddingSpace, LexicalEntry
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.matches import Hits, Statement
from shopreco.text import Token, essential_terms, inverse_document_frequency, term_id

CUT = 0.3
"""Share of the query's idf mass that an item must reach, to leave rubbish out."""
MAX_HITS = 10_000


@dataclass(frozen=True, slots=True)
class LexicalQuery:
    """A query as weighted terms of one space; `maximum` bounds the score of any item."""

    tokens: tuple[Token, ...]
    idf: dict[int, float]
    essential: tuple[int, ...]
    maximum: float

    @property
    def weights(self) -> str:
        """The query as a `sparsevec` literal."""
        return SparseVector({i - 1: w for i, w in self.idf.items()}, TERM_SPACE).to_text()


def lexical_query(space: EmbeddingSpace, tokens: Sequence[Token]) -> LexicalQuery | None:
    """Weigh the tokens of a query; None if no item has any of them."""
    ids = {term_id(token.term) for token in tokens}
    frequencies = document_frequencies(space, ids)
    n = frequencies.pop(EVERY_ITEM, 0)
    idf = {each: inverse_document_frequency(df, n) for each, df in frequencies.items() if df > 0}
    if not idf:
        return None
    essential = essential_terms(idf, CUT)
    return LexicalQuery(tuple(tokens), idf, tuple(essential), sum(idf.values()))


def document_frequencies(space: EmbeddingSpace, ids: set[int]) -> dict[int, int]:
    """Document frequency by term id; `EVERY_ITEM` maps to N."""
    with connections[router.db_for_read(LexicalEntry)].cursor() as cursor:
        cursor.execute(
            "SELECT term_id, document_frequency FROM shopreco_lexiconterm "
            "WHERE space_id = %s AND term_id = ANY(%s)",
            [space.pk, [EVERY_ITEM, *ids]],
        )
        return dict(cursor.fetchall())


def statement(space: EmbeddingSpace, query: LexicalQuery, scope: Filters) -> Statement:
    """The SQL that finds and scores. `space_id` stands in the text for the partial index."""
    join = "JOIN shopreco_item i ON i.id = l.item_id" if scope else ""
    where = scope.where()
    sql = f"""
        SELECT item_id, group_id, score FROM (
            SELECT l.item_id, l.group_id, -(l.weights <#> %s::sparsevec) AS score
            FROM shopreco_lexicalentry l {join}
            WHERE l.space_id = {space.pk:d} AND l.term_ids && %s::int[] AND {where.sql}
            OFFSET 0
        ) AS scored
        WHERE score >= %s ORDER BY score DESC, item_id LIMIT {MAX_HITS:d}
    """
    cut = CUT * query.maximum
    return Statement(sql, (query.weights, list(query.essential), *where.params, cut))


def retrieve(space: EmbeddingSpace, query: LexicalQuery, scope: Filters) -> Hits:
    """Every item whose BM25F score reaches `CUT`, the best first."""
    with connections[router.db_for_read(LexicalEntry)].cursor() as cursor:
        sql, params = statement(space, query, scope)
        cursor.execute(sql, params)
        return Hits.from_rows(cursor.fetchall())


def scores(space: EmbeddingSpace, query: LexicalQuery, item_ids: Sequence[int]) -> dict[int, float]:
    """Exact BM25F of given items, by item id."""
    with connections[router.db_for_read(LexicalEntry)].cursor() as cursor:
        cursor.execute(
            "SELECT item_id, -(weights <#> %s::sparsevec) FROM shopreco_lexicalentry "
            f"WHERE space_id = {space.pk:d} AND item_id = ANY(%s)",
            [query.weights, list(item_ids)],
        )
        return dict(cursor.fetchall())
