"""The report of a comparison: as a table, as JSON, as a TREC run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopreco.evaluation.protocols.comparison import PAGE_SIZE, SystemOutcome
from shopreco.evaluation.protocols.metrics import STATEMENT
from shopreco.evaluation.tables import table

COLUMNS = {
    "ndcg@10": "nDCG@10",
    "recall@100": "Recall@100",
    "mrr@10": "MRR@10",
    "precision@10": "P@10",
    "ndcg@10_judged": "nDCG@10 of the judged",
    "p50_ms": "p50 ms",
    "p95_ms": "p95 ms",
}


CLOCK = (
    f"Times: a page of {PAGE_SIZE} model instances, query encoding included, warm, one process, "
    "the systems in turns. Facets: all that are declared and the most common attributes."
)


@dataclass(frozen=True, slots=True)
class SearchReport:
    """A comparison on one data set.

    `facet_times` are the times of shopreco's pages with all facets counted. `ratios` divide its
    95th percentiles by those of django-fts. `notes` are facts beside the table, by name.
    """

    dataset: str
    outcomes: Mapping[str, SystemOutcome]
    facet_times: Mapping[str, float]
    notes: Mapping[str, Any]

    @property
    def ratios(self) -> dict[str, float]:
        reference = self.outcomes["django-fts"].times["p95_ms"]
        return {
            "p95": self.outcomes["shopreco"].times["p95_ms"] / reference,
            "p95_facets": self.facet_times["p95_ms"] / reference,
        }

    def as_json(self) -> dict[str, Any]:
        systems = {
            name: _rounded({**outcome.metrics, **outcome.times})
            for name, outcome in self.outcomes.items()
        }
        systems["shopreco"]["facets"] = _rounded(self.facet_times)
        return {
            "dataset": self.dataset,
            "systems": systems,
            "ratios": _rounded(self.ratios),
            "notes": dict(self.notes),
        }

    def as_text(self) -> str:
        rows = [
            [name, *(_cell(key, {**each.metrics, **each.times}[key]) for key in COLUMNS)]
            for name, each in self.outcomes.items()
        ]
        facets = [_cell(key, self.facet_times.get(key)) for key in COLUMNS]
        rows.insert(1, ["  with facets", *facets])
        notes = [f"{name.replace('_', ' ')}: {value}" for name, value in self.notes.items()]
        ratios = (
            f"p95 shopreco / p95 django-fts: {self.ratios['p95']:.2f}, "
            f"with facets {self.ratios['p95_facets']:.2f}"
        )
        figures = table(["", *COLUMNS.values()], rows)
        blocks = [self.dataset, figures, STATEMENT, CLOCK, ratios, "; ".join(notes)]
        return "\n\n".join(blocks)

    def as_trec_run(self, system: str) -> str:
        """Write a TREC run: query Q0 document rank score tag. The score falls with the rank."""
        return "".join(
            f"{query} Q0 {document} {rank} {1 / rank:.6f} {system}\n"
            for query, ranking in self.outcomes[system].rankings.items()
            for rank, document in enumerate(ranking, start=1)
        )


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if key.endswith("_ms") else f"{value:.4f}"


def _rounded(values: Mapping[str, float]) -> dict[str, Any]:
    return {name: round(value, 4) for name, value in values.items()}
