"""BM25 by the library bm25s, in memory."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from shopreco.evaluation.baselines.base import hydrate
from shopreco.evaluation.scratch.corpus.models import CorpusProduct
from shopreco.evaluation.scratch.corpus.rows import WORDED_FIELDS


class BM25Search:
    """bm25s with its defaults, English stop words and a Snowball stemmer."""

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
        return hydrate(self.rank(query, limit))

    def _tokens(self, texts: list[str], **options: Any) -> Any:
        return self._bm25s.tokenize(
            texts, stopwords="en", stemmer=self._stemmer, show_progress=False, **options
        )
