"""The evaluation of search on a BEIR folder: everything between its files and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from shopreco.evaluation.baselines.search_service import BM25, Dense, FullText, ShopReco
from shopreco.evaluation.datasets.beir import Judgements, find_corpus
from shopreco.evaluation.protocols.comparison import TIMED_QUERIES, compare
from shopreco.evaluation.protocols.report import Report
from shopreco.evaluation.scratch.corpus.rows import FULL_TEXT_CONFIGURATION
from shopreco.evaluation.scratch.preparation import Work, counts, prepare
from shopreco.retrieval.lexical import FREQUENCIES
from shopreco.retrieval.results import ResultPage
from shopreco.retrieval.vocabulary import VOCABULARIES

WITH_FACETS = "with facets"


def evaluate(
    folder: Path,
    queries: Mapping[str, str],
    judgements: Judgements,
    search: Callable[..., ResultPage],
    work: Work,
) -> Report:
    """Make the scratch shop ready and compare all systems in it.

    `search` is `services.search`; `work` carries a run to its end.

    Raises:
        DatasetError: the corpus is malformed.
        IndexingFailed: its index could not be built.
    """
    space = prepare(find_corpus(folder), work)
    for kept in (FREQUENCIES, VOCABULARIES):
        # As in a web process that has answered for a while.
        kept.load(space)
    shopreco = ShopReco(search)
    with_facets = ShopReco(search, facets=["*"])
    outcomes, others = compare(
        [shopreco, FullText(), BM25(), Dense(space)],
        queries,
        judgements,
        also_timed={WITH_FACETS: with_facets},
    )
    return Report(
        dataset=folder.resolve().name,
        outcomes=outcomes,
        facet_times=others[WITH_FACETS],
        notes={
            **counts(),
            "queries": len(queries),
            "timed_queries": min(len(queries), TIMED_QUERIES),
            "full_text_configuration": FULL_TEXT_CONFIGURATION,
            "space": space.fingerprint,
            "pages_degraded": dict(shopreco.degraded + with_facets.degraded),
        },
    )
