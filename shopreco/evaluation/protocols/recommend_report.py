"""The report of recommendation: means and spread over seeds, and how sure the differences are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from shopreco.evaluation.datasets.beir import DatasetError
from shopreco.evaluation.protocols.next_item import Difference, paired_bootstrap
from shopreco.evaluation.tables import table
from shopreco.learning.ranks import PerVisitor

OURS = "shopreco"
SPLIT = ("dataset", "protocol", "visitors", "items")
"""What results have in common that can be merged."""
NAMES = {"hr": "HR", "ndcg": "NDCG", "mrr": "MRR", "auc": "AUC", "f1": "F1"}
TABLES = (
    ("hr@5", "hr@10", "hr@20", "ndcg@5", "ndcg@10", "ndcg@20", "mrr", "auc"),
    ("precision@5", "precision@10", "precision@20", "recall@5", "recall@10", "recall@20"),
    ("f1@5", "f1@10", "f1@20", "coverage@10", "gini@10", "novelty@10"),
    ("found@10 popular", "found@10 middle", "found@10 tail", "found@10 cold"),
)
STATEMENT = (
    "Ranked among all items{but}; equal scores count against the wanted item. Means over "
    "{visitors} visitors and the seeds. found@10: wanted items among the first ten, by how often "
    "they occur in training (thirds of its events; cold: never)."
)


@dataclass(frozen=True, slots=True)
class SeedOutcome:
    """What one seed gave.

    systems: metrics by system. per_visitor: those that are compared, (visitors,) by metric, by
    system. weights: of the sum. left_out: systems that the data have nothing for.
    """

    weights: Mapping[str, float]
    training: Mapping[str, float]
    left_out: Sequence[str]
    systems: dict[str, Mapping[str, float]] = field(default_factory=dict)
    per_visitor: dict[str, Mapping[str, PerVisitor]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "weights": _rounded(self.weights),
            "training": dict(self.training),
            "left_out": list(self.left_out),
            "systems": {name: _rounded(each) for name, each in self.systems.items()},
            "per_visitor": {
                system: {name: values.round(4).tolist() for name, values in each.items()}
                for system, each in self.per_visitor.items()
            },
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> SeedOutcome:
        per_visitor: dict[str, Mapping[str, PerVisitor]] = {
            system: {name: np.array(values, dtype=float) for name, values in each.items()}
            for system, each in content["per_visitor"].items()
        }
        return cls(
            content["weights"],
            content["training"],
            content["left_out"],
            content["systems"],
            per_visitor,
        )


@dataclass(frozen=True, slots=True)
class RecommendReport:
    """All systems on one split, by seed."""

    dataset: str
    protocol: str
    visitors: int
    items: int
    seeds: Mapping[int, SeedOutcome]

    @classmethod
    def read(cls, path: Path) -> RecommendReport:
        """Read what `--json` wrote.

        Raises:
            DatasetError: it is no such file.
        """
        try:
            content = json.loads(path.read_bytes())
            seeds = {int(k): SeedOutcome.from_json(v) for k, v in content["seeds"].items()}
            dataset, protocol, visitors, items = (content[name] for name in SPLIT)
            return cls(dataset, protocol, visitors, items, seeds)
        except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
            raise DatasetError(f"{path} is no result of recommend: {error!r}.") from None

    def merged(self, other: RecommendReport) -> RecommendReport:
        """With the seeds of another report on the same split.

        Raises:
            DatasetError: it is of another one, or has a seed that is here too.
        """
        for name in SPLIT:
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours != theirs:
                raise DatasetError(f"Results of {name} {theirs} cannot be merged with {ours}.")
        if again := sorted(set(self.seeds) & set(other.seeds)):
            raise DatasetError(f"Seed {again[0]} is in two of the results that are merged.")
        return replace(self, seeds=dict(sorted({**self.seeds, **other.seeds}.items())))

    @property
    def systems(self) -> dict[str, dict[str, float]]:
        """Means over the seeds."""
        return self._over_seeds(np.mean)

    @property
    def spread(self) -> dict[str, dict[str, float]]:
        """Standard deviations over the seeds."""
        return self._over_seeds(np.std)

    @property
    def differences(self) -> dict[str, dict[str, Difference]]:
        """Of shopreco to each other system, by metric."""
        means = {
            system: {
                name: np.mean([o.per_visitor[system][name] for o in self.seeds.values()], axis=0)
                for name in each
            }
            for system, each in self._any.per_visitor.items()
        }
        return {
            system: {
                name: paired_bootstrap(means[OURS][name], theirs) for name, theirs in each.items()
            }
            for system, each in means.items()
            if system != OURS
        }

    def as_json(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in SPLIT},
            "left_out": list(self._any.left_out),
            "systems": {name: _rounded(each) for name, each in self.systems.items()},
            "spread": {name: _rounded(each) for name, each in self.spread.items()},
            "differences": {
                system: {n: {"mean": round(d.mean, 5), "p": round(d.p, 5)} for n, d in each.items()}
                for system, each in self.differences.items()
            },
            "seeds": {str(seed): each.as_json() for seed, each in self.seeds.items()},
        }

    def as_text(self) -> str:
        systems, spread = self.systems, self.spread
        blocks = [f"{self.dataset}, {self.protocol}: {self.items:,} items, {_seeds(self.seeds)}"]
        for names in TABLES:
            columns = [name for name in names if name in systems[OURS]]
            rows = [
                [system, *(_cell(each[name], spread[system][name]) for name in columns)]
                for system, each in systems.items()
            ]
            if columns:
                blocks.append(table(["", *map(_title, columns)], rows))
        rows = [
            [system, *(cell for d in each.values() for cell in (f"{d.mean:+.4f}", f"{d.p:.4f}"))]
            for system, each in self.differences.items()
        ]
        header = [cell for name in self._compared for cell in (f"Δ {_title(name)}", "p")]
        blocks.append(table([f"{OURS} above", *header], rows))
        but = " but those of the history" if self.protocol == "leave-one-out" else ""
        blocks.append(STATEMENT.format(but=but, visitors=f"{self.visitors:,}"))
        if self._any.left_out:
            left_out = ", ".join(self._any.left_out)
            blocks.append(f"Left out: {left_out}. The data have no clock, or no repeats.")
        for seed, each in self.seeds.items():
            weights = ", ".join(f"{name} {weight:.3f}" for name, weight in each.weights.items())
            figures = ", ".join(f"{name} {value}" for name, value in each.training.items())
            blocks.append(f"seed {seed}: weights {weights}; training {figures}")
        return "\n\n".join(blocks)

    @property
    def _any(self) -> SeedOutcome:
        return next(iter(self.seeds.values()))

    @property
    def _compared(self) -> Sequence[str]:
        return list(self._any.per_visitor[OURS])

    def _over_seeds(self, summary: Any) -> dict[str, dict[str, float]]:
        return {
            system: {
                name: float(summary([each.systems[system][name] for each in self.seeds.values()]))
                for name in figures
            }
            for system, figures in self._any.systems.items()
        }


def _seeds(seeds: Mapping[int, SeedOutcome]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _title(name: str) -> str:
    word, at, cutoff = name.partition("@")
    return f"{NAMES.get(word, word)}{at}{cutoff}"


def _cell(mean: float, spread: float) -> str:
    return f"{mean:.4f} ±{spread:.4f}" if spread else f"{mean:.4f}"


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 5) for name, value in values.items()}
