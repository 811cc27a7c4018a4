"""Exact BM25F inside PostgreSQL: a GIN index on term ids finds, a sparse inner product scores."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db import connections, router

from shopreco.indexing.lexicon import EVERY_ITEM, TERM_SPACE
from shopreco.models import EmbeddingSpace, LexiconTerm
from shopreco.retrieval.asking import Asked, Statement, as_arrays, read_arrays
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.kept import Kept
from shopreco.retrieval.matches import Hits
from shopreco.text import (
    KnownTerm,
    QueryTerm,
    essential_terms,
    get_analyser,
    query_terms,
    query_weights,
    term_id,
)

CUT = 0.25
"""Share of the query's mass that an item must reach: leaves rubbish out, and most items unread."""
MAX_HITS = 10_000
SIMILAR = 20
NO_WORDS = f"{{}}/{TERM_SPACE}"
COLUMNS = {"item_id": "i8", "group_id": "i8", "score": "f8"}


@dataclass(frozen=True)
class LexicalQuery:
    """A query as weighted terms of one space: q(t) by term id, and the terms as they were read."""

    terms: tuple[QueryTerm, ...]
    weights: Mapping[int, float]

    @property
    def mass(self) -> float:
        """Sum of q(t): the score that no item reaches quite."""
        return sum(self.weights.values())

    @property
    def corrected(self) -> str:
        """The words that were understood, where that took a correction; else nothing."""
        if all(term.typed == term.read_as for term in self.terms):
            return ""
        return " ".join(term.read_as for term in self.terms)

    @cached_property
    def essential(self) -> list[int]:
        """Of these terms an item has at least one if it reaches `CUT`."""
        return essential_terms(self.weights, CUT)

    @cached_property
    def literal(self) -> str:
        """q as a `sparsevec`, divided by its mass so that scores lie between 0 and 1."""
        mass = self.mass
        elements = ",".join(f"{i}:{w / mass:.6g}" for i, w in sorted(self.weights.items()))
        return f"{{{elements}}}/{TERM_SPACE}"


FREQUENCIES: Kept[tuple[int, int], int] = Kept(most=100_000, seconds=60)
"""Of the terms that are asked for, by space and term: a new word is known at once, and how many
items have it is soon known again."""


def _frequencies(asked: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    with connections[router.db_for_read(LexiconTerm)].cursor() as cursor:
        cursor.execute(
            "SELECT term_id, document_frequency FROM shopreco_lexiconterm "
            "WHERE space_id = %s AND term_id = ANY(%s) AND document_frequency > 0",
            [asked[0][0], [term for _space, term in asked]],
        )
        return {(asked[0][0], term): frequency for term, frequency in cursor.fetchall()}


class SpaceLexicon:
    """The words of a space, as `shopreco.text.Lexicon` asks for them."""

    def __init__(self, space: EmbeddingSpace) -> None:
        self.space = space
        self.documents = 0

    def frequencies(self, terms: Collection[str]) -> dict[str, int]:
        """Document frequency by known term; notes N on the way."""
        by_id = {term_id(term): term for term in terms}
        asked = ((self.space.pk, each) for each in (EVERY_ITEM, *by_id))
        found = {each: n for (_space, each), n in FREQUENCIES.get(asked, _frequencies).items()}
        self.documents = found.pop(EVERY_ITEM, self.documents)
        return {by_id[each]: frequency for each, frequency in found.items()}

    def similar(self, surfaces: Collection[str]) -> dict[str, list[KnownTerm]]:
        """The known words that share most trigrams with each."""
        found: dict[str, list[KnownTerm]] = {}
        with connections[router.db_for_read(LexiconTerm)].cursor() as cursor:
            cursor.execute(
                f"""
                SELECT asked, t.term, t.surface, t.document_frequency
                FROM unnest(%s::text[]) AS asked CROSS JOIN LATERAL (
                    SELECT term, surface, document_frequency FROM shopreco_lexiconterm
                    WHERE space_id = %s AND surface %% asked AND document_frequency > 0
                    ORDER BY similarity(surface, asked) DESC, document_frequency DESC, surface
                    LIMIT {SIMILAR:d}
                ) AS t
                """,
                [list(surfaces), self.space.pk],
            )
            for asked, *known in cursor.fetchall():
                found.setdefault(asked, []).append(KnownTerm(*known))
        return found


def lexical_query(space: EmbeddingSpace, text: str, language: str) -> LexicalQuery | None:
    """Read a query against the words of a space; None if it has none of them."""
    analyser, lexicon = get_analyser(language), SpaceLexicon(space)
    tokens = analyser.tokens(text)
    if not tokens:
        return None
    terms = query_terms(tokens, analyser, lexicon)
    weights = query_weights(terms, lexicon.documents)
    hashed = {term_id(term): weight for term, weight in weights.items()}
    return LexicalQuery(tuple(terms), hashed) if hashed else None


def statement(space: EmbeddingSpace, query: LexicalQuery, scope: Filters) -> Statement:
    """The SQL that finds every item whose BM25F score, from 0 to 1, reaches `CUT`, the best first.

    `space_id` stands in the text for the partial index.
    """
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
    return Statement(sql, (query.literal, query.essential, *where.params, CUT))


def ask(space: EmbeddingSpace, query: LexicalQuery, scope: Filters) -> Asked:
    """Have the server look for the words; `read` the answer."""
    return Asked(as_arrays(statement(space, query, scope), COLUMNS))


def read(asked: Asked) -> Hits:
    return Hits(*read_arrays(asked.row(), COLUMNS))
