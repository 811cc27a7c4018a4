"""What a shopper meant: the terms of a query, read against the words that the catalogue knows.

Neighbours are joined where the catalogue writes them as one (`door bell`, doorbell); a word that it
does not know is split in two that it knows (`doorknob`) or corrected to the nearest that it knows.
Where a language makes compounds, a word stands for those that end with it too. Nothing that was
typed is taken away: a known word is never "corrected".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from shopreco.text.analysis import Analyser, Token
from shopreco.text.bm25 import inverse_document_frequency
from shopreco.text.compounds import COMPOUNDING, best_pair, endings, halves, joined
from shopreco.text.languages import base_code
from shopreco.text.segmentation import UNSPACED
from shopreco.text.spelling import KnownTerm, deletions, nearest_term

__all__ = ["Lexicon", "QueryTerm", "ending_with", "found_by", "query_terms", "query_weights"]

CORRECTION = 0.7
"""Weight of a corrected term: it may be wrong."""
IN_COMPOUND = 0.8
"""Weight of a word in a compound that ends with it, or begins with it and ends with another."""
MIN_WORD = 4
"""Shorter unknown words are codes and abbreviations as often as mistakes."""
MIN_HEAD, MIN_MODIFIER = 3, 3
"""Letters of a stem that compounds are looked for by."""
MAX_WORDS = 32
"""Words of a query that are joined, split and corrected; the rest are taken as they are."""


class Lexicon(Protocol):
    """The words of a catalogue."""

    def frequencies(
        self, terms: Collection[str], guesses: Collection[str] = ()
    ) -> Mapping[str, int]:
        """Document frequency by term, for those that are known.

        guesses: terms that nobody typed; one that is new or rare may be missing.
        """
        ...

    def similar(self, words: Collection[Token]) -> Mapping[str, Sequence[KnownTerm]]:
        """Known terms written like each of the words, by surface: one edit away from it or its
        stem, or with a trigram similarity of 0.3 or more."""
        ...

    def compounds(self, terms: Collection[str]) -> Mapping[str, Sequence[KnownTerm]]:
        """Known compounds that end with each of the terms, the most frequent of them."""
        ...


class QueryTerm(NamedTuple):
    """A known term that a query asks for.

    `typed` is what the shopper wrote, `read_as` what it was taken for; they differ where words
    were joined, split or corrected. A compound `stands_for` the terms that were asked for, which
    no item need have besides.
    """

    term: str
    weight: float
    frequency: int
    typed: str
    read_as: str
    stands_for: tuple[str, ...] = ()


@lru_cache(maxsize=65_536)
def found_by(term: str, surface: str, language: str) -> tuple[str, ...]:
    """What words that are written otherwise find a term by: the words that misspellings of it have
    in common with it, and what it ends with, if its language makes compounds."""
    if not surface.isalpha() or UNSPACED.search(surface):
        return ()
    ends = map(ending_with, endings(term)) if base_code(language) in COMPOUNDING else ()
    return tuple(sorted({*deletions(surface), *deletions(term), *ends}))


def ending_with(term: str) -> str:
    """What compounds that end with a term are `found_by`."""
    return f"-{term}"


def query_terms(tokens: Sequence[Token], analyser: Analyser, lexicon: Lexicon) -> list[QueryTerm]:
    """The known terms of a query, each once, in the order of the query.

    One look-up of frequencies; where a word is unknown, one more and one of similar words; where
    the language makes compounds, one of those.
    """
    words = [t for t in tokens if t.weight == 1 and t.surface.isalpha()][:MAX_WORDS]
    as_one = joined(words, analyser)
    guesses = {t.term for t in as_one.values()}
    frequencies = dict(lexicon.frequencies({t.term for t in tokens}, guesses))
    compounds: list[QueryTerm] = []
    if analyser.language in COMPOUNDING:
        compounds = _compounds(words, frequencies, lexicon)
    found = [
        QueryTerm(t.term, t.weight, frequencies.get(t.term, 0), t.surface, t.surface)
        for t in tokens
    ]
    found += [
        QueryTerm(t.term, t.weight, frequencies.get(t.term, 0), typed, t.surface)
        for typed, t in as_one.items()
    ]
    unknown = [t for t in words if not frequencies.get(t.term) and len(t.surface) >= MIN_WORD]
    # A word that was joined with its neighbour is explained.
    explained = {w for typed, t in as_one.items() if frequencies.get(t.term) for w in typed.split()}
    unknown = [t for t in unknown if t.surface not in explained]
    if unknown:
        found += _read_unknown(unknown, analyser, lexicon)
    best: dict[str, QueryTerm] = {}
    for each in found:
        if each.frequency > 0 and (each.term not in best or each.weight > best[each.term].weight):
            best[each.term] = each
    for each in compounds:
        best.setdefault(each.term, each)
    return list(best.values())


def query_weights(terms: Iterable[QueryTerm], documents: int) -> tuple[dict[str, float], float]:
    """q(t) by term, the query side of BM25F in a corpus of `documents`, and the sum of what was
    asked for: a compound counts in place of what it stands for."""
    asked = [t for t in terms if not t.stands_for]
    idf = {t.term: inverse_document_frequency(t.frequency, documents) for t in asked}
    weights = {t.term: t.weight * idf[t.term] for t in asked}
    mass = sum(weights.values())
    for each in terms:
        if each.stands_for:
            weights[each.term] = each.weight * sum(weights.get(t, 0.0) for t in each.stands_for)
    return weights, mass


def _compounds(
    words: Sequence[Token], frequencies: dict[str, int], lexicon: Lexicon
) -> list[QueryTerm]:
    """Compounds that end with a word. Their frequencies add to the word's."""
    heads = {word.term: word for word in words if len(word.term) >= MIN_HEAD}
    found: list[QueryTerm] = []
    for head, known in lexicon.compounds(heads).items():
        word = heads[head]
        frequencies[head] = frequencies.get(head, 0) + sum(each.frequency for each in known)
        for each in known:
            modifiers = [
                other.term
                for other in words
                if len(other.term) >= MIN_MODIFIER
                and other.term != head
                and each.term.startswith(other.term)
            ]
            stands_for = (head, *modifiers)
            found.append(
                QueryTerm(
                    each.term, IN_COMPOUND, each.frequency, word.surface, word.surface, stands_for
                )
            )
    return found


def _read_unknown(
    unknown: Sequence[Token], analyser: Analyser, lexicon: Lexicon
) -> list[QueryTerm]:
    splits = {t.surface: halves(t.surface, analyser) for t in unknown}
    frequencies = lexicon.frequencies((), {t.term for h in splits.values() for p in h for t in p})
    similar = lexicon.similar(unknown)
    found: list[QueryTerm] = []
    for word in unknown:
        nearest = nearest_term(word.surface, similar.get(word.surface, ()), word.term)
        pair = best_pair(splits[word.surface], frequencies, analyser.language)
        if pair and (nearest is None or nearest[1] > 1):
            found += [
                QueryTerm(t.term, 1.0, frequencies[t.term], word.surface, t.surface) for t in pair
            ]
        elif nearest:
            known = nearest[0]
            found.append(
                QueryTerm(known.term, CORRECTION, known.frequency, word.surface, known.surface)
            )
    return found
