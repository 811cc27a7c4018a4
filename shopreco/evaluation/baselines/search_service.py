"""`services.search`, as any shop calls it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from shopreco.answers.results import ResultPage


class SearchService:
    """`services.search`, as any shop calls it.

    `facets` are passed on. `degraded` counts the stages that pages went without, by name.
    """

    name = "shopreco"
    in_memory = False

    def __init__(
        self, search: Callable[..., ResultPage], facets: Sequence[str] | None = None
    ) -> None:
        self._search = search
        self._facets = facets
        self.degraded: Counter[str] = Counter()

    def rank(self, query: str, limit: int) -> list[str]:
        return [result.object_id for result in self.results(query, limit)]

    def page(self, query: str, limit: int) -> Sequence[Any]:
        return self.results(query, limit).objects

    def results(self, query: str, limit: int) -> ResultPage:
        page = self._search(query, limit=limit, facets=self._facets)
        self.degraded.update(page.degraded.keys())
        return page
