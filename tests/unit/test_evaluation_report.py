"""A report says the same as a table, as JSON and as a TREC run."""

from __future__ import annotations

import json

import pytest

from shopreco.evaluation.protocols.comparison import SystemOutcome, clock
from shopreco.evaluation.protocols.report import SearchReport
from shopreco.evaluation.tables import table

METRICS = dict.fromkeys(
    ("ndcg@10", "recall@100", "mrr@10", "precision@10", "ndcg@10_judged"), 0.51239
)


@pytest.fixture
def report() -> SearchReport:
    return SearchReport(
        dataset="tiny",
        outcomes={
            "shopreco": SystemOutcome(METRICS, {"q": ["b", "a"]}, {"p50_ms": 4.0, "p95_ms": 9.0}),
            "django-fts": SystemOutcome(METRICS, {"q": ["a"]}, {"p50_ms": 2.0, "p95_ms": 6.0}),
        },
        facet_times={"p50_ms": 6.0, "p95_ms": 15.0},
        notes={"queries": 1},
    )


def test_json_has_a_row_of_figures_per_system(report: SearchReport) -> None:
    figures = json.loads(json.dumps(report.as_json()))
    assert figures["dataset"] == "tiny"
    assert list(figures["systems"]) == ["shopreco", "django-fts"]
    assert figures["systems"]["django-fts"] == {
        "ndcg@10": 0.5124,
        "recall@100": 0.5124,
        "mrr@10": 0.5124,
        "precision@10": 0.5124,
        "ndcg@10_judged": 0.5124,
        "p50_ms": 2.0,
        "p95_ms": 6.0,
    }
    assert figures["systems"]["shopreco"]["facets"] == {"p50_ms": 6.0, "p95_ms": 15.0}
    assert figures["ratios"] == {"p95": 1.5, "p95_facets": 2.5}


def test_the_table_states_its_protocol(report: SearchReport) -> None:
    text = report.as_text()
    assert "Gains 2^rel - 1; unjudged = 0" in text
    assert "Recall, MRR and precision count scores >= 1" in text
    assert "p95 shopreco / p95 django-fts: 1.50, with facets 2.50" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["django-fts", *["0.5124"] * 5, "2.0", "6.0"] in rows
    assert ["with", "facets", "6.0", "15.0"] in rows


def test_a_trec_run_has_six_columns_and_falling_scores(report: SearchReport) -> None:
    assert report.as_trec_run("shopreco") == (
        "q Q0 b 1 1.000000 shopreco\nq Q0 a 2 0.500000 shopreco\n"
    )


def test_columns_are_aligned() -> None:
    assert table(["", "n"], [["long name", "1"], ["x", "10"]]) == (
        "            n\nlong name   1\nx          10"
    )


class Recorder:
    """A system that writes down when it was asked."""

    in_memory = False

    def __init__(self, name: str, log: list[tuple[str, str]]) -> None:
        self.name, self.log = name, log

    def rank(self, query: str, limit: int) -> list[str]:
        return []

    def page(self, query: str, limit: int) -> list[object]:
        self.log.append((self.name, query))
        return []


def test_systems_take_turns_on_every_query() -> None:
    log: list[tuple[str, str]] = []
    times = clock({name: Recorder(name, log) for name in ("a", "b")}, ["x", "y"])
    timed = log[4:]  # the warm-up comes first
    assert timed == [("a", "x"), ("b", "x"), ("b", "y"), ("a", "y")]
    assert [len(each) for each in times.values()] == [2, 2]
