"""Judged queries of a folder: from its files, from clicks, or made of the labels of its items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from shopreco.conf import get_settings
from shopreco.evaluation.datasets.beir import (
    DatasetError,
    Document,
    Judgements,
    find_corpus,
    find_qrels,
    find_queries,
    read_corpus,
    read_judged_queries,
    sample,
)
from shopreco.evaluation.datasets.clicks import judge_clicks

LABELS: Final = ("baseColour", "articleType", "gender")
MIN_OCCURRENCES: Final = 5


class JudgedQueries(NamedTuple):
    """Texts and judgements, by query id."""

    texts: dict[str, str]
    judgements: Judgements
    note: str = ""
    """A remark that is printed with the figures."""


def judged_queries(
    folder: Path, queries: Path | None = None, qrels: Path | None = None, limit: int | None = None
) -> JudgedQueries:
    """Read at most `limit` queries of a folder; without such files, make them of its labels.

    Raises:
        DatasetError: a file is malformed, or there is neither.
    """
    try:
        files = queries or find_queries(folder), qrels or find_qrels(folder)
    except DatasetError:
        judgements = labelled_queries(read_corpus(find_corpus(folder)))
        if queries or qrels or not judgements:
            raise
        return _chosen(judgements, limit)
    return JudgedQueries(*read_judged_queries(*files, limit))


def clicked_queries(folder: Path, clicks: Path, limit: int | None = None) -> JudgedQueries:
    """Read at most `limit` queries after which people clicked on products of the folder.

    Raises:
        DatasetError: a file is malformed, or there is no such query.
    """
    products = {document.id for document in read_corpus(find_corpus(folder))}
    judgements, unknown = judge_clicks(clicks, products, get_settings().MAX_QUERY_LENGTH)
    clicked = len({product for each in judgements.values() for product in each})
    note = f"Judged by clicks on {clicked:,} products. Clicked, but not in the corpus: {unknown:,}."
    return _chosen(judgements, limit, note)


def _chosen(judgements: Judgements, limit: int | None, note: str = "") -> JudgedQueries:
    """Sample queries whose ids are their texts."""
    texts = sample({query: query for query in judgements}, limit)
    return JudgedQueries(texts, {query: judgements[query] for query in texts}, note)


def labelled_queries(documents: Iterable[Document]) -> dict[str, dict[str, int]]:
    """Make queries such as "Blue Shirts Men", one for every combination of `LABELS` that occurs
    often enough. The items that have it are judged 1."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for document in documents:
        parts = [document.metadata.get(label) for label in LABELS]
        if all(parts):
            found[" ".join(map(str, parts))][document.id] = 1
    return {query: ids for query, ids in found.items() if len(ids) >= MIN_OCCURRENCES}
