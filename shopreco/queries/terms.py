"""Query terms: read against the lexicon of a space, corrected and weighted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from shopreco.db.process_cache import NotYetRead, SpaceCache
from shopreco.db.routing import read_alias
from shopreco.db.statements import Statement, as_arrays, fetch_row, read_arrays
from shopreco.models import EmbeddingSpace
from shopreco.models.lexicon import EVERY_ITEM, TERM_SPACE, WORDLESS
from shopreco.text import (
    KnownTerm,
    QueryTerm,
    Token,
    deletions,
    ending_with,
    essential_terms,
    get_analyser,
    query_terms,
    query_weights,
    term_id,
)
from shopreco.text.exclusion import is_preposition, without_excluded

CUT = 0.25
"""Cutoff: share of the query's mass that an item must reach. It drops rubbish, and most items stay
unread."""
SIMILAR = 20
MAX_KNOWN_TERMS = 100
"""Known terms that a misspelt word may mean, or compounds that a word stands for."""
MAX_TERMS_PER_SPACE = 200_000
"""Terms whose frequencies a process caches, in 3 MB. Those of rarer terms are read from the
database."""
MAX_CACHED_TERMS = 10 * MAX_TERMS_PER_SPACE
"""Terms that a process caches for all shops."""
NO_WORDS = f"{{}}/{TERM_SPACE}"
FOUND_BY = f"""
    SELECT term, surface, document_frequency FROM shopreco_lexiconterm
    WHERE space_id = %(space)s AND found_by && wanted.texts AND document_frequency > 0
    ORDER BY document_frequency DESC, surface LIMIT {MAX_KNOWN_TERMS:d}
"""
LIKE = f"""
    SELECT term, surface, document_frequency FROM shopreco_lexiconterm
    WHERE space_id = %(space)s AND typed %% wanted.asked AND document_frequency > 0
    ORDER BY similarity(typed, wanted.asked) DESC, document_frequency DESC, surface
    LIMIT {SIMILAR:d}
"""


@dataclass(frozen=True)
class LexicalQuery:
    """A query as weighted terms of one space: q(t) by term id, and the terms as they were read."""

    terms: tuple[QueryTerm, ...]
    weights: Mapping[int, float]
    mass: float
    """Sum of q(t) over the words of the query: a score that hardly any item reaches."""

    @property
    def corrected(self) -> str:
        """The corrected words of the query; empty if nothing was corrected."""
        if all(term.typed == term.read_as for term in self.terms):
            return ""
        return " ".join(term.read_as for term in self.terms)

    @cached_property
    def essential(self) -> list[int]:
        """Term ids, one of which every item has that reaches `CUT`: essential terms."""
        return essential_terms(self.weights, CUT, self.mass)

    @cached_property
    def literal(self) -> str:
        """q as a literal of `sparsevec`, divided by its mass, so that scores are from 0 to 1."""
        mass = self.mass
        elements = ",".join(f"{i}:{w / mass:.6g}" for i, w in sorted(self.weights.items()))
        return f"{{{elements}}}/{TERM_SPACE}"


class Frequencies(NamedTuple):
    """Document frequencies: term ids, ascending, and numbers of items; both (t,)."""

    term_ids: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def some_lack_words(self) -> bool:
        """Whether some items have no words."""
        return bool((self.term_ids[:1] == WORDLESS).any())

    def of(self, term_ids: Sequence[int]) -> dict[int, int]:
        """Document frequency by term id, of the terms that are cached."""
        if not len(self.term_ids):
            return {}
        places = np.searchsorted(self.term_ids, term_ids).clip(max=len(self.term_ids) - 1)
        known = zip(self.term_ids[places].tolist(), self.counts[places].tolist(), strict=True)
        return {
            asked: count
            for asked, (term, count) in zip(term_ids, known, strict=True)
            if asked == term
        }


NO_FREQUENCIES = Frequencies(np.empty(0, np.int64), np.empty(0, np.int64))


def read_frequencies(space: EmbeddingSpace) -> Frequencies:
    """Read the frequencies of the most frequent terms of a space, and the numbers of its items."""
    sql = """
        SELECT term_id, document_frequency FROM (
            SELECT term_id, document_frequency FROM shopreco_lexiconterm
            WHERE space_id = %s AND document_frequency > 0
            ORDER BY term_id > 0, document_frequency DESC, term_id LIMIT %s
        ) AS frequent ORDER BY term_id
    """
    columns = {"term_id": "i8", "document_frequency": "i8"}
    row = fetch_row(as_arrays(Statement(sql, (space.pk, MAX_TERMS_PER_SPACE)), columns))
    return Frequencies(*read_arrays(row, columns))


FREQUENCIES = SpaceCache(
    read_frequencies, max_size=MAX_CACHED_TERMS, size=lambda read: len(read.counts)
)


def cached_frequencies(space: EmbeddingSpace) -> Frequencies:
    """The cached frequencies; empty while they are read for the first time."""
    try:
        return FREQUENCIES.of(space, patience=0)
    except NotYetRead:
        return NO_FREQUENCIES


class SpaceLexicon:
    """The words of a space, for `shopreco.text.Lexicon`.

    Frequencies may be minutes old. A new word is found at once.
    """

    def __init__(self, space: EmbeddingSpace) -> None:
        self.space = space
        self.documents = 0

    def frequencies(self, terms: Collection[str], guesses: Collection[str] = ()) -> dict[str, int]:
        """Document frequency by known term. Also sets `documents`, the N of BM25."""
        by_id = {term_id(term): term for term in (*terms, *guesses)}
        found = cached_frequencies(self.space).of([EVERY_ITEM, *by_id])
        if unknown := [id for term in terms if (id := term_id(term)) not in found]:
            found |= self._frequencies([EVERY_ITEM, *unknown])
        self.documents = found.pop(EVERY_ITEM, self.documents)
        return {by_id[each]: frequency for each, frequency in found.items()}

    def _frequencies(self, term_ids: list[int]) -> dict[int, int]:
        with connections[read_alias()].cursor() as cursor:
            cursor.execute(
                "SELECT term_id, document_frequency FROM shopreco_lexiconterm "
                "WHERE space_id = %s AND term_id = ANY(%s) AND document_frequency > 0",
                [self.space.pk, term_ids],
            )
            return dict(cursor.fetchall())

    def similar(self, words: Collection[Token]) -> dict[str, list[KnownTerm]]:
        """Known terms by word: those one edit away, and those that share most trigrams."""
        edited = {w.surface: deletions(w.surface) | deletions(w.term) for w in words}
        return self._look_up(edited, f"({FOUND_BY}) UNION ALL ({LIKE})")

    def compounds(self, terms: Collection[str]) -> dict[str, list[KnownTerm]]:
        """Known terms by term: the most frequent words that end with it."""
        return self._look_up({term: {ending_with(term)} for term in terms}, FOUND_BY)

    def _look_up(
        self, wanted: Mapping[str, Collection[str]], known: str
    ) -> dict[str, list[KnownTerm]]:
        """Known terms by key of `wanted`, found by any of the texts of that key.

        known: SQL that finds terms of one `wanted` row."""
        pairs = [(asked, text) for asked, texts in wanted.items() for text in texts]
        found: dict[str, list[KnownTerm]] = {}
        with connections[read_alias()].cursor() as cursor:
            cursor.execute(
                f"""
                SELECT asked, t.term, t.surface, t.document_frequency
                FROM (
                    SELECT asked, array_agg(text) AS texts
                    FROM unnest(%(asked)s::text[], %(texts)s::text[]) AS each (asked, text)
                    GROUP BY asked
                ) AS wanted CROSS JOIN LATERAL ({known}) AS t
                """,
                {
                    "space": self.space.pk,
                    "asked": [asked for asked, _text in pairs],
                    "texts": [text for _asked, text in pairs],
                },
            )
            for asked, *term in cursor.fetchall():
                found.setdefault(asked, []).append(KnownTerm(*term))
        return found


def lexical_query(space: EmbeddingSpace, text: str, language: str) -> LexicalQuery | None:
    """Read a query against the lexicon of a space; None if the lexicon has none of its words.

    For an excluded word, the query asks for items that say themselves that they lack it."""
    analyser, lexicon = get_analyser(language), SpaceLexicon(space)
    tokens = [*analyser.without(text), *analyser.tokens(without_excluded(text, language))]
    if not tokens:
        return None
    tokens = [t for t in tokens if not is_preposition(t.surface, language)] or tokens
    terms = query_terms(tokens, analyser, lexicon)
    weights, mass = query_weights(terms, lexicon.documents)
    hashed = {term_id(term): weight for term, weight in weights.items()}
    return LexicalQuery(tuple(terms), hashed, mass) if hashed else None
