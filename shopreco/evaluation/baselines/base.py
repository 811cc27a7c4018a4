"""The contract of the systems that are compared.

Each answers a query with document ids, for the metrics, and with a page of model instances, for
the clock, so that all of them do the same work for a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from shopreco.evaluation.scratch.corpus.models import CorpusProduct


class ComparedSystem(Protocol):
    name: str
    in_memory: bool
    """Does it search in this process rather than in the database?"""

    def rank(self, query: str, limit: int) -> list[str]:
        """Document ids, best first."""

    def page(self, query: str, limit: int) -> Sequence[Any]:
        """The same as a shop shows it: instances of the model, read from the database."""


def hydrate(ids: list[str]) -> list[CorpusProduct]:
    """Read the products with these ids, in their order."""
    found = CorpusProduct.objects.in_bulk(ids)
    return [found[id] for id in ids if id in found]
