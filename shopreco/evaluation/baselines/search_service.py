"""The systems that are compared: shopreco and what a Django shop could use instead.

Each answers a query with document ids (for the metrics) and with a page of model instances (for
the clock), so that all of them do the same work for a page.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, QuerySet

from shopreco.evaluation.scratch.corpus.models import CorpusProduct
from shopreco.evaluation.scratch.corpus.rows import FULL_TEXT_CONFIGURATION, WORDED_FIELDS
from shopreco.models import Embedding, EmbeddingSpace
from shopreco.retrieval.results import ResultPage
from shopreco.retrieval.vectors import query_encoder


class System(Protocol):
    name: str
    in_memory: bool
    """Whether it searches in this process rather than in the database."""

    def rank(self, query: str, limit: int) -> list[str]:
        """Document ids, best first."""

    def page(self, query: str, limit: int) -> Sequence[Any]:
        """The same as a shop shows it: instances of the model, read from the database."""


class ShopReco:
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


class FullText:
    """PostgreSQL's full-text search by `django.contrib.postgres`, any of the words."""

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


class BM25:
    """The library bm25s with its defaults, English stop words and a Snowball stemmer, in memory."""

    name = "bm25"
    in_memory = True

    def __init__(self) -> None:
        import bm25s
        import snowballstemmer

        # At import it sets itself to report every query without a known word.
        logging.getLogger("bm25s").setLevel(logging.ERROR)
        self._bm25s = bm25s
        self._stemmer = snowballstemmer.stemmer("english")
        rows = CorpusProduct.objects.order_by("pk").values_list("pk", *WORDED_FIELDS)
        self._ids: list[str] = []
        texts: list[str] = []
        for pk, *words in rows.iterator(5_000):
            self._ids.append(pk)
            texts.append(" ".join(words))
        self._index = bm25s.BM25()
        self._index.index(self._tokens(texts), show_progress=False)

    def rank(self, query: str, limit: int) -> list[str]:
        depth = min(limit, len(self._ids))
        found, scores = self._index.retrieve(
            self._tokens([query], return_ids=False), k=depth, show_progress=False
        )
        return [self._ids[at] for at, score in zip(found[0], scores[0], strict=True) if score > 0]

    def page(self, query: str, limit: int) -> Sequence[Any]:
        return _hydrated(self.rank(query, limit))

    def _tokens(self, texts: list[str], **options: Any) -> Any:
        return self._bm25s.tokenize(
            texts, stopwords="en", stemmer=self._stemmer, show_progress=False, **options
        )


class Dense:
    """Exact cosine, formula (3), over the stored vectors of a space, in memory.

    The query is encoded as the web process encodes it.
    """

    name = "dense"
    in_memory = True

    def __init__(self, space: EmbeddingSpace) -> None:
        rows = Embedding.objects.filter(space=space).values_list("item__object_id", "vector")
        self._ids: list[str] = []
        self._vectors = np.empty((rows.count(), space.dimension), dtype=np.float32)
        for at, (object_id, vector) in enumerate(rows.iterator(5_000)):
            self._ids.append(object_id)
            self._vectors[at] = vector
        # Half precision left their lengths a little off 1.
        self._vectors /= np.linalg.norm(self._vectors, axis=1, keepdims=True)
        self._encoder = query_encoder(space)

    def rank(self, query: str, limit: int) -> list[str]:
        scores = self._vectors @ self._encoder.encode_query(query)
        depth = min(limit, len(scores))
        best = np.argpartition(-scores, depth - 1)[:depth]
        return [self._ids[at] for at in best[np.argsort(-scores[best], kind="stable")]]

    def page(self, query: str, limit: int) -> Sequence[Any]:
        return _hydrated(self.rank(query, limit))


def _hydrated(ids: list[str]) -> list[CorpusProduct]:
    found = CorpusProduct.objects.in_bulk(ids)
    return [found[id] for id in ids if id in found]
