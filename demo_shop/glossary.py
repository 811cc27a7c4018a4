"""The shop's words in the visitor's language: attributes, brands and categories. A page says
hundreds of them, so every process reads them once a minute and keeps them."""

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
    """A value such as "Sage green", or a key such as "trim", in a language; itself if unknown."""
    return _in_language(_glossary().get((ATTRIBUTE, word)), language) or word


def label(facet: str, value: str) -> str:
    """A value of a facet, as a page shows it; of a category, by its path or name, the name."""
    return _in_language(_glossary().get((facet, value))) or said(value)


def heading(name: str) -> str:
    """The name of an attribute as people write it; "baseColour" reads "Base colour"."""
    known = said(name)
    if known != name:
        return known
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("_", " "))
    return str(capfirst(spaced.lower() if spaced != name else spaced))


def forget() -> None:
    """Read the words again at the next use, in this process."""
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
    """By facet and value; a new minute is another call."""
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
