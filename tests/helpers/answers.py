"""What a search answers."""

from __future__ import annotations

from typing import Any

from shopreco import services
from tests.helpers.index import GADGET


def search(query: str = "", name: str = GADGET, **options: Any) -> services.ResultPage:
    """A page for which nothing failed."""
    page = services.search(query, catalogue=name, **options)
    assert page.degraded == {}
    return page


def names(page: services.ResultPage) -> list[str]:
    """What a page shows, by name."""
    return [str(result.object) for result in page]


def found(query: str = "", name: str = GADGET, **options: Any) -> list[str]:
    """What a search shows, by name, whether or not a part of it failed."""
    return names(services.search(query, catalogue=name, **options))
