"""Middleware: a page that holds what is of one visitor is kept by no shared cache."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control


class PersonalPages:
    """Marks pages with a personal block `private, no-store`.

    Below `UpdateCacheMiddleware`, where a site has that: what is below answers first.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "_shopreco_is_personal", False):
            patch_cache_control(response, private=True, no_store=True)
        return response


def mark_personal(request: HttpRequest) -> None:
    """Note that the page of a request holds what is of one visitor.

    Django's own caches of pages, also `cache_page` around one view, then leave it out.
    """
    request._shopreco_is_personal = True  # type: ignore[attr-defined]  # as Django's middleware does
    request._cache_update_cache = False  # type: ignore[attr-defined]  # what its caches look at
