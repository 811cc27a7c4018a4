"""Interactions from RecBole's files and from receipts."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from shopreco.evaluation.datasets.beir import DatasetError
from shopreco.evaluation.datasets.interactions import Interactions
from shopreco.evaluation.datasets.recbole import read_interactions
from shopreco.evaluation.datasets.receipts import Receipts

HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def written(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["shop.inter", "shop.inter.gz"])
def test_interactions_are_sorted_by_user_and_time(tmp_path: Path, name: str) -> None:
    lines = ["user_id:token\titem_id:token\trating:float\ttimestamp:float"]
    lines += ["a\tx\t5\t30", "b\ty\t1\t7", "a\tz\t4\t10", "a\tz\t4\t10", ""]
    path = written(tmp_path / name, "\n".join(lines))
    found = Interactions.of(read_interactions(path), ["y", "w"])
    assert found.items == ["y", "w", "x", "z"], "items of the catalogue first"
    assert [each.tolist() for each in found.sequences] == [[3, 2], [0]]
    assert found.sequences.times.tolist() == [10, 30, 7]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("user_id:token\titem_id:token\na\tx\n", "no column timestamp"),
        ("user_id:token\titem_id:token\ttimestamp:float\na\tx\n", r":2: 2 cells, not 3"),
        ("user_id:token\titem_id:token\ttimestamp:float\na\tx\tsoon\n", "'soon' is no time"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        list(read_interactions(written(tmp_path / "shop.inter", text)))


@pytest.mark.parametrize("name", ["lines.csv", "lines.csv.gz"])
def test_receipts_have_what_known_customers_bought(tmp_path: Path, name: str) -> None:
    lines = [
        "1,10002,GLOBE,4,2010-12-01 08:45:00,0.85,7,France",
        "1,85123a,HEART,1,2010-12-01 08:46:00,2.55,7,France",
        "1,85123A,HEART,2,2010-12-01 08:46:00,2.55,7,France",
        '2,10002,"GLOBE, BLUE",1,2010-12-01 08:00:00,0.85,7,France',
        "3,10002,GLOBE,1,2010-12-02 08:00:00,0.85,8,France",
        "C4,10002,GLOBE,-1,2010-12-03 08:00:00,0.85,7,France",
        "5,10003,BALLOON,-9,2010-12-03 08:00:00,0.85,7,France",
        "6,10004,SOMEBODY,1,2010-12-03 08:00:00,0.85,,France",
        "7,POST,POSTAGE,1,2010-12-03 08:00:00,18,7,France",
        "7,BANK CHARGES,,1,2010-12-03 08:00:00,18,7,France",
        "7,M,Manual,1,2010-12-03 08:00:00,18,7,France",
    ]
    receipts = Receipts.read(written(tmp_path / name, HEAD + "\n".join(lines) + "\n"))
    assert receipts.titles == {"10002": "GLOBE", "85123A": "HEART"}
    found = Interactions.of(receipts.interactions, receipts.titles)
    assert [each.tolist() for each in found.sequences] == [[0, 0, 1], [0]]
    assert found.sequences.step_starts.tolist() == [0, 1, 3], "an invoice is a basket"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("InvoiceNo,StockCode\n1,10002\n", ":1: no column Description, Quantity"),
        (HEAD + "1,10002,GLOBE,many,2010-12-01 08:45:00,1,7,France\n", ":2: could not convert"),
        (HEAD + "1,10002,GLOBE,1,yesterday,1,7,France\n", ":2: Invalid isoformat"),
        (HEAD, "no purchase"),
    ],
)
def test_malformed_receipts_are_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        Receipts.read(written(tmp_path / "lines.csv", text))
