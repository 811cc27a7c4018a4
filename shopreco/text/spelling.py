"""What a shopper meant: the terms of a query, read against the words that the catalogue knows.

Neighbours are joined where the catalogue writes them as one (`door bell`, doorbell); a word that it
does not know is split in two that it knows (`doorknob`) or corrected to the nearest that it knows.
Nothing that was typed is taken away: a known word is never "corrected".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

from shopreco.text.analysis import Analyser, Token
from shopreco.text.bm25 import inverse_document_frequency

__all__ = [
    "KnownTerm",
    "Lexicon",
    "QueryTerm",
    "damerau_levenshtein",
    "nearest_term",
    "query_terms",
    "query_weights",
]

CORRECTION = 0.7
"""Weight of a corrected term: it may be wrong."""
MIN_WORD = 4
"""Shorter unknown words are codes and abbreviations as often as mistakes."""
SHORT_WORD = 4
"""Up to this length one edit is allowed, above it two."""
MIN_JOINED = 5
MIN_SPLIT = 3
MIN_FREQUENCY = 2
"""A word that one document has may be that document's own mistake."""
MIN_SPLIT_FREQUENCY = 10
MAX_WORDS = 32
"""Words of a query that are joined, split and corrected; the rest are taken as they are."""


class KnownTerm(NamedTuple):
    """A term of the catalogue, as it is usually written, and in how many documents it is."""

    term: str
    surface: str
    frequency: int


class Lexicon(Protocol):
    """The words of a catalogue."""

    def frequencies(
        self, terms: Collection[str], guesses: Collection[str] = ()
    ) -> Mapping[str, int]:
        """Document frequency by term, for those that are known.

        guesses: terms that nobody typed; one that is new or rare may be missing.
        """
        ...

    def similar(self, surfaces: Collection[str]) -> Mapping[str, Sequence[KnownTerm]]:
        """Known terms written like each of `surfaces`: trigram similarity of 0.3 or more."""
        ...


class QueryTerm(NamedTuple):
    """A known term that a query asks for.

    `typed` is what the shopper wrote, `read_as` what it was taken for; they differ where words
    were joined, split or corrected.
    """

    term: str
    weight: float
    frequency: int
    typed: str
    read_as: str


def query_terms(tokens: Sequence[Token], analyser: Analyser, lexicon: Lexicon) -> list[QueryTerm]:
    """The known terms of a query, each once, in the order of the query.

    One look-up of frequencies; where a word is unknown, one more and one of similar words.
    """
    words = [t for t in tokens if t.weight == 1 and t.surface.isalpha()][:MAX_WORDS]
    joined = _joined(words, analyser)
    guesses = {t.term for t in joined.values()}
    frequencies = dict(lexicon.frequencies({t.term for t in tokens}, guesses))
    found = [
        QueryTerm(t.term, t.weight, frequencies.get(t.term, 0), t.surface, t.surface)
        for t in tokens
    ]
    found += [
        QueryTerm(t.term, t.weight, frequencies.get(t.term, 0), typed, t.surface)
        for typed, t in joined.items()
    ]
    unknown = [t for t in words if not frequencies.get(t.term) and len(t.surface) >= MIN_WORD]
    # A word that was joined with its neighbour is explained.
    explained = {w for typed, t in joined.items() if frequencies.get(t.term) for w in typed.split()}
    unknown = [t for t in unknown if t.surface not in explained]
    if unknown:
        found += _read_unknown(unknown, analyser, lexicon)
    best: dict[str, QueryTerm] = {}
    for each in found:
        if each.frequency > 0 and (each.term not in best or each.weight > best[each.term].weight):
            best[each.term] = each
    return list(best.values())


def query_weights(terms: Iterable[QueryTerm], documents: int) -> dict[str, float]:
    """q(t) by term: the query side of BM25F in a corpus of `documents`."""
    return {t.term: t.weight * inverse_document_frequency(t.frequency, documents) for t in terms}


def nearest_term(surface: str, candidates: Iterable[KnownTerm]) -> tuple[KnownTerm, int] | None:
    """The candidate that `surface` most likely stands for, and its distance; None if all are far.

    The fewest edits win; half an edit is added where the first letters differ, since people
    seldom get those wrong; then the more frequent term.
    """
    limit = 1 if len(surface) <= SHORT_WORD else 2
    best: tuple[float, int, str, KnownTerm, int] | None = None
    for each in candidates:
        if each.frequency < MIN_FREQUENCY or len(each.surface) < MIN_SPLIT:
            continue
        distance = damerau_levenshtein(surface, each.surface, limit)
        if distance > limit:
            continue
        rank = distance + 0.5 * (surface[:1] != each.surface[:1])
        key = (rank, -each.frequency, each.surface, each, distance)
        if best is None or key[:3] < best[:3]:
            best = key
    return (best[3], best[4]) if best else None


def damerau_levenshtein(first: str, second: str, limit: int) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours that turn one into the other.

    `limit + 1` as soon as it must be more than `limit`. (Optimal string alignment: no substring is
    edited twice.)
    """
    if abs(len(first) - len(second)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        row = [i] * (len(second) + 1)
        for j, b in enumerate(second, start=1):
            row[j] = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and b == first[i - 2]:
                row[j] = min(row[j], before[j - 2] + 1)
        if min(row) > limit:
            return limit + 1
        before, previous = previous, row
    return min(previous[-1], limit + 1)


def _joined(words: Sequence[Token], analyser: Analyser) -> dict[str, Token]:
    """Two neighbours written as one word, by what was typed."""
    found: dict[str, Token] = {}
    for first, second in pairwise(words):
        surface = first.surface + second.surface
        if len(surface) >= MIN_JOINED and (token := _only_token(surface, analyser)):
            found[f"{first.surface} {second.surface}"] = token
    return found


def _only_token(surface: str, analyser: Analyser) -> Token | None:
    tokens = analyser.tokens(surface)
    return tokens[0] if len(tokens) == 1 else None


def _read_unknown(
    unknown: Sequence[Token], analyser: Analyser, lexicon: Lexicon
) -> list[QueryTerm]:
    halves = {t.surface: _halves(t.surface, analyser) for t in unknown}
    frequencies = lexicon.frequencies((), {t.term for h in halves.values() for p in h for t in p})
    similar = lexicon.similar({t.surface for t in unknown})
    found: list[QueryTerm] = []
    for word in unknown:
        nearest = nearest_term(word.surface, similar.get(word.surface, ()))
        pair = _best_pair(halves[word.surface], frequencies)
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


def _halves(surface: str, analyser: Analyser) -> list[tuple[Token, Token]]:
    found = []
    for i in range(MIN_SPLIT, len(surface) - MIN_SPLIT + 1):
        first = _only_token(surface[:i], analyser)
        second = _only_token(surface[i:], analyser)
        if first and second:
            found.append((first, second))
    return found


def _best_pair(
    pairs: Iterable[tuple[Token, Token]], frequencies: Mapping[str, int]
) -> tuple[Token, Token] | None:
    """The pair whose rarer half is the most frequent."""

    def rarer(pair: tuple[Token, Token]) -> int:
        return min(frequencies.get(token.term, 0) for token in pair)

    best = max(pairs, key=rarer, default=None)
    return best if best and rarer(best) >= MIN_SPLIT_FREQUENCY else None
