"""Clean text: remove entities, markup and characters that cannot be stored."""

from __future__ import annotations

import html
import re

from django.core.exceptions import SuspiciousOperation
from django.utils.html import strip_tags

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_WRAPPED = re.compile(r"[<&]")
_BREAKS = re.compile(r"(?i)<(?:br|li|/p|/div|/li|/h[1-6]|/tr|/ul|/ol)\b[^>]{0,500}>")
_CELLS = re.compile(r"(?i)</t[dh]\b[^>]{0,500}>")
_UNSHOWN = re.compile(r"(?is)<(script|style|head)\b.*?(?:</\1\s*>|\Z)")
_MAX_LENGTH = 200_000
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def words(text: str) -> frozenset[str]:
    """Split a string into a set of words."""
    return frozenset(text.split())


def text(value: object) -> str:
    """A value as the feed has it. PostgreSQL cannot store NUL, nor half a surrogate pair."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _UNSTORABLE.sub("", str(value)).strip()


def unescaped(text: str) -> str:
    """Without entities. `&copy` in an address is a parameter: only `&copy;` is a sign."""
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def plain(value: object) -> str:
    """Lines without markup: feeds carry HTML, often escaped once more than the format asks.

    Raises:
        ValueError: the markup is no end of tags that are never closed.
    """
    found = text(value)[:_MAX_LENGTH]
    if _WRAPPED.search(found):
        shown = _UNSHOWN.sub(" ", unescaped(found))
        try:
            found = unescaped(strip_tags(_CELLS.sub(" ", _BREAKS.sub("\n", shown))))
        except SuspiciousOperation:
            raise ValueError(f"the markup of {found[:30]!r} … cannot be read") from None
    lines = (" ".join(line.split()) for line in found.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def line(value: object) -> str:
    """As `plain`, on one line: titles, brands, categories and attributes."""
    found = text(value)
    return " ".join((plain(found) if _WRAPPED.search(found) else found).split())
