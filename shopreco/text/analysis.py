"""Analysers: the tokens of a text, the same for documents and queries.

A text is scanned once for quantities and words. Words are stemmed by Snowball and folded; numbers
keep their unit whole (`120v`) and split (`120`, `v`); so do dimensions (`2x4`), model numbers
(`ht5110`) and words with hyphens (`t-shirt`). Scripts without spaces are segmented. A whole that
repeats its parts weighs less in a query (`Token.weight`), or it would count twice; the weights are
measured.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Iterator
from functools import cache, lru_cache
from importlib.metadata import version
from typing import NamedTuple, Protocol

import snowballstemmer

from shopreco.text.languages import (
    ELISION,
    LANGUAGES,
    NEGATIONS,
    STEMMED_WITHOUT_ACCENTS,
    Negations,
    StemmedLanguage,
    base_code,
)
from shopreco.text.normalisation import fold, normalise_text
from shopreco.text.quantities import (
    GROUPS_BY_SPACES,
    QUANTITY,
    UNITS,
    join_thousands,
    other_reading,
    read_number,
    read_unit,
    separate_dimensions,
)
from shopreco.text.segmentation import (
    MEANING_ALONE,
    UNSPACED,
    Segmenter,
    bigrams,
    chinese_segmenter_version,
    segment_chinese,
)

__all__ = ["Analyser", "Token", "get_analyser", "term_id"]

RULES = "2"
"""Raise it with every change of the tokens that this package makes."""

COMPOUND = 0.2
"""Query weight of a whole beside its parts: quantity, dimensions, hyphenated code."""
PART = 0.5
"""Query weight of the letters and the digits of a model number beside the whole."""
SHORT_PART = 2
"""Letters of what is hardly a word by itself: t-shirt, wi-fi."""
CHARACTER = 0.1
"""Query weight of a single character of a longer word, in scripts where it may be a word too."""

TERM_IDS = 999_999_999
MAX_WORD_LENGTH = 64


class Token(NamedTuple):
    """`term` is the normal form that is indexed, `surface` the word as written, in lower case.

    `weight` multiplies the term's idf in a query; documents count every token fully.
    """

    term: str
    surface: str
    weight: float = 1.0


class Analyser(Protocol):
    """Cuts texts of one language. Thread-safe; never raises on any text."""

    @property
    def language(self) -> str:
        """ISO 639-1 code; "" where no rules of a language apply."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the tokens of some text may change: then items must be re-indexed."""
        ...

    def tokens(self, text: str) -> list[Token]: ...

    def without(self, text: str) -> list[Token]:
        """What a text says that it lacks: `sans fil`, `ohne Zucker`. A term of its own each, which
        only texts have that say the same."""
        ...


def get_analyser(language: str) -> Analyser:
    """The analyser of a language code ("en", "pt-BR", "zh-hans"), one per process.

    Unknown codes and "" get plain words: folded, neither stemmed nor stopped.
    """
    code = base_code(language)
    return _analyser(code if code in LANGUAGES or code == "zh" else "")


@cache
def _analyser(code: str) -> Analyser:
    # Latin words in Chinese catalogues are mostly English.
    return _WordAnalyser(code, LANGUAGES.get("en" if code == "zh" else code))


def term_id(term: str) -> int:
    """Stable hash of a term, 1 to 999,999,999: within `sparsevec`'s dimensions and an int4."""
    digest = hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % TERM_IDS + 1


# `\w` lacks the vowel signs of Indic scripts and the points of Arabic and Hebrew.
_LETTER = (
    r"[\w\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    r"\u0900-\u0963\u0966-\u0df4]"
)
_SCAN = re.compile(rf"{QUANTITY}|(?P<word>{_LETTER}+(?:['.&]{_LETTER}+)*)")
_HYPHENED = re.compile(r"(?<![\w-])[^\W\d_]\w*(?:-\w+)+(?![\w-])")
_RUNS = re.compile(r"\d+|[^\W\d_]+")
_INNER = re.compile("['.&_]+")
_LETTERS_AND_NUMBER = re.compile(r"([a-z]+)(\d+[.,]\d+)")
_LETTER_BEFORE = re.compile(r"(?<![\w'&.-])([^\W\d_]) ([^\W\d_]{3,})(?![\w'&-])")
"""T shirt, C clamp."""
_INITIALS = re.compile(
    r"(?<![\w&])([^\W\d_])(?: ?[&+] ?| (?:and|und|et|en|och|og|ve) )([^\W\d_])s?(?![\w&])"
)
"""h & m, h and m, m and ms."""


def _lacking(negations: Negations) -> list[re.Pattern[str]]:
    """How a language says what something lacks."""
    before, after = (
        "|".join(map(re.escape, sorted(words)))
        for words in (negations.next_words, negations.word_before)
    )
    word = rf"(?P<word>{_LETTER}{{1,{MAX_WORD_LENGTH}}})"
    patterns = []
    if before:
        patterns.append(re.compile(rf"(?<!\w)(?P<negation>{before})\s+{word}(?!\w)"))
    if after:
        patterns.append(re.compile(rf"(?<!\w){word}\s+(?P<negation>{after})(?!\w)"))
    return patterns


class _WordAnalyser:
    """Every language: stemmer, stop words and segmentation are what differs."""

    def __init__(self, code: str, language: StemmedLanguage | None) -> None:
        self.language = code
        self._fold_first = code in STEMMED_WITHOUT_ACCENTS
        self._elides = code in ELISION
        self._groups_by_spaces = code in GROUPS_BY_SPACES
        self._hyphens_inside = code == "fa"
        self._lacking = _lacking(NEGATIONS.get(code, Negations()))
        self._segment: Segmenter = segment_chinese if code == "zh" else bigrams
        words = language.function_words if language else ()
        self._stop = frozenset(fold(normalise_text(word)) for word in words)
        self._algorithm = language.algorithm if language else None
        # Most words of a catalogue repeat; stemming in Python is slow.
        self._term = lru_cache(maxsize=65_536)(self._make_term)

    @property
    def version(self) -> str:
        stemmer = f"snowball{version('snowballstemmer')}" if self._algorithm else "plain"
        segmenter = chinese_segmenter_version() if self.language == "zh" else "bigrams"
        return f"{RULES}-{self.language or 'any'}-{stemmer}-{segmenter}"

    def tokens(self, text: str) -> list[Token]:
        return list(self._scan(text))

    def without(self, text: str) -> list[Token]:
        return list(self._without(normalise_text(text)))

    def _without(self, text: str) -> Iterator[Token]:
        for pattern in self._lacking:
            for match in pattern.finditer(text):
                yield Token(f"{match['negation']}_{self._term(match['word'])}", match[0])

    def _scan(self, text: str) -> Iterator[Token]:
        text = normalise_text(text)
        if not text.isascii():
            text = UNSPACED.sub(r" \g<0> ", text)
        if self._groups_by_spaces:
            text = join_thousands(text)
        text = separate_dimensions(text)
        before: str | None = None  # the dimension before an x
        for match in _SCAN.finditer(text):
            if word := match["word"]:
                yield from self._word(word)
                before = None
                continue
            value = yield from self._quantity(match)
            if before is not None:
                yield Token(f"{before}x{value}", f"{before}x{value}", COMPOUND)
            before = value if match["by"] else None
        yield from self._wholes(text)

    def _quantity(self, match: re.Match[str]) -> Generator[Token, None, str]:
        written, units = match["number"], read_unit(match)
        value, parts = read_number(written, self.language)
        for part in parts:
            yield Token(part, part)
        for unit in units:
            yield Token(unit, unit)
        unit = "".join(units)
        if units or len(parts) > 1:
            yield Token(value + unit, written + unit, COMPOUND)
        if match["hash"]:
            yield Token(f"#{value}", f"#{written}", COMPOUND)
        if other := other_reading(written, self.language):
            yield Token(other, written, COMPOUND)
            if units:
                yield Token(other + unit, written + unit, COMPOUND)
        return value

    def _wholes(self, text: str) -> Iterator[Token]:
        """What is written as several words, as one."""
        for token in self._without(text):
            yield token._replace(weight=COMPOUND)
        if "-" in text:
            for match in _HYPHENED.finditer(text):
                whole = match[0].replace("-", "")
                # Of two long words the whole made English rankings worse (.3918 for .3999).
                is_code = any(character.isdigit() for character in whole)
                has_short = any(len(part) <= SHORT_PART for part in match[0].split("-"))
                if len(whole) <= MAX_WORD_LENGTH and (is_code or has_short or self._hyphens_inside):
                    yield Token(self._term(whole), match[0], COMPOUND)
        for match in _LETTER_BEFORE.finditer(text):
            if self._stop.isdisjoint(map(fold, match.groups())):
                yield Token(self._term(match[1] + match[2]), match[1] + match[2], COMPOUND)
        for match in _INITIALS.finditer(text):
            # With its plural s: Catalan "d en és".
            words = match[1], text[match.start(2) : match.end()]
            if " " in match[0] and not self._stop.issuperset(map(fold, words)):
                yield Token(match[1] + match[2], match[0])

    def _word(self, word: str) -> Iterator[Token]:
        if not word.isalpha() and (_INNER.search(word) or not word.isascii()):
            yield from self._unusual(word)
        elif len(word) <= MAX_WORD_LENGTH:
            yield from self._simple(word)

    def _unusual(self, word: str) -> Iterator[Token]:
        """U.S., AT&T, men's, f1.8, l'huile, snake_case, points and marks."""
        if found := _LETTERS_AND_NUMBER.fullmatch(word):
            yield from self._letters_and_number(*found.groups())
            return
        if not (pieces := [piece for piece in _INNER.split(word) if piece]):
            return
        if "'" in word and not self._elides:
            pieces = _INNER.split(word.removesuffix("'s").replace("'", ""))
        if "&" in word:
            # M&Ms, M&M's and M&M.
            pieces = [piece[0] if re.fullmatch(r"[^\W\d_]s", piece) else piece for piece in pieces]
        initials = [piece for piece in pieces if len(piece) == 1]
        if len(pieces) > 1 and len(initials) >= len(pieces) - 1 and not self._elides:
            pieces = ["".join(pieces)]
        for piece in pieces:
            if 0 < len(piece) <= MAX_WORD_LENGTH:
                yield from self._simple(piece)

    def _letters_and_number(self, letters: str, number: str) -> Iterator[Token]:
        """f1.8 as f/1.8, usb3.0 as usb 3.0 and usb3."""
        value, parts = read_number(number, self.language)
        yield Token(self._term(letters), letters)
        for part in parts:
            yield Token(part, part)
        if len(parts) > 1:
            yield Token(value, number, COMPOUND)
        yield Token(letters + value, letters + number, COMPOUND)

    def _simple(self, word: str) -> Iterator[Token]:
        if word.isascii():
            if word.isalpha():
                if word not in self._stop:
                    yield Token(self._term(word), word)
                return
        elif UNSPACED.fullmatch(word):
            yield from self._unspaced(word)
            return
        elif fold(word) in self._stop:
            return
        yield Token(self._term(word), word)
        runs = _RUNS.findall(word)
        if len(runs) > 1 and any(run.isdigit() for run in runs):
            for run in runs:
                yield Token(UNITS.get(run, run), run, PART)

    def _unspaced(self, run: str) -> Iterator[Token]:
        pieces = self._segment(run)
        for piece in pieces:
            yield Token(fold(piece), piece)
        if len(run) > 1 and MEANING_ALONE.match(run):
            for character in dict.fromkeys(run):
                if character not in pieces:
                    yield Token(fold(character), character, CHARACTER)

    def _make_term(self, word: str) -> str:
        if self._fold_first:
            word = fold(word)
        if self._algorithm and not any(character.isdigit() for character in word):
            # A stemmer keeps state: one per call is what makes this thread-safe.
            stem = snowballstemmer.stemmer(self._algorithm).stemWord(word)
            # A single letter is no stem: Turkish `ince`.
            word = stem if len(stem) > 1 else word
        return fold(word)
