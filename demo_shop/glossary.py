"""Translate the shop's words: attributes, brands and categories.

A page shows hundreds of them, so each process caches them for a minute."""

from __future__ import annotations

import re
from functools import lru_cache
from time import monotonic
from typing import NamedTuple

from django.utils.text import capfirst
from django.utils.translation import get_language

from demo_shop.models import Brand, Category, Word

SECONDS = 60
ATTRIBUTE = ""
"""Stands for all facets that are attributes: they share their words."""


class Said(NamedTuple):
    english: str
    chinese: str


def said(word: str, language: str | None = None) -> str:
    """Translate a value such as "Sage green" or a key such as "trim"; unknown words stay."""
    return _in_language(_glossary().get((ATTRIBUTE, word)), language) or word


def label(facet: str, value: str) -> str:
    """Label a value of a facet; a category's path becomes its name."""
    return _in_language(_glossary().get((facet, value))) or said(value)


def heading(name: str) -> str:
    """Name an attribute for people: "baseColour" becomes "Base colour"."""
    known = said(name)
    if known != name:
        return known
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("_", " "))
    return str(capfirst(spaced.lower() if spaced != name else spaced))


def forget() -> None:
    """Empty this process's cache of words."""
    _read.cache_clear()


def _in_language(known: Said | None, language: str | None = None) -> str:
    if known is None:
        return ""
    chinese = (language or get_language() or "").startswith("zh")
    return known.chinese if chinese and known.chinese else known.english


def _glossary() -> dict[tuple[str, str], Said]:
    return _read(int(monotonic() // SECONDS))


@lru_cache(maxsize=1)
def _read(_minute: int) -> dict[tuple[str, str], Said]:
    """Read all words, by facet and value; each minute is a new cache key."""
    words = {(ATTRIBUTE, word): Said(*rest) for word, *rest in Word.objects.values_list()}
    brands = {
        ("brand", name): Said(name, chinese)
        for name, chinese in Brand.objects.values_list("name", "name_zh")
    }
    categories = {
        ("category", each): Said(name, chinese)
        for path, name, chinese in Category.objects.values_list("path", "name", "name_zh")
        for each in (name, path)
    }
    return words | brands | categories
