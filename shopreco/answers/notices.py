"""Notices: sentences for the shopper about a page that is empty."""

from __future__ import annotations

from django.utils.translation import gettext, ngettext

from shopreco.models import EmbeddingSpace
from shopreco.queries.terms import lexical_query
from shopreco.text import get_analyser
from shopreco.text.exclusion import without_excluded
from shopreco.text.identifiers import is_number

MAX_NAMED_WORDS = 5


def nothing_found(space: EmbeddingSpace, text: str, language: str) -> str:
    """A sentence about a query without results: no product has the number, how a word was read, or
    which words no product has. Empty if there is nothing to say."""
    if is_number(text):
        return gettext("No product has this number.")
    asked = without_excluded(text, language)
    words = lexical_query(space, text, language)
    if words is not None and words.corrected:
        return gettext("Nothing was found for “%(query)s”, nor for “%(corrected)s”.") % {
            "query": asked,
            "corrected": words.corrected,
        }
    known = {term.typed for term in words.terms if term.frequency} if words else set()
    tokens = [token for token in get_analyser(language).tokens(asked) if token.weight == 1]
    unknown = list(dict.fromkeys(t.surface for t in tokens if t.surface not in known))
    if not unknown:
        return ""
    return ngettext(
        "No product has the word %(words)s.", "No product has the words %(words)s.", len(unknown)
    ) % {"words": gettext(", ").join(f"“{word}”" for word in unknown[:MAX_NAMED_WORDS])}
