"""Which language an item is in: as its catalogue declares, else as its texts say, else that of the
whole catalogue. A short title says nothing of its language; all of them together do."""

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

NOTABLE = 10
"""A language counts that is at least in a tenth as many documents as the most usual one."""
PRESET = "en"
"""Of the setting `LANGUAGE_CODE` where nobody chose it: the texts may know better."""


def catalogue_language(documents: Iterable[ItemDocument]) -> str:
    """The language of texts that do not say theirs, by documents of a catalogue."""
    code = settings.LANGUAGE_CODE.split("-")[0].lower()
    if code != PRESET:
        return code
    return prevailing_language((each.passage for each in documents), default=code)


def language_in(spaces: Sequence[EmbeddingSpace]) -> str:
    """What `catalogue_language` was when the newest of a catalogue's spaces was made."""
    known = [each.statistics["language"] for each in spaces if "language" in each.statistics]
    return known[-1] if known else catalogue_language(())


def with_language(document: ItemDocument, otherwise: str) -> ItemDocument:
    """With its main language."""
    main = document.language or detect_language(document.passage, default=otherwise)
    return replace(document, main_language=main)


def languages_of(document: ItemDocument) -> dict[str, str]:
    """Language per field: the document's, else what each text is written in."""
    if document.language:
        return {part.name: document.language for part in document.texts}
    main = document.main_language
    return {part.name: detect_language(part.text, default=main) for part in document.texts}


def spoken(documents: Iterable[ItemDocument]) -> Counter[str]:
    """How many documents have a text in each language."""
    return Counter(each for d in documents for each in set(languages_of(d).values()))


def unread(space: EmbeddingSpace) -> list[str]:
    """Languages of a notable part of the texts that the space's model does not read; none where it
    does not say what it reads."""
    reads = encoder_of(space).languages
    said: dict[str, int] = space.statistics.get("languages", {})
    notable = [code for code, count in said.items() if NOTABLE * count >= max(said.values())]
    return sorted(code for code in notable if reads and base_code(code) not in reads)
