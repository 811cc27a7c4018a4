"""Judged queries of a folder: from its files, from clicks, or made of the labels of its items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from shopreco.conf import get_settings
from shopreco.evaluation.datasets.beir import (
    DatasetError,
    Document,
    Judgements,
    find_corpus,
    find_qrels,
    find_queries,
    read_corpus,
    read_questions,
    sample,
)
from shopreco.evaluation.datasets.clicks import judge_clicks

LABELS = ("baseColour", "articleType", "gender")
MINIMUM_OCCURRENCES = 5


class Questions(NamedTuple):
    """Texts and judgements, by query id."""

    texts: dict[str, str]
    judgements: Judgements
    note: str = ""
    """What a reader of the figures should know of them."""


def judged_questions(
    folder: Path, queries: Path | None = None, qrels: Path | None = None, limit: int | None = None
) -> Questions:
    """At most `limit`; a folder without such files is asked for its labels.

    Raises:
        DatasetError: a file is malformed, or there is neither.
    """
    try:
        files = queries or find_queries(folder), qrels or find_qrels(folder)
    except DatasetError:
        judgements = labelled_questions(read_corpus(find_corpus(folder)))
        if queries or qrels or not judgements:
            raise
        return _chosen(judgements, limit)
    return Questions(*read_questions(*files, limit))


def clicked_questions(folder: Path, clicks: Path, limit: int | None = None) -> Questions:
    """At most `limit` of the queries after which people clicked on products of the folder.

    Raises:
        DatasetError: a file is malformed, or there is no such query.
    """
    products = {document.id for document in read_corpus(find_corpus(folder))}
    judgements, unknown = judge_clicks(clicks, products, get_settings().MAX_QUERY_LENGTH)
    clicked = len({product for each in judgements.values() for product in each})
    note = f"Judged by clicks on {clicked:,} products. Clicked, but not in the corpus: {unknown:,}."
    return _chosen(judgements, limit, note)


def _chosen(judgements: Judgements, limit: int | None, note: str = "") -> Questions:
    """Of queries that are known by their texts."""
    texts = sample({query: query for query in judgements}, limit)
    return Questions(texts, {query: judgements[query] for query in texts}, note)


def labelled_questions(documents: Iterable[Document]) -> dict[str, dict[str, int]]:
    """Queries such as "Blue Shirts Men", for every combination of `LABELS` that occurs often
    enough, with the ids of those that have them, each with a score of 1."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for document in documents:
        parts = [document.metadata.get(label) for label in LABELS]
        if all(parts):
            found[" ".join(map(str, parts))][document.id] = 1
    return {query: ids for query, ids in found.items() if len(ids) >= MINIMUM_OCCURRENCES}
