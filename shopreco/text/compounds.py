"""Words that are written as one: doorbell, Tischlampe.

No rule says which words make a compound; the catalogue's own words do. A word is found in the
compounds that end with it, and a compound in its two parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from shopreco.text.analysis import Analyser, Token

__all__ = ["COMPOUNDING", "best_pair", "endings", "halves", "joined"]

COMPOUNDING = frozenset({"da", "de", "et", "fi", "hu", "nl", "no", "sv"})
"""Languages that make new nouns by writing words together."""

MIN_JOINED = 4
MIN_SPLIT = 3
TRUSTED_HALF = 4
"""Letters from which half of a split word is trusted though few documents have it."""
MIN_SPLIT_FREQUENCY = 10
"""Documents that have a shorter half, where a language hardly makes compounds."""
MAX_TERM_LENGTH = 40


def endings(term: str) -> list[str]:
    """The words that a compound may end with: three letters or more, after three or more."""
    if len(term) > MAX_TERM_LENGTH:
        return []
    return [term[i:] for i in range(MIN_SPLIT, len(term) - MIN_SPLIT + 1)]


def joined(words: Iterable[Token], analyser: Analyser) -> dict[str, Token]:
    """Two neighbours written as one word, by what was typed."""
    found: dict[str, Token] = {}
    for first, second in pairwise(words):
        surface = first.surface + second.surface
        if len(surface) >= MIN_JOINED and (token := _only_token(surface, analyser)):
            found[f"{first.surface} {second.surface}"] = token
    return found


def halves(surface: str, analyser: Analyser) -> list[tuple[Token, Token]]:
    """All ways to split a word in two."""
    found = []
    for i in range(MIN_SPLIT, len(surface) - MIN_SPLIT + 1):
        first = _only_token(surface[:i], analyser)
        second = _only_token(surface[i:], analyser)
        if first and second:
            found.append((first, second))
    return found


def best_pair(
    pairs: Iterable[tuple[Token, Token]], frequencies: Mapping[str, int], language: str
) -> tuple[Token, Token] | None:
    """The pair whose rarer half is the most frequent, if it can be trusted."""

    def rarer(pair: tuple[Token, Token]) -> int:
        return min(frequencies.get(token.term, 0) for token in pair)

    best = max(pairs, key=rarer, default=None)
    if best is None:
        return None
    shortest = min(len(token.surface) for token in best)
    trusted = shortest >= TRUSTED_HALF or language in COMPOUNDING
    enough = 1 if trusted else MIN_SPLIT_FREQUENCY
    return best if rarer(best) >= enough else None


def _only_token(surface: str, analyser: Analyser) -> Token | None:
    tokens = analyser.tokens(surface)
    return tokens[0] if len(tokens) == 1 else None
