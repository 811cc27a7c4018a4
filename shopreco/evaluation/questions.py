"""Judged queries of a folder: from its files, or made of the labels of its items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from shopreco.evaluation.beir import (
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

LABELS = ("baseColour", "articleType", "gender")
MINIMUM_OCCURRENCES = 5


def judged_questions(
    folder: Path, queries: Path | None = None, qrels: Path | None = None, limit: int | None = None
) -> tuple[dict[str, str], Judgements]:
    """Texts and judgements, at most `limit`; a folder without such files is asked for its labels.

    Raises:
        DatasetError: a file is malformed, or there is neither.
    """
    try:
        files = queries or find_queries(folder), qrels or find_qrels(folder)
    except DatasetError:
        judgements = labelled_questions(read_corpus(find_corpus(folder)))
        if queries or qrels or not judgements:
            raise
        chosen = sample({query: query for query in judgements}, limit)
        return chosen, {query: judgements[query] for query in chosen}
    return read_questions(*files, limit)


def labelled_questions(documents: Iterable[Document]) -> dict[str, dict[str, int]]:
    """Queries such as "Blue Shirts Men", for every combination of `LABELS` that occurs often
    enough, with the ids of those that have them, each with a score of 1."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for document in documents:
        parts = [document.metadata.get(label) for label in LABELS]
        if all(parts):
            found[" ".join(map(str, parts))][document.id] = 1
    return {query: ids for query, ids in found.items() if len(ids) >= MINIMUM_OCCURRENCES}
