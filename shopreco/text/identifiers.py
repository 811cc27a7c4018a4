"""Numbers that tell products apart: SKUs, GTINs, ISBNs, part numbers of manufacturers.

One number has several spellings: with and without separators, a GTIN with and without the zeros
that fill it up to 8, 12, 13 or 14 digits, an ISBN with 10 digits or 13.
"""

from __future__ import annotations

import re

__all__ = ["is_number", "normalise_identifier", "written_identifier"]

MAX_LENGTH = 100
GTIN_LENGTHS = (8, 12, 13, 14)
MIN_DIGITS = 3
"""Of a number with letters."""

_DIGITS = re.compile(r"\d+(?:[ -]\d+)*(?:[ -]?[xX])?")
_LETTERS_AND_DIGITS = re.compile(r"(?=(?:[^\d]*\d){3})[^\W_]+(?:[-./_][^\W_]+)*")
_WORD = re.compile(r"[^\W\d_]{4,}")
_MEASURE = re.compile(r"\d+(?:[.,/-]\d+)*(?:[a-z]{1,3}|\s?[\"'])?(?:x\d.*)?", re.IGNORECASE)


def normalise_identifier(value: object) -> str:
    """The one form by which numbers compare: without case, spaces, hyphens and dots, a GTIN without
    leading zeros, an ISBN as its GTIN; at most 100 characters."""
    if not value:
        return ""
    text = "".join(c for c in str(value).casefold() if c.isalnum())[:MAX_LENGTH]
    if not text.isascii():
        return text
    if text.isdigit() and len(text) in GTIN_LENGTHS and _check_digit(text[:-1]) == text[-1]:
        return text.lstrip("0") or text
    if _is_isbn10(text):
        body = f"978{text[:9]}"
        return body + _check_digit(body)
    return text


def written_identifier(value: object) -> str:
    """As it was written, but for case and outer spaces: AB-12 and AB-1/2 are two numbers."""
    return str(value).strip().casefold()[:MAX_LENGTH]


def is_number(query: str) -> bool:
    """Whether a query can be nothing but a number: digits alone, or one word of letters and three
    or more digits, as `ZX-4471-QP`. No measure (`120v`, `12x24`) and no name (`iphone 15`)."""
    text = query.strip()
    if _DIGITS.fullmatch(text):
        return True
    return bool(
        _LETTERS_AND_DIGITS.fullmatch(text)
        and not _WORD.search(text)
        and not _MEASURE.fullmatch(text)
    )


def _check_digit(digits: str) -> str:
    """The last digit of a GTIN: GS1 General Specifications, 7.9."""
    odd, even = (sum(map(int, digits[::-1][start::2])) for start in (0, 1))
    return str(-(3 * odd + even) % 10)


def _is_isbn10(text: str) -> bool:
    if not re.fullmatch(r"\d{9}[\dx]", text):
        return False
    values = [10 if digit == "x" else int(digit) for digit in text]
    return sum(value * (10 - place) for place, value in enumerate(values)) % 11 == 0
