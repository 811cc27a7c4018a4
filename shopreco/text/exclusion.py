"""What a query says that it does not want, so that it is not asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from shopreco.text.languages import LANGUAGES, NEGATIONS, PREPOSITIONS, Negations, base_code

__all__ = ["is_preposition", "without_excluded"]

MAX_EXCLUDED_WORDS = 2
"""Words after "without": an adjective and its noun."""

_WORDS = re.compile(r"\s+")
_MINUS = re.compile(r"[-\u2212\u2013](?=[^\W\d_])")
_ENDS_PHRASE = (",", ";", ".")


def is_preposition(word: str, language: str) -> bool:
    """Whether a word only says how others belong together, in lower case."""
    return word in PREPOSITIONS.get(base_code(language), ())


@lru_cache(maxsize=1_024)
def without_excluded(query: str, language: str) -> str:
    """The query without what it excludes: `jacket not black` asks for a jacket, `bag without
    wheels` for a bag, `lamp -floor` for a lamp. The whole query, if that leaves nothing."""
    language = base_code(language)
    words = _WORDS.split(query.strip())
    negations = NEGATIONS.get(language, Negations())
    left_out: set[int] = set()
    for place, word in enumerate(words):
        lower = word.lower().strip(",;.")
        if place and _MINUS.match(word):
            left_out.add(place)
        elif lower in negations.next_word:
            left_out |= {place, place + 1}
        elif lower in negations.next_words:
            left_out |= {place, *_phrase(words, place + 1, language)}
        elif lower in negations.word_before:
            left_out |= {place - 1, place}
    kept = [word for place, word in enumerate(words) if place not in left_out]
    return " ".join(kept) if left_out and kept else query


def _phrase(words: Sequence[str], start: int, language: str) -> range:
    """Places of the words up to the next that belongs to something else."""
    end = start
    while end < min(start + MAX_EXCLUDED_WORDS, len(words)):
        if end > start and _begins_another(words[end], language):
            break
        end += 1
        if words[end - 1].endswith(_ENDS_PHRASE):
            break
    return range(start, end)


def _begins_another(word: str, language: str) -> bool:
    functions = LANGUAGES[language].function_words if language in LANGUAGES else frozenset()
    return word.lower() in functions or is_preposition(word.lower(), language)
