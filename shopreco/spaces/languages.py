"""The language of an item: the declared one, else the detected one, else that of the catalogue.

A short title does not show its language. All titles together do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.conf import settings

from shopreco.catalogues import ItemDocument
from shopreco.models import EmbeddingSpace
from shopreco.spaces.sources import encoder_of
from shopreco.text import detect_language, prevailing_language
from shopreco.text.languages import base_code

NOTABLE_SHARE = 10
"""A language counts if it is in at least a tenth as many documents as the most frequent one."""
PRESET = "en"
"""Django's own LANGUAGE_CODE: nobody chose it, so the texts decide."""


def catalogue_language(documents: Iterable[ItemDocument]) -> str:
    """The language for texts that do not show theirs: `LANGUAGE_CODE`, else that of all texts."""
    code = settings.LANGUAGE_CODE.split("-")[0].lower()
    if code != PRESET:
        return code
    return prevailing_language((each.passage for each in documents), default=code)


def language_in(spaces: Sequence[EmbeddingSpace]) -> str:
    """What `catalogue_language` was when the newest of a catalogue's spaces was made."""
    known = [language for each in spaces if (language := each.statistics.language) is not None]
    return known[-1] if known else catalogue_language(())


def with_language(document: ItemDocument, otherwise: str) -> ItemDocument:
    """The document with its main language."""
    main = document.language or detect_language(document.passage, default=otherwise)
    return replace(document, main_language=main)


def languages_of(document: ItemDocument) -> dict[str, str]:
    """Language by field: the document's, else the detected one of each text."""
    if document.language:
        return {part.name: document.language for part in document.texts}
    main = document.main_language
    return {part.name: detect_language(part.text, default=main) for part in document.texts}


def spoken(documents: Iterable[ItemDocument]) -> Counter[str]:
    """Number of documents by language of any of their texts."""
    return Counter(each for d in documents for each in set(languages_of(d).values()))


def unread(space: EmbeddingSpace) -> list[str]:
    """Frequent languages of a catalogue that the encoder of its space does not read.

    Empty if the encoder does not say which languages it reads.
    """
    reads = encoder_of(space).languages
    counts = space.statistics.languages
    most = max(counts.values(), default=0)
    notable = [code for code, count in counts.items() if NOTABLE_SHARE * count >= most]
    return sorted(code for code in notable if reads and base_code(code) not in reads)
