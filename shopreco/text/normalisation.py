"""One written form for texts that differ only in typography."""

from __future__ import annotations

import re
import unicodedata

_VULGAR_FRACTION = re.compile("(?<=[0-9])(?=[\u00bc-\u00be\u2150-\u215e])")
_SPACES = re.compile(r"\s+")

_TYPOGRAPHY = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ′`´", "'"),
        **dict.fromkeys("“”„″", '"'),
        **dict.fromkeys("‐‑‒–—−", "-"),
        "×": "x",
        "⁄": "/",
        # Invisible: soft hyphen, zero-width characters, direction marks.
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"),
    }
)

# Letters that Unicode does not decompose, in their usual plain spelling.
_PLAIN_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
    | {"ё": "е"}
)
_ACCENTED = re.compile("([a-z\u0370-\u03ff])[\u0300-\u036f]+")


def normalise_text(text: str) -> str:
    """Lower case, compatibility forms (full width, ligatures, ½) and typography unified."""
    if text.isascii():
        return text.lower()
    text = _VULGAR_FRACTION.sub(" ", text).translate(_TYPOGRAPHY)
    return unicodedata.normalize("NFKC", text).translate(_TYPOGRAPHY).lower()


def fold(word: str) -> str:
    """A lower-case word without accents: café, cafe. Only Latin and Greek letters have accents;
    the marks of other scripts tell letters apart and stay."""
    if word.isascii():
        return word
    plain = _ACCENTED.sub(r"\1", unicodedata.normalize("NFD", word.translate(_PLAIN_LETTERS)))
    return unicodedata.normalize("NFC", plain)


def normalise_query(text: str, max_length: int = 200) -> str:
    """A query fit to be encoded, analysed, logged and shown: no control characters or lone
    surrogates, full width to half width, single spaces, at most `max_length` characters, cut
    between words where it can be. Case and accents stay, since encoders read them.
    """
    # Four times the limit leaves room for what is dropped, and bounds the work.
    head = unicodedata.normalize("NFKC", text[: 4 * max_length])
    kept = "".join(" " if _is_space_or_control(c) else c for c in head if not _is_unencodable(c))
    cleaned = _SPACES.sub(" ", kept).strip()
    if len(cleaned) <= max_length:
        return cleaned
    cut = cleaned[: max_length + 1]
    whole_words = cut.rpartition(" ")[0]
    return (whole_words or cut[:max_length]).strip()


def _is_space_or_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Zs", "Zl", "Zp"}


def _is_unencodable(character: str) -> bool:
    return unicodedata.category(character) == "Cs" or character == "\ufeff"
