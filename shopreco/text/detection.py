"""Which language a text is in: by its script, then by letters and function words.

Product texts and queries are short and full of names, so only clear evidence beats the default.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from shopreco.text.languages import LANGUAGES

_READ = 2000
"""Characters that are looked at."""

_LATIN_WORD = re.compile(r"[^\W\d_]+")

# In order: the first script that is found in the text decides.
_SCRIPTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(f"[{characters}]"), language)
    for characters, language in (
        ("\u3041-\u3096\u30a1-\u30fa", "ja"),
        ("\u4e00-\u9fff\u3400-\u4dbf", "zh"),
        ("\uac00-\ud7a3", "ko"),
        ("ђјљњћџЂЈЉЊЋЏ", "sr"),
        ("іїєґІЇЄҐ", "uk"),
        ("\u0430-\u044f\u0451\u0410-\u042f", "ru"),
        ("\u03b1-\u03c9\u0391-\u03a9", "el"),
        ("پچژگ", "fa"),
        ("\u0620-\u064a", "ar"),
        ("\u05f0-\u05f2", "yi"),
        ("\u05d0-\u05ea", "he"),
        ("\u0904-\u0939", "hi"),
        ("\u0b83-\u0bb9", "ta"),
        ("\u0531-\u0587", "hy"),
        ("\u0e01-\u0e2e", "th"),
    )
)

# Words that tell languages apart as function words do, but mean something to a shopper.
_MEANT = {
    "ca": "per amb sense",
    "cs": "pro bez",
    "da": "til med uden",
    "de": "für mit ohne auf aus",
    "en": "with for from without on not",
    "es": "para con sin",
    "fi": "kanssa ilman",
    "fr": "pour avec sans sur",
    "hu": "nélkül",
    "it": "per con senza su",
    "nl": "voor met zonder op uit",
    "no": "til med uten",
    "pl": "do dla bez",
    "pt": "para com sem",
    "ro": "pentru fără",
    "sv": "för med utan",
    "tr": "için",
}

# Letters that few languages have; each found letter counts like a function word.
_LETTERS = {
    "ca": "ŀ",
    "cs": "ěřůťďň",
    "da": "æø",
    "de": "ßäöü",
    "eo": "ĉĝĥĵŝŭ",
    "es": "ñ¿¡",
    "et": "õäü",
    "fi": "äö",
    "fr": "çèêœùûë",
    "hu": "őű",
    "it": "òì",
    "lt": "ėįųūąč",
    "no": "æøå",
    "pl": "łżźćśńąę",
    "pt": "ãõç",
    "ro": "țșăţş",
    "sv": "åäö",
    "tr": "ğışç",
}


def detect_language(text: str, default: str = "en") -> str:
    """ISO 639-1 code of the language, `default` where the text does not say.

    Scripts decide first; among Latin languages the one with the most function words and peculiar
    letters wins if it has at least two more than the default has.
    """
    head = text[:_READ]
    if not head.isascii():
        latin = sum("LATIN" in unicodedata.name(c, "") for c in head[:200] if c.isalpha())
        for pattern, language in _SCRIPTS:
            # A stray Ω in a Latin title is no Greek text; a Chinese character is half a word.
            if len(pattern.findall(head[:200])) * 5 > latin:
                return language
    lowered = head.lower()
    votes: dict[str, int] = {}
    for word in set(_LATIN_WORD.findall(lowered)):
        for language in _languages_by_function_word().get(word, ()):
            votes[language] = votes.get(language, 0) + 1
    if not lowered.isascii():
        for language, letters in _LETTERS.items():
            if found := sum(letter in lowered for letter in letters):
                votes[language] = votes.get(language, 0) + found
    if not votes:
        return default
    # Ties go to the default, then to the language that comes first in the alphabet.
    best = min(votes, key=lambda language: (-votes[language], language != default, language))
    return best if votes[best] >= votes.get(default, 0) + 2 else default


@cache
def _languages_by_function_word() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for code, language in LANGUAGES.items():
        for word in language.function_words.union(_MEANT.get(code, "").split()):
            # A lone letter is a size or a model in most product texts.
            if len(word) > 1:
                found[word] = (*found.get(word, ()), code)
    return found
