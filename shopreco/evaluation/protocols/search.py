"""The protocol of search on a BEIR folder: index it, ask all systems, compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from shopreco.answers.results import ResultPage
from shopreco.evaluation.base import Work
from shopreco.evaluation.baselines.bm25 import BM25Search
from shopreco.evaluation.baselines.dense import ExactCosine
from shopreco.evaluation.baselines.full_text import FullTextSearch
from shopreco.evaluation.baselines.search_service import SearchService
from shopreco.evaluation.datasets.beir import Judgements, find_corpus
from shopreco.evaluation.protocols.comparison import MAX_TIMED_QUERIES, MIN_TIMED_PAGES, compare
from shopreco.evaluation.protocols.report import SearchReport
from shopreco.evaluation.scratch.corpus.rows import FULL_TEXT_CONFIGURATION
from shopreco.evaluation.scratch.preparation import counts, prepare
from shopreco.queries.entities import VOCABULARIES
from shopreco.queries.terms import FREQUENCIES

WITH_FACETS: Final = "with facets"


def evaluate(
    folder: Path,
    queries: Mapping[str, str],
    judgements: Judgements,
    search: Callable[..., ResultPage],
    work: Work,
    pages: int | None = None,
) -> SearchReport:
    """Compare all systems in the scratch shop.

    search: `services.search`. pages: how many are timed at least, by default
        `MIN_TIMED_PAGES`.

    Raises:
        DatasetError: the corpus is malformed.
        IndexingFailed: its index could not be built.
    """
    space = prepare(find_corpus(folder), work)
    for cached in (FREQUENCIES, VOCABULARIES):
        # As in a web process that has answered for a while.
        cached.load(space)
    plain = SearchService(search)
    with_facets = SearchService(search, facets=["*"])
    outcomes, others = compare(
        [plain, FullTextSearch(), BM25Search(), ExactCosine(space)],
        queries,
        judgements,
        also_timed={WITH_FACETS: with_facets},
        pages=pages or MIN_TIMED_PAGES,
    )
    return SearchReport(
        dataset=folder.resolve().name,
        outcomes=outcomes,
        facet_times=others[WITH_FACETS],
        notes={
            **counts(),
            "queries": len(queries),
            "timed_queries": min(len(queries), MAX_TIMED_QUERIES),
            "full_text_configuration": FULL_TEXT_CONFIGURATION,
            "space": space.fingerprint,
            "pages_degraded": dict(plain.degraded + with_facets.degraded),
        },
    )
