"""Misspelt words: which known word a shopper meant.

What is one edit away is found by what remains of both words when a letter is left out, so neither
length nor place of the mistake matters: Mihov and Schulz, "Fast approximate search in large
dictionaries" (2004); Garbe's SymSpell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rapidfuzz.distance import OSA

__all__ = ["KnownTerm", "deletions", "nearest_term"]

SHORT_WORD = 4
"""Up to this length one edit is allowed, above it two."""
MIN_LENGTH = 3
"""No correction is shorter, in letters."""
MAX_LENGTH = 24
"""Letters of a word up to which it is compared by what remains without one of them."""
MIN_FREQUENCY = 2
"""Documents that have a correction which is two edits away; one is enough for one edit."""


class KnownTerm(NamedTuple):
    """A term of the catalogue, as it is usually written, and in how many documents it is."""

    term: str
    surface: str
    frequency: int


def deletions(word: str) -> set[str]:
    """The word, and the word without each of its letters."""
    if not MIN_LENGTH <= len(word) <= MAX_LENGTH:
        return {word}
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


def nearest_term(
    surface: str, candidates: Iterable[KnownTerm], stem: str = ""
) -> tuple[KnownTerm, int] | None:
    """The candidate that `surface` most likely stands for, and its distance; None if all are far.

    The fewest edits win, of the words or of their stems; half an edit is added where the first
    letters differ, since people seldom get those wrong; then the more frequent term.
    """
    limit = 1 if len(surface) <= SHORT_WORD else 2
    best: tuple[float, int, str, KnownTerm, int] | None = None
    for each in candidates:
        if len(each.surface) < MIN_LENGTH:
            continue
        # Insertions, deletions, substitutions and swaps of neighbours; `limit + 1` beyond it.
        distance = OSA.distance(surface, each.surface, score_cutoff=limit)
        if distance > 1 and min(len(stem), len(each.term)) > MIN_LENGTH:
            distance = 1 if OSA.distance(stem, each.term, score_cutoff=1) <= 1 else distance
        if distance > (limit if each.frequency >= MIN_FREQUENCY else 1):
            continue
        rank = distance + 0.5 * (surface[:1] != each.surface[:1])
        key = (rank, -each.frequency, each.surface, each, distance)
        if best is None or key[:3] < best[:3]:
            best = key
    return (best[3], best[4]) if best else None
