"""`shopreco_evaluate recommend`, end to end on tiny shops."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from shopreco.evaluation.scratch.database import ScratchDatabase

ITEMS = 24
HASHING = {"TEXT_ENCODER": {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 32}}
HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hashing", "warnings_as_errors")]


@pytest.fixture
def hashing(settings: Any, tmp_path: Path) -> None:
    artefacts = str(tmp_path / "artefacts")
    settings.SHOPRECO = {**settings.SHOPRECO, **HASHING, "ARTEFACT_DIR": artefacts}


@pytest.fixture
def warnings_as_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "error")


def command(*arguments: object) -> str:
    out = StringIO()
    call_command("shopreco_evaluate", "recommend", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def circle(tmp_path: Path) -> Iterator[Path]:
    """Users who go on by one from some item of a circle. Half of the file is plain, half gzip."""
    folder = tmp_path / "circle"
    folder.mkdir()
    lines = ["user_id:token\titem_id:token\ttimestamp:float"]
    for user in range(72):
        lines += [f"{user}\ti{(user + n) % ITEMS}\t{n + 1}" for n in range(4 + user % 3)]
    (folder / "circle.inter.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    lines = ["item_id:token\ttitle:token_seq\tbrand:token\tcategories:token_seq"]
    # One item has no text, and one was never had.
    lines += [f"i{n}\tArticle {n * 7919 % 9973}\tElm\tHome > Kitchen" for n in range(1, ITEMS + 1)]
    (folder / "circle.item").write_text("\n".join([*lines, ""]))
    lines = ["head_id:token\trelation_id:token\ttail_id:token"]
    lines += [f"i{n}\tcategory\tcategory:{n % 4}" for n in range(1, ITEMS)]
    lines += [f"i{n}\talso_bought\ti{n + 1}" for n in range(1, ITEMS)]
    (folder / "circle.kg").write_text("\n".join([*lines, ""]))
    yield folder
    for purpose in ("recommend", "recommend_kg"):
        ScratchDatabase.of(purpose, folder / "circle.item").drop()


def files(folder: Path) -> list[object]:
    return ["--inter", folder / "circle.inter.gz", "--item", folder / "circle.item"]


@pytest.mark.slow
def test_all_systems_are_measured_on_one_split_and_seeds_are_merged(
    circle: Path, tmp_path: Path
) -> None:
    first, second, both = (tmp_path / f"{name}.json" for name in ("first", "second", "both"))
    printed = command(*files(circle), "--seed", 4, "--json", first)
    found = json.loads(first.read_text())
    assert set(found["systems"]) == {
        *("shopreco", "sequence", "covisitation", "content", "popularity", "item-knn", "als")
    }
    assert found["systems"]["shopreco"]["hr@10"] > 0.9
    assert found["systems"]["shopreco"]["ndcg@10"] > found["systems"]["popularity"]["ndcg@10"]
    for name, figures in found["systems"].items():
        assert 0 <= figures["ndcg@10"] <= figures["hr@10"] <= 1, name
        assert name in printed
    assert found["differences"]["popularity"]["ndcg@10"]["p"] < 0.05
    assert found["left_out"] == ["personal-frequency", "recent-popularity"]
    assert "Left out: personal-frequency, recent-popularity" in printed
    assert found["seeds"]["4"]["training"]["peak_mib"] > 0
    assert not list(tmp_path.glob("artefacts/evaluation/*/*")), "no checkpoint is left"

    command(*files(circle), "--seed", 5, "--json", second)
    command(*files(circle), "--seeds", 0, "--merge", f"{first},{second}", "--json", both)
    merged = json.loads(both.read_text())
    assert list(merged["seeds"]) == ["4", "5"]
    values = [each["systems"]["sequence"]["ndcg@10"] for each in merged["seeds"].values()]
    assert merged["systems"]["sequence"]["ndcg@10"] == pytest.approx(sum(values) / 2, abs=1e-4)
    assert merged["spread"]["popularity"]["ndcg@10"] == 0


@pytest.mark.slow
def test_relations_that_tell_what_is_to_be_found_are_excluded(circle: Path) -> None:
    graph = ["--kg", circle / "circle.kg"]
    command(*files(circle), *graph, "--seeds", 1)
    assert {"in_category", "also_bought"} <= relations(circle)
    command(*files(circle), *graph, "--seeds", 1, "--exclude-relations", "also_bought, nothing")
    assert "in_category" in relations(circle)
    assert "also_bought" not in relations(circle)


def relations(folder: Path) -> set[str]:
    """Of the edges in the scratch database with a graph."""
    scratch = connection.copy()
    name = ScratchDatabase.of("recommend_kg", folder / "circle.item").name
    scratch.settings_dict = {**connection.settings_dict, "NAME": name}
    with closing(scratch), scratch.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT t.code FROM shopreco_edge e "
            "JOIN shopreco_relationtype t ON t.id = e.relation_id"
        )
        return {relation for (relation,) in cursor.fetchall()}


@pytest.fixture
def receipts(tmp_path: Path) -> Iterator[Path]:
    """Customers who buy the same two things each month, and one that is new each time."""
    path = tmp_path / "till" / "transactions.csv.gz"
    path.parent.mkdir()
    lines = [HEAD]
    lines += [
        f"{customer}-{month},{10000 + n},Article {n},1,"
        f"2011-{month + 1:02}-{customer % 28 + 1:02} 10:00:00,1.0,{customer},France"
        for customer in range(40)
        for month in range(10)
        for n in (customer % 12, customer % 7, (customer * 5 + month) % 20)
    ]
    path.write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
    yield path
    ScratchDatabase.of("recommend", path).drop()


@pytest.mark.slow
def test_receipts_are_split_by_days(receipts: Path, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    printed = command(
        "--transactions", receipts, "--protocol", "time-split", "--seed", 0, "--json", figures
    )
    found = json.loads(figures.read_text())
    assert found["visitors"] == 40
    assert found["left_out"] == []
    assert {"personal-frequency", "recent-popularity"} <= set(found["systems"])
    assert found["systems"]["shopreco"]["ndcg@10"] > found["systems"]["popularity"]["ndcg@10"]
    assert "till, time-split: 20 items" in printed


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--inter", "x"], "takes --inter and --item, or --transactions"),
        (["--transactions", "x", "--item", "y"], "takes --inter and --item"),
        (["--transactions", "nowhere.csv"], "nowhere.csv is no file"),
        (["--transactions", __file__, "--seed", "1", "--seeds", "2"], "not both"),
        (["--transactions", __file__, "--seeds", "0"], "must be 1 or more"),
        (["--transactions", __file__, "--merge", __file__], "is no result of recommend"),
    ],
)
def test_options_that_make_no_sense_are_refused(arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        command(*arguments)
