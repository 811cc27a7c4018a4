"""`shopreco_evaluate` and `shopreco_bench`, end to end on the real server."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from PIL import Image

from shopreco.evaluation.scratch.configuration import GENERATED
from shopreco.evaluation.scratch.database import ScratchDatabase

KINDS = ("oak dining table", "brass desk lamp", "wool rug", "garden chair", "steel kettle")
HASHING = {"TEXT_ENCODER": {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 64}}

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hashing", "warnings_as_errors")]


@pytest.fixture
def hashing(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, **HASHING}


@pytest.fixture
def warnings_as_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "error")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Twelve products of each kind; each query is one kind in other words than the title's."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    write_corpus(folder)
    (folder / "queries.dev.jsonl").write_text(
        "".join(json.dumps({"_id": f"q{i}", "text": kind}) + "\n" for i, kind in enumerate(KINDS))
    )
    (folder / "qrels.dev.tsv").write_text(
        "query-id\tcorpus-id\tscore\n"
        + "".join(f"q{i}\tp{i}-{n}\t2\n" for i in range(len(KINDS)) for n in range(12))
    )
    yield folder
    for purpose in ("evaluate", "bench"):
        ScratchDatabase.of(purpose, folder).drop()


def write_corpus(folder: Path, *, price: int = 10) -> None:
    rows = [
        {
            "_id": f"p{i}-{n}",
            "title": f"{kind.title()} No. {n}",
            "text": "" if n % 3 else f"A {kind} for every home",
            "metadata": {
                "brand": "Elm & Co" if n % 2 else "Bright",
                "price": price + n,
                "ean": [f"40000000{i}{n:02}"],
                "attributes": {"colour": ["red", "blue"][n % 2], "packs": n, "new": True},
            },
        }
        for i, kind in enumerate(KINDS)
        for n in range(12)
    ]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def command(*arguments: object) -> str:
    if arguments[:2] == ("shopreco_evaluate", "search"):
        arguments += ("--pages", 10)
    out = StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


def in_scratch(database: ScratchDatabase, sql: str) -> list[Any]:
    scratch = connection.copy()
    scratch.settings_dict = {**connection.settings_dict, "NAME": database.name}
    with closing(scratch), scratch.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def databases() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {name for (name,) in cursor.fetchall()}


def tables() -> set[str]:
    return set(connection.introspection.table_names())


def test_all_systems_are_measured_in_one_run(folder: Path, tmp_path: Path) -> None:
    before = tables()
    figures, run = tmp_path / "figures.json", tmp_path / "run.txt"
    printed = command("shopreco_evaluate", "search", folder, "--json", figures, "--run", run)

    written = json.loads(figures.read_text())
    assert written["dataset"] == "tiny"
    assert set(written["systems"]) == {"shopreco", "django-fts", "bm25", "dense"}
    for name, system in written["systems"].items():
        assert system["ndcg@10"] > 0.9, name
        assert system["recall@100"] == 1, name
        assert system["mrr@10"] == 1, name
        assert system["precision@10"] == 1, name
        assert 0 < system["p50_ms"] <= system["p95_ms"], name
        assert name in printed
    assert written["systems"]["shopreco"]["facets"]["p95_ms"] > 0
    assert written["notes"]["products"] == 60
    assert written["notes"]["pages_degraded"] == {}
    assert "Gains 2^rel - 1" in printed

    lines = [line.split() for line in run.read_text().splitlines()]
    assert {line[0] for line in lines} == {f"q{i}" for i in range(len(KINDS))}
    assert all(line[1] == "Q0" and line[5] == "shopreco" for line in lines)
    assert tables() == before, "the shop's own database was touched"


def test_the_index_is_kept_until_corpus_or_settings_change(folder: Path, settings: Any) -> None:
    database = ScratchDatabase.of("evaluate", folder)
    runs = "SELECT kind, state, encoded FROM shopreco_run ORDER BY id"
    dimension = (
        "SELECT (specification #> '{modalities,0,encoder,dimension}')::int "
        "FROM shopreco_embeddingspace"
    )

    command("shopreco_evaluate", "search", folder, "--limit", 2)
    command("shopreco_evaluate", "search", folder, "--limit", 2)
    assert in_scratch(database, runs) == [("rebuild", "done", 60)]

    write_corpus(folder, price=20)
    command("shopreco_evaluate", "search", folder, "--limit", 2)
    assert in_scratch(database, runs)[1:] == [("reindex", "done", 0)]

    encoder = {**HASHING["TEXT_ENCODER"], "DIMENSION": 128}
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": encoder}
    command("shopreco_evaluate", "search", folder, "--limit", 2)
    assert in_scratch(database, runs)[2:] == [("rebuild", "done", 60)]
    assert in_scratch(database, dimension) == [(128,)]


def test_an_interrupted_run_is_taken_up(folder: Path) -> None:
    """As if the process had been killed in the middle of indexing."""
    database = ScratchDatabase.of("evaluate", folder)
    command("shopreco_evaluate", "search", folder, "--limit", 1)
    in_scratch(
        database,
        """
        WITH run AS (
            UPDATE shopreco_run SET state = 'running', finished_at = NULL RETURNING id
        ), change AS (
            INSERT INTO shopreco_change (catalogue, object_id, version, priority, run_id, claim,
                lease_until, attempts, linked, created_at)
            SELECT 'shopreco_corpus.corpusproduct', 'p0-0', 1, 0, id, gen_random_uuid(),
                now() + interval '1 hour', 1, false, now() FROM run
        )
        SELECT 1
        """,
    )
    command("shopreco_evaluate", "search", folder, "--limit", 1)
    assert in_scratch(database, "SELECT count(*) FROM shopreco_change") == [(0,)]
    states = in_scratch(database, "SELECT state FROM shopreco_run ORDER BY id")
    assert states == [("cancelled",), ("done",)]


def test_queries_and_judgements_may_come_from_elsewhere(folder: Path, tmp_path: Path) -> None:
    queries, qrels = tmp_path / "mine.jsonl", tmp_path / "mine.tsv"
    queries.write_text('{"_id": "x", "text": "kettle"}\n')
    qrels.write_text("x\tp4-0\t1\n")
    figures = tmp_path / "figures.json"
    command(
        *("shopreco_evaluate", "search", folder, "--queries", queries, "--qrels", qrels),
        *("--json", figures),
    )
    assert json.loads(figures.read_text())["notes"]["queries"] == 1


def test_a_malformed_folder_is_refused_before_a_database_is_made(folder: Path) -> None:
    (folder / "qrels.dev.tsv").write_text("q0\tp0-0\tgood\n")
    with pytest.raises(CommandError, match=r"qrels\.dev\.tsv:1: expected"):
        command("shopreco_evaluate", "search", folder)
    assert ScratchDatabase.of("evaluate", folder).name not in databases()


def test_a_malformed_corpus_ends_with_its_line_and_a_status(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (folder / "corpus.jsonl").open("a") as corpus:
        corpus.write("{broken\n")
    with pytest.raises(SystemExit) as ended:
        command("shopreco_evaluate", "search", folder)
    assert ended.value.code == 1
    assert "corpus.jsonl:61: not JSON" in capfd.readouterr().err


@pytest.fixture
def limited_role(settings: Any) -> Iterator[None]:
    """The host's connection as a role that may not create databases."""
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS shopreco_limited")
        cursor.execute("CREATE ROLE shopreco_limited LOGIN PASSWORD 'limited'")
    original = dict(connections["default"].settings_dict)
    connections["default"].settings_dict |= {"USER": "shopreco_limited", "PASSWORD": "limited"}
    yield
    connections["default"].settings_dict |= original
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE shopreco_limited")


@pytest.fixture
def pictured(tmp_path: Path) -> Iterator[Path]:
    """Cards of five colours and four types, six each: titles say the type, pictures the colour."""
    folder = tmp_path / "cards"
    folder.mkdir()
    colours = {"Red": "#c81e1e", "Green": "#1eb43c", "Blue": "#283cc8", "Grey": "#808080"}
    rows = []
    for colour, code in {**colours, "Yellow": "#e6d228"}.items():
        Image.new("RGB", (32, 32), code).save(folder / f"{colour}.png")
        for number, kind in product(range(6), ("Birthday", "Wedding", "Thank you", "Christmas")):
            labels = {"baseColour": colour, "articleType": kind, "gender": "Everyone"}
            said = colour if number % 2 else ""
            title = f"{kind} card {said} no. {number} for everyone"
            id, image = f"{colour}-{kind}-{number}", f"{colour}.png"
            rows.append({"_id": id, "title": title, "image": image, "metadata": labels})
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    yield folder
    for purpose in ("tune", "bench"):
        ScratchDatabase.of(purpose, folder).drop()


def test_weights_are_tuned_from_the_stored_vectors(pictured: Path, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    printed = command("shopreco_tune", "fusion", pictured, "--json", figures)
    found = json.loads(figures.read_text())
    assert found["products"] == {"text": 120, "image": 120}
    assert found["queries"] == 20
    assert found["current"] == {"text": 1.0, "image": 0.5}
    assert found["chosen"]["image"] in [point["ratio"] for point in found["curves"]["image"]]
    by_ratio = {point["ratio"]: point["ndcg"] for point in found["curves"]["image"]}
    assert by_ratio[found["chosen"]["image"]] == max(by_ratio.values()) > by_ratio[0]
    assert found["verdict"] in printed
    assert f'"MODALITY_WEIGHTS": {json.dumps(found["setting"])},' in printed
    assert tune_runs(pictured) == [("rebuild", "done", 120)]

    again = tmp_path / "again.json"
    command("shopreco_tune", "fusion", pictured, "--json", again)
    assert json.loads(again.read_text()) == found
    assert len(tune_runs(pictured)) == 1, "the index is kept"


def test_weights_are_tuned_on_clicks(pictured: Path, tmp_path: Path) -> None:
    items = [json.loads(line) for line in (pictured / "items.jsonl").read_text().splitlines()]
    rows = [
        ("{baseColour} {articleType} {gender}".format(**each["metadata"]), each["_id"], 1)
        for each in items
    ]
    rows.append(("Red Birthday Everyone", "sold-out", 5))
    clicks, figures = tmp_path / "clicks.csv.gz", tmp_path / "figures.json"
    with gzip.open(clicks, "wt") as file:
        file.write("query,product,clicks\n" + "".join(f"{q},{p},{n}\n" for q, p, n in rows))
    printed = command("shopreco_tune", "fusion", pictured, "--clicks", clicks, "--json", figures)
    found = json.loads(figures.read_text())
    # One click on each of what the labels judge: the same judgements, the same choice.
    command("shopreco_tune", "fusion", pictured, "--json", figures)
    by_labels = json.loads(figures.read_text())
    note = "Judged by clicks on 120 products. Clicked, but not in the corpus: 1."
    assert found == {**by_labels, "note": note}
    assert note in printed


@pytest.mark.parametrize("name", ["queries", "qrels"])
def test_clicks_stand_instead_of_judgements(folder: Path, name: str) -> None:
    with pytest.raises(CommandError, match=f"--clicks: not allowed with argument --{name}"):
        command("shopreco_tune", "fusion", folder, "--clicks=clicks.csv", f"--{name}=other")


def test_a_malformed_row_of_clicks_is_named(folder: Path, tmp_path: Path) -> None:
    clicks = tmp_path / "clicks.csv"
    clicks.write_text("query,product,clicks\nlamp,p1-1,2\nlamp,p1-2,often\n")
    with pytest.raises(CommandError, match=r"clicks\.csv:3: 'often' is no whole number"):
        command("shopreco_tune", "fusion", folder, "--clicks", clicks)


def tune_runs(folder: Path) -> list[Any]:
    runs = "SELECT kind, state, encoded FROM shopreco_run ORDER BY id"
    return in_scratch(ScratchDatabase.of("tune", folder), runs)


@pytest.mark.parametrize("limit", [None, 10])
def test_what_cannot_be_weighed_is_said(
    pictured: Path, capfd: pytest.CaptureFixture[str], limit: int | None
) -> None:
    rows = [json.loads(line) for line in (pictured / "items.jsonl").read_text().splitlines()]
    without = [{**row, "image": ""} for row in rows]
    (pictured / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in without))
    with pytest.raises(SystemExit) as ended:
        command("shopreco_tune", "fusion", pictured, *([f"--limit={limit}"] if limit else []))
    assert ended.value.code == 1
    reason = (
        "10 different judged queries are too few" if limit else "products of cards have text alone"
    )
    assert reason in capfd.readouterr().err


def test_a_folder_without_queries_and_labels_is_refused(folder: Path) -> None:
    (folder / "qrels.dev.tsv").unlink()
    with pytest.raises(CommandError, match="has none of qrels"):
        command("shopreco_tune", "fusion", folder)


@pytest.fixture
def related(tmp_path: Path) -> Iterator[Path]:
    """Sixty products whose titles say nothing of what is bought together: neighbours by number,
    and what buyers of either also bought."""
    folder = tmp_path / "related"
    folder.mkdir()
    items = [f"{n}\tArticle {n * 7919 % 9973}\tElm\tHome > Kitchen" for n in range(60)]
    head = "item_id:token\ttitle:token_seq\tbrand:token\tcategories:token_seq"
    (folder / "related.item").write_text("\n".join([head, *items, ""]))
    triples = [f"{n}\tbrand\tbrand:Elm" for n in range(60)]
    for n in range(0, 60, 3):
        triples += [f"{n}\tbought_together\t{n + 1}", f"{n}\talso_bought\t{n + 2}"]
        triples.append(f"{n + 1}\talso_bought\t{n + 2}")
    head = "head_id:token\trelation_id:token\ttail_id:token"
    with gzip.open(folder / "related.kg.gz", "wt") as file:
        file.write("\n".join([head, *triples, ""]))
    yield folder
    ScratchDatabase.of("graph", folder).drop()


def test_what_is_bought_together_is_found_by_the_graph(related: Path, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    printed = command("shopreco_evaluate", "graph", related, "--json", figures)
    found = json.loads(figures.read_text())
    assert found["items"] == 60
    assert found["hidden"] > 0
    alone, everything = found["hits@10"].values()
    assert set(alone) == set(everything)
    assert everything["text"] == alone["text"] < 0.5
    assert alone["text and graph, complementary"] == 0, "nothing leads to a hidden partner"
    assert everything["text and graph, complementary"] == 1, "through what both are bought with"
    assert everything["text, spread along links"] > 0.9
    # Nothing is encoded for them, and the next evaluation begins without them.
    assert everything["text and graph, one vector, 2 steps"] > alone["text"]
    runs = "SELECT encoded > 0 FROM shopreco_run ORDER BY id"
    encoded = in_scratch(ScratchDatabase.of("graph", related), runs)
    assert encoded == [(True,), (False,), (True,), (False,)]
    assert "Hits@10" in printed


def test_a_folder_without_a_graph_is_refused(folder: Path) -> None:
    with pytest.raises(CommandError, match=r"has 0 files NAME\.item or NAME\.item\.gz"):
        command("shopreco_evaluate", "graph", folder)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("limited_role")
def test_a_role_that_may_not_create_databases_is_told_what_to_ask_for(folder: Path) -> None:
    name = ScratchDatabase.of("evaluate", folder).name
    with pytest.raises(CommandError, match=f'CREATE DATABASE "{name}" OWNER "shopreco_limited"'):
        command("shopreco_evaluate", "search", folder)


@pytest.fixture
def figures(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def measure(*arguments: object) -> dict[str, Any]:
        path = tmp_path / "bench.json"
        command("shopreco_bench", *arguments, "--json", path)
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    return measure


def test_the_index_benchmark_encodes_once(
    folder: Path, figures: Callable[..., dict[str, Any]]
) -> None:
    measured = figures("index", folder, "--limit", 50)
    assert measured["products"] == 50
    assert measured["first"]["encoded"] == 50
    assert measured["repriced"]["encoded"] == 0
    assert measured["unchanged"]["encoded"] == 0
    assert measured["ratio"] > 0
    assert measured["unchanged_share"] > 0
    assert ScratchDatabase.of("bench", folder).name not in databases()


def test_fusing_again_is_measured_against_encoding(
    pictured: Path, figures: Callable[..., dict[str, Any]]
) -> None:
    measured = figures("fuse", pictured, "--limit", 110)
    assert measured["products"] == 110
    assert len(measured["fused"]) == 3
    assert measured["text_seconds"] == pytest.approx(
        sum(measured["texts"]) / len(measured["texts"]) * measured["text_slices"]
    )
    encoding = measured["text_seconds"] + measured["picture_seconds"]
    assert measured["ratio"] == pytest.approx(sum(measured["fused"]) / 3 / encoding)
    assert ScratchDatabase.of("bench", pictured).name not in databases()


def test_the_search_benchmark_splits_the_time_by_stage(
    folder: Path, figures: Callable[..., dict[str, Any]]
) -> None:
    measured = figures("search", folder)
    assert {"lexicon", "lexical", "encode", "dense", "hydrate", "total"} <= set(measured["plain"])
    assert "facets" in set(measured["facets"]) - set(measured["plain"])
    assert measured["plain"]["total"]["p50_ms"] <= measured["plain"]["total"]["p95_ms"]


def test_saves_are_measured_against_a_process_without_shopreco(
    figures: Callable[..., dict[str, Any]],
) -> None:
    measured = figures("saves", "--saves", 30, "--products", 40)
    assert set(measured["durability"]) == {"fsync", "full_page_writes", "synchronous_commit"}
    assert len(measured["product"]["without"]) == len(measured["product"]["with_it"]) == 30
    assert len(measured["brand"]["without"]) == len(measured["brand"]["with_it"]) == 20
    assert measured["product_ratio_p50"] > 0
    assert ScratchDatabase.of("saves", Path.cwd(), GENERATED).name not in databases()


def test_events_are_taken_in_beside_a_bare_view(figures: Callable[..., dict[str, Any]]) -> None:
    measured = figures("events", "--batches", 20)
    assert measured["events"] == 20 * measured["batch"]
    assert len(measured["ours"]) == len(measured["bare"]) == 10
    assert measured["ratio"] > 0


def test_category_pages_are_timed_in_a_generated_shop(
    figures: Callable[..., dict[str, Any]],
) -> None:
    database = ScratchDatabase.of("browse", Path.cwd(), GENERATED)
    try:
        measured = figures("browse", "--products", 300)
        totals = {page["name"]: page["total"] for page in measured["pages"]}
        assert totals["everything, price_asc"] == 300 - 3 * 30, "variants are their product's"
        assert 0 < totals["largest category, newest"] < totals["department, newest"]
        assert measured["median_ms"].keys() == {
            f"{name}{facets}" for name in totals for facets in ("", ", facets")
        }
    finally:
        database.drop()
