"""One written form for texts that differ only in typography."""

from __future__ import annotations

import re
import unicodedata

_VULGAR_FRACTION = re.compile("(?<=[0-9])(?=[\u00bc-\u00be\u2150-\u215e])")
_SPACES = re.compile(r"\s+")
_GROUPING_SPACE = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
"""A space that no line may break at, between thousands and hundreds."""
_ARABIC_JOINT = re.compile("(?<=[\u0620-\u06ff])\u200c(?=[\u0620-\u06ff])")
"""Persian writes the parts of a word apart, and yet as one."""
_HYPHENED = re.compile(r"\w+(?:-\w+)+")
_INSIDE = re.compile(r"(?<=\w)[-'.&](?=\w)")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")

_TYPOGRAPHY = str.maketrans(
    {
        **dict.fromkeys("’‘ʼ′`´", "'"),
        **dict.fromkeys("“”„″", '"'),
        **dict.fromkeys("‐‑‒–—−", "-"),
        "×": "x",
        "⁄": "/",
        "٫": ".",
        "٬": ",",
        "ـ": "",
        # Invisible: soft hyphen, zero-width characters, direction marks.
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"),
    }
)

# Letters that Unicode does not decompose, in their usual plain spelling.
_PLAIN_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
    | {"ё": "е"}
)
# One letter that keyboards of two languages give, or that one language writes in two scripts.
_SAME_LETTERS = str.maketrans(
    {"ي": "ی", "ى": "ی", "ك": "ک", "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ة": "ه"}
    | {chr(hiragana): chr(hiragana + 0x60) for hiragana in range(0x3041, 0x3097)}
)
_ACCENTED = re.compile("([a-z\u0370-\u03ff])[\u0300-\u036f]+")
_ARABIC_VOWELS = re.compile("[\u064b-\u0652\u0670]+")


def normalise_text(text: str) -> str:
    """Lower case, compatibility forms (full width, ligatures, ½), digits and typography unified."""
    if text.isascii():
        return text.lower()
    text = _ARABIC_JOINT.sub("-", _GROUPING_SPACE.sub("", text))
    text = _VULGAR_FRACTION.sub(" ", text).translate(_TYPOGRAPHY)
    text = unicodedata.normalize("NFKC", text).translate(_TYPOGRAPHY).lower()
    # The small letter of İ is written with two.
    text = text.replace("i\u0307", "i")
    return _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)


def fold(word: str) -> str:
    """A lower-case word without accents: café, cafe. Only Latin and Greek letters have accents;
    the marks of other scripts tell letters apart and stay, but for the vowels of Arabic. A letter
    that has several codes gets one of them."""
    if word.isascii():
        return word
    plain = _ACCENTED.sub(r"\1", unicodedata.normalize("NFD", word.translate(_PLAIN_LETTERS)))
    plain = _ARABIC_VOWELS.sub("", unicodedata.normalize("NFC", plain))
    return plain.translate(_SAME_LETTERS) or word


def typed_form(text: str) -> str:
    """A text as people begin to type it: lower case, no accents, single spaces."""
    return " ".join(fold(normalise_text(text)).split())


def typed_word(word: str) -> str:
    """A word as people begin to type it: wh1000xm4 for WH-1000XM4."""
    return _INSIDE.sub("", typed_form(word))


def typed_title(title: str) -> str:
    """What a title is completed by: as it is typed, then its words with hyphens as one word."""
    typed = typed_form(title)
    joined = [each.replace("-", "") for each in _HYPHENED.findall(typed)]
    return " ".join([typed, *joined])


def comparison_key(text: str) -> str:
    """What texts share that differ by case, spaces and typography only: "Red", "RED "."""
    return " ".join(normalise_text(text).casefold().split())


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
