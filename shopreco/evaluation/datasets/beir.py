"""BEIR folders: `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`, each plain or gzip.

Thakur et al. 2021, "BEIR: A heterogeneous benchmark for zero-shot evaluation of information
retrieval models". Names of a split, such as `queries.dev.jsonl`, are read too.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from shopreco.exceptions import ShopRecoError

CORPUS_NAMES = ("corpus.jsonl", "items.jsonl")
QUERIES_NAMES = ("queries.jsonl", "queries.dev.jsonl", "queries.test.jsonl")
QRELS_NAMES = (
    "qrels.tsv",
    "qrels.dev.tsv",
    "qrels.test.tsv",
    "qrels/test.tsv",
    "qrels/dev.tsv",
)

Judgements = Mapping[str, Mapping[str, int]]
"""Scores by document id, by query id."""


class DatasetError(ShopRecoError):
    """A file of a data set is missing or malformed; the message names file and line."""

    code: ClassVar[str] = "dataset"


@dataclass(frozen=True, slots=True)
class Document:
    id: str
    title: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    image: str = ""
    """Path below the folder."""


def find_corpus(folder: Path) -> Path:
    return _find(folder, CORPUS_NAMES)


def find_queries(folder: Path) -> Path:
    return _find(folder, QUERIES_NAMES)


def find_qrels(folder: Path) -> Path:
    return _find(folder, QRELS_NAMES)


def _find(folder: Path, names: tuple[str, ...]) -> Path:
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder.")
    for name in names:
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    raise DatasetError(f"{folder} has none of {', '.join(names)}, plain or with .gz.")


def read_corpus(path: Path) -> Iterator[Document]:
    """Read the documents, in the order of the file.

    Raises:
        DatasetError: a line is malformed, or repeats an `_id`.
    """
    seen: set[str] = set()
    for number, row in _rows(path):
        id = _id(path, number, row, seen)
        if len(id) > 255:
            raise DatasetError(f"{path}:{number}: `_id` is longer than 255 characters.")
        metadata = row.get("metadata") or {}
        if not isinstance(metadata, dict):
            raise DatasetError(f"{path}:{number}: `metadata` is no object.")
        title, text, image = (_text(path, number, row, key) for key in ("title", "text", "image"))
        yield Document(id, title, text, metadata, image)


def read_queries(path: Path) -> dict[str, str]:
    """Read the texts by query id, in the order of the file.

    Raises:
        DatasetError: a line is malformed, or repeats an `_id`.
    """
    seen: set[str] = set()
    return {
        _id(path, number, row, seen): _text(path, number, row, "text")
        for number, row in _rows(path)
    }


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Read a tab-separated file of query, document and whole score. A header is skipped.

    Raises:
        DatasetError: a line does not have three cells, or its score is not a whole number.
    """
    judgements: dict[str, dict[str, int]] = {}
    for number, line in numbered_lines(path):
        cells = line.split("\t")
        if number == 1 and cells[-1].strip() == "score":
            continue
        try:
            query, document, score = cells
            judgements.setdefault(query, {})[document] = int(score)
        except ValueError:
            raise DatasetError(
                f"{path}:{number}: expected query-id, corpus-id and a whole score, "
                f"separated by tabs, not {line[:80]!r}."
            ) from None
    return judgements


def read_judged_queries(
    queries: Path, qrels: Path, limit: int | None = None
) -> tuple[dict[str, str], Judgements]:
    """Read texts and judgements of the queries that have both, at most `limit` of them.

    Raises:
        DatasetError: a file is malformed, or no query has been judged.
    """
    judgements = read_qrels(qrels)
    judged = {id: text for id, text in read_queries(queries).items() if id in judgements}
    if not judged:
        raise DatasetError(f"{qrels} judges none of the queries of {queries}.")
    chosen = sample(judged, limit)
    return chosen, {id: judgements[id] for id in chosen}


def sample(queries: Mapping[str, str], limit: int | None) -> dict[str, str]:
    """Choose at most `limit` queries, the same on every machine: those with the smallest hashes.

    Query files are often sorted by text, so their first lines are not a fair sample.
    """
    if limit is None or limit >= len(queries):
        return dict(queries)
    chosen = sorted(queries, key=digest)[:limit]
    return {id: queries[id] for id in chosen}


def digest(text: str) -> bytes:
    """SHA-1, the same on every machine: samples and splits are made by it."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).digest()


def fingerprint(path: Path) -> str:
    """SHA-256 of the file, compressed as it is."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number, from 1, and text of every line that is not blank."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    raise DatasetError(f"{path}:{number}: not UTF-8: {error}.") from None
                if text.strip():
                    yield number, text
    except (OSError, EOFError) as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in numbered_lines(path):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DatasetError(f"{path}:{number}: not JSON: {error}.") from None
        if not isinstance(row, dict):
            raise DatasetError(f"{path}:{number}: not a JSON object.")
        yield number, row


def _id(path: Path, number: int, row: Mapping[str, Any], seen: set[str]) -> str:
    id = row.get("_id")
    if not isinstance(id, (str, int)) or id == "":
        raise DatasetError(f"{path}:{number}: no `_id`.")
    if str(id) in seen:
        raise DatasetError(f"{path}:{number}: `_id` {id!r} occurs a second time.")
    seen.add(str(id))
    return str(id)


def _text(path: Path, number: int, row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DatasetError(f"{path}:{number}: `{key}` is no text.")
    # PostgreSQL cannot store NUL.
    return value.replace("\x00", "")
