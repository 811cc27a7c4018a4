"""Clicks as judgements, from the CSV files that shops export."""

from __future__ import annotations

import gzip
from math import log2
from pathlib import Path

import pytest

from shopreco.evaluation.datasets.beir import DatasetError
from shopreco.evaluation.datasets.clicks import ClickJudgements, judge_clicks

PRODUCTS = {"a", "b", "7"}


def judged(path: Path, text: str) -> ClickJudgements:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return judge_clicks(path, PRODUCTS, 400)


@pytest.mark.parametrize("name", ["clicks.csv", "clicks.csv.gz"])
def test_rows_of_the_same_pair_add_up(tmp_path: Path, name: str) -> None:
    text = "query,product,clicks\noak lamp,a,3\nlamp,7,1\noak lamp,a,4\noak lamp,b,0\n"
    assert judged(tmp_path / name, text) == ({"oak lamp": {"a": 3}, "lamp": {"7": 1}}, 0)


def test_the_gain_is_about_the_clicks(tmp_path: Path) -> None:
    for clicks in (1, 2, 3, 10, 100, 12_345):
        found = judged(tmp_path / "clicks.csv", f"query,product,clicks\nlamp,a,{clicks}\n")
        score = found.judgements["lamp"]["a"]
        assert score == max(1, round(log2(1 + clicks)))
        assert clicks / 1.5 <= 2**score - 1 <= clicks * 1.5


def test_clicks_are_one_where_nobody_counted_them(tmp_path: Path) -> None:
    found = judged(tmp_path / "clicks.csv", "query,product\nlamp,a\nlamp,a\nlamp,a\nlamp,b\n")
    assert found.judgements == {"lamp": {"a": 2, "b": 1}}


def test_queries_are_read_as_search_reads_them(tmp_path: Path) -> None:
    rows = ("product,query,day", 'a," oak\tlamp ",1', "a,ｏａｋ  lamp,2", "", 'b,"a ""b"", c",2')
    text = "\ufeff" + "\r\n".join(rows)
    found = judged(tmp_path / "clicks.csv", text)
    assert found.judgements == {"oak lamp": {"a": 2}, 'a "b", c': {"b": 1}}


def test_products_that_are_not_known_are_counted(tmp_path: Path) -> None:
    text = "query,product\nlamp,gone\ndesk,gone\ndesk,away\nlamp,a\n"
    assert judged(tmp_path / "clicks.csv", text) == ({"lamp": {"a": 1}}, 2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", r"csv:1: expected a header .* not nothing"),
        ("term,item\nlamp,a\n", r"csv:1: expected a header .* not term, item"),
        ("query,product,clicks\nlamp,a,2\nlamp,a\n", r"csv:3: expected 3 cells"),
        ("query,product\nlamp,a\n\nlamp,a,1\n", r"csv:4: expected 2 cells"),
        ("query,product,clicks\nlamp,a,many\n", r"csv:2: 'many' is no whole number"),
        ("query,product,clicks\nlamp,a,-1\n", r"csv:2: '-1' is no whole number"),
        ("query,product,clicks\nlamp,a,1.5\n", r"csv:2: '1.5' is no whole number"),
        ("query,product\n ,a\n", r"csv:2: no query"),
        ("query,product\nlamp,\n", r"csv:2: no product"),
        ('query,product\n"lamp,a\n', r"csv:2: not CSV"),
        ("query,product\nlamp,gone\n", r"no clicks on products of the corpus"),
        ("query,product,clicks\nlamp,a,0\n", r"no clicks on products of the corpus"),
    ],
)
def test_what_is_malformed_is_named_with_its_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        judged(tmp_path / "clicks.csv", text)
