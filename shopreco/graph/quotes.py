"""Quotes: the sentence of a product's texts in which a value was found."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from shopreco.catalogues import Catalogue, ItemDocument, Text
from shopreco.graph.extraction import TEXT_FIELDS
from shopreco.models import EmbeddingSpace
from shopreco.spaces.languages import language_in, languages_of, with_language
from shopreco.text.dictionary import Dictionary
from shopreco.text.segmentation import UNSPACED

MAX_CONTEXT_LENGTH = 90
"""Characters that are quoted before the words, and after them, at most."""

_SENTENCE = re.compile(r"[^.!?;\n。！？；]+(?:[.!?;](?=\S)[^.!?;\n。！？；]+)*[.!?;。！？；]*")
"""A sentence, up to the mark that ends it. The point in "2.5 l" ends none."""
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")


class Quote(NamedTuple):
    """A sentence, cut at the words of the value."""

    before: str
    words: str
    after: str


def quote(
    catalogue: Catalogue,
    document: ItemDocument,
    names: Collection[str],
    space: EmbeddingSpace | None = None,
) -> Quote | None:
    """The first sentence of a document that has a value by one of its names; None if none has.

    The texts are analysed as for the space."""
    said = Dictionary((name, True) for name in names)
    language = language_in([space] if space else [])
    languages = languages_of(with_language(document, language))
    for part in document.texts:
        if not isinstance(catalogue.fields.get(part.name), Text):
            continue
        language = languages[part.name]
        for found in _SENTENCE.finditer(part.text[:TEXT_FIELDS]):
            sentence = " ".join(found[0].split())
            if said.mentions(sentence, language):
                return _cut(sentence, said, names, language)
    return None


def _cut(
    sentence: str, said: Dictionary[bool], names: Collection[str], language: str
) -> Quote | None:
    """Cut a sentence at the shortest run of words that has the value; the first of several."""
    for start, end in _runs(sentence, names):
        if said.mentions(sentence[start:end], language):
            before, after = sentence[:start], sentence[end:]
            if len(before) > MAX_CONTEXT_LENGTH:
                before = "…" + before[-MAX_CONTEXT_LENGTH:].partition(" ")[2]
            if len(after) > MAX_CONTEXT_LENGTH:
                after = after[:MAX_CONTEXT_LENGTH].rpartition(" ")[0] + "…"
            return Quote(before, sentence[start:end], after)
    return Quote(sentence[: 2 * MAX_CONTEXT_LENGTH], "", "")


def _runs(sentence: str, names: Collection[str]) -> Iterator[tuple[int, int]]:
    """Runs of words that may be a name, the shortest first; in scripts without spaces the names
    themselves."""
    if UNSPACED.search(sentence):
        for name in sorted(names, key=len):
            if (start := sentence.casefold().find(name.casefold())) >= 0:
                yield start, start + len(name)
    words = [found.span() for found in _WORD.finditer(sentence)]
    longest = max(len(_WORD.findall(name)) for name in names)
    for length in range(1, longest + 2):
        for first, last in zip(words, words[length - 1 :], strict=False):
            yield first[0], last[1]
