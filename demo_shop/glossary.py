"""The shop's words in the visitor's language: attributes, brands and categories. Every process
reads them once and keeps them for a while; the cache only says until when."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from uuid import uuid4

from django.core.cache import cache
from django.utils.text import capfirst
from django.utils.translation import get_language

from demo_shop.models import Brand, Category, Word

CACHE_KEY = "demo_shop.glossary"
SECONDS = 300


class Said(NamedTuple):
    english: str
    chinese: str


def said(word: str, language: str | None = None) -> str:
    """A value such as "Sage green", or a key such as "trim", in a language; itself if unknown."""
    known = _glossary().get(word)
    if known is None:
        return word
    return known.chinese if (language or get_language() or "").startswith("zh") else known.english


def heading(name: str) -> str:
    """The name of an attribute as people write it; "baseColour" reads "Base colour"."""
    known = said(name)
    if known != name:
        return known
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("_", " "))
    return str(capfirst(spaced.lower() if spaced != name else spaced))


def forget() -> None:
    """Read the words again at the next use."""
    cache.delete(CACHE_KEY)


def _glossary() -> dict[str, Said]:
    # Fetching thousands of words for each of them took longer than all else of a document.
    return _read(cache.get_or_set(CACHE_KEY, _new_edition, SECONDS))


def _new_edition() -> str:
    return uuid4().hex


@lru_cache(maxsize=1)
def _read(edition: str) -> dict[str, Said]:
    named = [
        *Brand.objects.exclude(name_zh="").values_list("name", "name_zh"),
        *Category.objects.exclude(name_zh="").values_list("name", "name_zh"),
    ]
    words = {word: Said(*rest) for word, *rest in Word.objects.values_list()}
    return {name: Said(name, chinese) for name, chinese in named} | words
