"""Events of files: each form, read twice, with lines that are wrong; and written again."""

from __future__ import annotations

import gzip
import json
import sys
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from shopreco import services
from shopreco.behaviour.files import EventFileError
from shopreco.models import Event, Visitor

pytestmark = pytest.mark.django_db

CSV = """\
name,time,visitor,user,transaction_id,currency,item_id,quantity,price
view_item,2024-05-01T10:00:00Z,v1,,,,chair,,
purchase,2024-05-01T11:00:00Z,v1,u1,N-1,EUR,chair,2,29.90
purchase,2024-05-01T11:00:00Z,v1,u1,N-1,EUR,lamp,1,10
view_item,2024-05-02T10:00:00Z,v2,,,,lamp,,,more
purchase,2024-05-02T10:00:00Z,v2,,,,lamp,1,
"""
GA4 = {
    "event_date": "20240501",
    "event_timestamp": "1714557600123456",
    "event_name": "purchase",
    "event_params": [
        {"key": "ga_session_id", "value": {"string_value": None, "int_value": "17145"}},
        {"key": "currency", "value": {"string_value": "EUR"}},
        {"key": "value", "value": {"double_value": 69.8}},
    ],
    "user_pseudo_id": "123.456",
    "ecommerce": {"transaction_id": "N-2", "purchase_revenue": 69.8, "total_item_quantity": "2"},
    "items": [
        {"item_id": "chair", "price": "34.9", "quantity": "2", "item_list_index": "(not set)"}
    ],
}
INTER = "user_id:token\titem_id:token\ttimestamp:float\nu1\tchair\t3\nu1\tlamp\t4\nu2\tchair\n"


def read(text: str, form: str, **options: Any) -> services.ImportedEvents:
    file = BytesIO(text.encode())
    return services.import_events(file, form, **{"consent": "personal", **options})


def test_lines_of_an_order_are_one_purchase() -> None:
    found = read(CSV, "csv")
    assert (found.read, found.accepted, found.repeated) == (4, 2, 0)
    assert [(each.index, each.code) for each in found.errors] == [(5, "line"), (6, "invalid_event")]
    bought = Event.objects.get(name="purchase")
    assert bought.items == [
        {"id": "chair", "price": 29.9, "quantity": 2},
        {"id": "lamp", "price": 10, "quantity": 1},
    ]
    assert (bought.source, bought.user_id, bought.consent) == ("import", "u1", "personal")
    assert bought.time.isoformat() == "2024-05-01T11:00:00+00:00"
    assert Event.objects.get(name="view_item").visitor_id == bought.visitor_id
    again = read(CSV, "csv")
    assert (again.accepted, again.repeated) == (0, 2)


def test_an_export_of_google_analytics_is_read_with_its_typed_values() -> None:
    found = read(json.dumps(GA4) + "\n\n{broken\n[]\n", "jsonl")
    assert (found.accepted, [each.index for each in found.errors]) == (1, [3, 4])
    event = Event.objects.get()
    assert event.time.isoformat() == "2024-05-01T10:00:00.123456+00:00"
    assert (event.session, event.currency, float(event.value or 0)) == ("17145", "EUR", 69.8)
    assert event.items == [{"id": "chair", "price": 34.9, "quantity": 2}]
    assert event.transaction_id == "N-2"


def test_interactions_of_recbole_are_views() -> None:
    found = read(INTER, "inter")
    assert (found.accepted, [each.index for each in found.errors]) == (2, [4])
    assert Visitor.objects.count() == 1
    with pytest.raises(EventFileError, match="item_id:token"):
        read("a\tb\n", "inter")


def test_without_consent_a_file_identifies_nobody() -> None:
    read(CSV, "csv", consent="statistics")
    assert not Visitor.objects.exists()
    assert {event.user_id for event in Event.objects.all()} == {""}


def test_the_command_says_what_is_wrong_and_writes_what_it_reads(tmp_path: Path) -> None:
    file, errors, copy = tmp_path / "e.csv.gz", tmp_path / "wrong", tmp_path / "all.jsonl"
    file.write_bytes(gzip.compress(CSV.encode()))
    out, err = StringIO(), StringIO()
    asked = {"consent": "personal", "errors": errors, "stdout": out, "stderr": err}
    call_command("shopreco_events", "import", str(file), **asked)
    assert "2 events are new, 0 were there, 2 are wrong" in out.getvalue()
    assert "line 6: transaction_id" in err.getvalue()
    assert len(errors.read_text().splitlines()) == 2
    call_command("shopreco_events", "export", str(copy), stdout=out)
    lines = [json.loads(line) for line in copy.read_text().splitlines()]
    assert [each["name"] for each in lines] == ["view_item", "purchase"]
    with copy.open("rb") as again:
        found = services.import_events(again, "jsonl", consent="personal")
    assert (found.accepted, found.repeated) == (0, 2)
    with pytest.raises(CommandError, match="give --format"):
        call_command("shopreco_events", "import", str(errors), consent="none")


def test_all_events_are_written_by_the_column(tmp_path: Path) -> None:
    from pyarrow import parquet

    read(CSV, "csv", consent="personal")
    services.track("search", ["a", "b"], query="lamp", total=3, arms={"ranking": "new"})
    out = StringIO()
    call_command("shopreco_events", "export", str(tmp_path / "all.parquet"), stdout=out)
    assert "3 events written" in out.getvalue()
    rows = parquet.read_table(tmp_path / "all.parquet").to_pylist()
    assert len(rows) == 3
    kept = {str(event.uuid): event for event in Event.objects.all()}
    for row in rows:
        event = kept[row["uuid"]]
        assert (row["time"], row["name"], row["value"]) == (event.time, event.name, event.value)
        found = [{k: v for k, v in each.items() if v is not None} for each in row["items"]]
        assert found == event.items
    [search] = [row for row in rows if row["name"] == "search"]
    assert (search["arms"], search["total"], search["is_bot"]) == ([("ranking", "new")], 3, False)


def test_without_pyarrow_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for options in ([str(tmp_path / "all"), "--format", "parquet"], [str(tmp_path / "a.parquet")]):
        with pytest.raises(CommandError, match=r"pip install 'shopreco\[parquet\]'"):
            call_command("shopreco_events", "export", *options)


def test_what_is_of_somebody_is_written_and_erased_by_one_command_each(tmp_path: Path) -> None:
    read(CSV, "csv", consent="personal")
    services.track("view_item", ["other"])
    visitor = Visitor.objects.order_by("pk").first()
    assert visitor is not None
    out, file = StringIO(), tmp_path / "theirs.jsonl"
    who = ["--visitor", str(visitor.pk)]
    call_command("shopreco_events", "export", str(file), *who, stdout=out)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    number = Event.objects.filter(visitor_id=visitor.pk).count()
    assert [each["kind"] for each in lines] == ["visitor", *["event"] * number]
    with pytest.raises(CommandError, match="JSON Lines"):
        call_command("shopreco_events", "export", "x.parquet", *who)
    call_command("shopreco_events", "erase", *who, stdout=out)
    assert f"{number} events erased" in out.getvalue()
    assert not Event.objects.filter(visitor_id=visitor.pk).exists()
    with pytest.raises(CommandError, match="no visitor"):
        call_command("shopreco_events", "erase", *who)
    for user in set(Visitor.objects.exclude(user_id="").values_list("user_id", flat=True)):
        call_command("shopreco_events", "erase", "--user", user, stdout=out)
        assert not Event.objects.filter(user_id=user).exists()
    assert Event.objects.get().items == [{"id": "other"}]
