"""BEIR folders in the shapes in which they are met."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from shopreco.evaluation.datasets import beir
from shopreco.evaluation.datasets.beir import DatasetError, Document

CORPUS = (
    '{"_id": "a", "title": "Oak table", "text": "Solid.", "metadata": {"brand": "Elm & Co"}}\n'
    "\n"
    '{"_id": 7, "title": "Lamp"}\n'
)
QUERIES = '{"_id": "q1", "text": "table"}\n{"_id": "q2", "text": "lamp"}\n'
QRELS = "query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\t7\t0\nq2\t7\t1\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["corpus.jsonl", "corpus.jsonl.gz"])
def test_a_corpus_is_read_plain_or_compressed(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, CORPUS)
    assert list(beir.read_corpus(beir.find_corpus(tmp_path))) == [
        Document("a", "Oak table", "Solid.", {"brand": "Elm & Co"}),
        Document("7", "Lamp", ""),
    ]


@pytest.mark.parametrize("queries", ["queries.jsonl", "queries.dev.jsonl", "queries.jsonl.gz"])
@pytest.mark.parametrize("qrels", ["qrels.tsv", "qrels.dev.tsv.gz", "qrels/test.tsv"])
def test_questions_go_by_several_names(tmp_path: Path, queries: str, qrels: str) -> None:
    write(tmp_path / queries, QUERIES)
    write(tmp_path / qrels, QRELS)
    found = beir.read_judged_queries(beir.find_queries(tmp_path), beir.find_qrels(tmp_path))
    assert found == ({"q1": "table", "q2": "lamp"}, {"q1": {"a": 2, "7": 0}, "q2": {"7": 1}})


def test_judgements_need_no_header_and_quote_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "qrels.tsv", 'q1\t"a\t1\r\n')
    assert beir.read_qrels(path) == {"q1": {'"a': 1}}


def test_queries_without_judgements_are_not_asked(tmp_path: Path) -> None:
    queries = write(tmp_path / "queries.jsonl", QUERIES)
    qrels = write(tmp_path / "qrels.tsv", "q2\t7\t1\nelsewhere\t7\t1\n")
    assert beir.read_judged_queries(queries, qrels) == ({"q2": "lamp"}, {"q2": {"7": 1}})


def test_a_limit_chooses_the_same_queries_whatever_their_order() -> None:
    queries = {f"q{i}": f"text {i}" for i in range(50)}
    backwards = dict(reversed(queries.items()))
    chosen = beir.sample(queries, 10)
    assert len(chosen) == 10
    assert chosen == beir.sample(backwards, 10)
    assert list(chosen) != list(queries)[:10]
    assert beir.sample(queries, 500) == queries


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("corpus.jsonl", '{"_id": "a"}\n{"_id": "b"\n', ":2: not JSON"),
        ("corpus.jsonl.gz", '{"_id": "a"}\n\n["b"]\n', ":3: not a JSON object"),
        ("corpus.jsonl", '{"title": "x"}\n', ":1: no `_id`"),
        ("corpus.jsonl", '{"_id": "a"}\n{"_id": "a"}\n', ":2: `_id` 'a' occurs a second time"),
        ("corpus.jsonl", '{"_id": "a", "title": 3}\n', ":1: `title` is no text"),
        ("corpus.jsonl", '{"_id": "a", "metadata": []}\n{"_id": "b", "metadata": [1]}', ":2: "),
        ("corpus.jsonl", '{"_id": "' + "a" * 256 + '"}', ":1: `_id` is longer"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(DatasetError) as raised:
        list(beir.read_corpus(path))
    assert f"{path}{complaint}" in str(raised.value)


@pytest.mark.parametrize("line", ["q1\ta", "q1\ta\t1.5", "q1 a 1", "q1\t0\ta\t1"])
def test_a_malformed_judgement_is_named(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "qrels.tsv", f"query-id\tcorpus-id\tscore\n{line}\n")
    with pytest.raises(DatasetError, match=r"qrels\.tsv:2: expected"):
        beir.read_qrels(path)


def test_what_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "queries.jsonl").write_bytes(b'{"_id": "q1", "text": "caf\xe9"}\n')
    with pytest.raises(DatasetError, match=r"queries\.jsonl:1: not UTF-8"):
        beir.read_queries(tmp_path / "queries.jsonl")


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(CORPUS.encode())
    (tmp_path / "corpus.jsonl.gz").write_bytes(whole[:-12])
    with pytest.raises(DatasetError, match=r"corpus\.jsonl\.gz cannot be read"):
        list(beir.read_corpus(tmp_path / "corpus.jsonl.gz"))


def test_a_missing_file_or_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has none of corpus\.jsonl"):
        beir.find_corpus(tmp_path)
    with pytest.raises(DatasetError, match="is not a folder"):
        beir.find_queries(tmp_path / "nowhere")


def test_judgements_of_other_queries_are_no_judgements(tmp_path: Path) -> None:
    queries = write(tmp_path / "queries.jsonl", QUERIES)
    qrels = write(tmp_path / "qrels.tsv", "elsewhere\t7\t1\n")
    with pytest.raises(DatasetError, match="judges none of the queries"):
        beir.read_judged_queries(queries, qrels)


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    path = write(tmp_path / "corpus.jsonl", CORPUS)
    before = beir.fingerprint(path)
    assert beir.fingerprint(path) == before
    path.write_text(CORPUS + '{"_id": "c"}\n', encoding="utf-8")
    assert beir.fingerprint(path) != before
