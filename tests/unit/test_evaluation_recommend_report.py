"""Results of several seeds: written, read, merged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopreco.evaluation.datasets.beir import DatasetError
from shopreco.evaluation.protocols.recommend_report import RecommendReport, SeedOutcome

VISITORS = 50


def report(seed: int, ours: float) -> RecommendReport:
    def outcomes(values: dict[str, float]) -> SeedOutcome:
        return SeedOutcome(
            weights={"sequence": 1.0},
            training={"seconds": 9.5, "epochs": 3, "peak_mib": 500},
            left_out=["recent-popularity"],
            systems={name: {"hr@10": value, "ndcg@10": value} for name, value in values.items()},
            per_visitor={
                name: {key: np.full(VISITORS, value) for key in ("hr@10", "ndcg@10")}
                for name, value in values.items()
            },
        )

    seeds = {seed: outcomes({"shopreco": ours, "popularity": 0.25})}
    return RecommendReport("tiny", "leave-one-out", VISITORS, 9, seeds)


def test_seeds_of_several_results_are_one_result(tmp_path: Path) -> None:
    path = tmp_path / "first.json"
    path.write_text(json.dumps(report(1, 0.5).as_json()))
    merged = report(0, 0.75).merged(RecommendReport.read(path))
    assert list(merged.seeds) == [0, 1]
    assert merged.systems["shopreco"]["ndcg@10"] == 0.625
    assert merged.spread["shopreco"]["ndcg@10"] == 0.125
    difference = merged.differences["popularity"]["ndcg@10"]
    assert difference.mean == pytest.approx(0.375)
    assert difference.p < 0.01
    printed = merged.as_text()
    assert "tiny, leave-one-out: 9 items, seeds 0, 1" in printed
    assert "0.6250 ±0.1250" in printed
    assert "Left out: recent-popularity" in printed
    assert RecommendReport.read(path).as_json() == report(1, 0.5).as_json()


def test_results_that_do_not_belong_together_are_not_merged() -> None:
    with pytest.raises(DatasetError, match="Seed 1 is in two of the results"):
        report(1, 0.5).merged(report(1, 0.5))
    with pytest.raises(DatasetError, match="Results of protocol time-split cannot be merged"):
        report(1, 0.5).merged(replace(report(2, 0.5), protocol="time-split"))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"seeds": {"0": {}}}'])
def test_another_file_is_no_result(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(DatasetError, match=r"other\.json is no result of recommend"):
        RecommendReport.read(path)
