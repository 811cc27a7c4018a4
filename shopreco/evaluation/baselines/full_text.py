"""PostgreSQL's full-text search, by `django.contrib.postgres`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, QuerySet

from shopreco.evaluation.scratch.corpus.models import CorpusProduct
from shopreco.evaluation.scratch.corpus.rows import FULL_TEXT_CONFIGURATION


class FullTextSearch:
    """Products with any of the words, by `SearchRank`."""

    name = "django-fts"
    in_memory = False

    def rank(self, query: str, limit: int) -> list[str]:
        return list(self._found(query).values_list("pk", flat=True)[:limit])

    def page(self, query: str, limit: int) -> Sequence[Any]:
        return list(self._found(query)[:limit])

    def _found(self, text: str) -> QuerySet[CorpusProduct]:
        # Quotes and a leading hyphen are operators of websearch; here they are what was typed.
        words = [word.lstrip("-") for word in text.replace('"', " ").split()]
        query = SearchQuery(
            " or ".join(word for word in words if word),
            search_type="websearch",
            config=FULL_TEXT_CONFIGURATION,
        )
        rank = SearchRank(F("search_vector"), query, normalization=1, cover_density=False)
        found: QuerySet[CorpusProduct] = CorpusProduct.objects.filter(search_vector=query)
        ranked: QuerySet[CorpusProduct] = found.annotate(rank=rank).order_by("-rank", "pk")
        return ranked
