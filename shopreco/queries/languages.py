"""The language of a query, which chooses its analyser."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import get_language_from_request

from shopreco.models import EmbeddingSpace
from shopreco.text import detect_language


def query_language(
    space: EmbeddingSpace, text: str, given: str | None, request: HttpRequest | None
) -> str:
    """The given language, else the detected one, else that of the request, else the main one.

    A detected language, and that of the request, count if the catalogue has texts in it. A query is
    too short to tell most languages apart, so most end with the main language of the catalogue.
    """
    if given:
        return given.split("-")[0].lower()
    spoken = space.statistics.languages
    main = max(spoken, key=lambda code: spoken[code], default="en")
    detected = detect_language(text, default="")
    if detected in spoken:
        return detected
    if request is not None:
        wanted = get_language_from_request(request).split("-")[0]
        if wanted in spoken:
            return wanted
    return main
