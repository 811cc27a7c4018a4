"""Which language a text is in: by its script, then by letters and function words.

Product texts and queries are short and full of names, so only clear evidence beats the default.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

from shopreco.text.languages import LANGUAGES, PREPOSITIONS

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

# Further words that tell languages apart, and that a shopper may mean.
_MEANT = {"de": "auf aus", "en": "on", "fr": "sur", "it": "su", "nl": "op uit"}

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
    if script := _language_of_script(head):
        return script
    votes = _votes(head)
    if not votes:
        return default
    # Ties go to the default, then to the language that comes first in the alphabet.
    best = min(votes, key=lambda language: (-votes[language], language != default, language))
    return best if votes[best] >= votes[default] + 2 else default


def prevailing_language(texts: Iterable[str], default: str = "en") -> str:
    """The language that most of some texts are in, however short they are; `default` where they do
    not say, or as many of them say that.

    One in fifty must say something: a foreign name here and there is no language of a catalogue.
    """
    votes: Counter[str] = Counter()
    count = 0
    for text in texts:
        head = text[:_READ]
        script = _language_of_script(head)
        votes.update([script] if script else _votes(head))
        count += 1
    if not votes:
        return default
    best = min(votes, key=lambda language: (-votes[language], language != default, language))
    enough = max(2, count / 50)
    return best if votes[best] >= max(enough, votes[default] + 2) else default


def _language_of_script(head: str) -> str:
    """Empty for Latin letters."""
    if head.isascii():
        return ""
    latin = sum("LATIN" in unicodedata.name(c, "") for c in head[:200] if c.isalpha())
    for pattern, language in _SCRIPTS:
        # A stray Ω in a Latin title is no Greek text; a Chinese character is half a word.
        if len(pattern.findall(head[:200])) * 5 > latin:
            return language
    return ""


def _votes(head: str) -> Counter[str]:
    """How many function words and peculiar letters of each language a text has."""
    lowered = head.lower()
    votes: Counter[str] = Counter()
    for word in set(_LATIN_WORD.findall(lowered)):
        votes.update(_languages_by_function_word().get(word, ()))
    if not lowered.isascii():
        for language, letters in _LETTERS.items():
            if found := sum(letter in lowered for letter in letters):
                votes[language] += found
    return votes


@cache
def _languages_by_function_word() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for code, language in LANGUAGES.items():
        meant = {*PREPOSITIONS.get(code, ()), *_MEANT.get(code, "").split()}
        for word in language.function_words | meant:
            # A lone letter is a size or a model in most product texts.
            if len(word) > 1:
                found[word] = (*found.get(word, ()), code)
    return found
