"""Where wanted items stand, and the figures that follow."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from numpy.typing import NDArray

from shopreco.learning.ranks import Ranks, ranks_of
from shopreco.learning.sequences import Sequences


def ranked(
    scores: list[list[float]],
    histories: list[list[int]],
    wanted: list[list[int]],
    *,
    repeats: bool = False,
) -> Ranks:
    rows = np.array(scores)
    given = iter(rows)

    def score(part: Sequences) -> NDArray[np.float64]:
        return np.stack([next(given) for _ in range(len(part))])

    sought = Sequences.of(wanted)
    return ranks_of(score, Sequences.of(histories), sought, rows.shape[1], repeats=repeats)


def test_items_of_the_history_are_not_ranked() -> None:
    found = ranked([[9, 8, 7, 6]], [[0, 1]], [[3]])
    assert found.ranks.tolist() == [1]
    assert found.recommended[0, :2].tolist() == [2, 3]
    assert found.candidates.tolist() == [2]
    assert ranked([[9, 8, 7, 6]], [[0, 1]], [[3]], repeats=True).ranks.tolist() == [3]


def test_what_may_not_be_recommended_again_is_never_found() -> None:
    found = ranked([[9, 8, 7, 6]], [[0]], [[0]])
    assert found.ranks.tolist() == [4]
    assert found.auc().tolist() == [0]


def test_equal_scores_count_against_the_wanted_item() -> None:
    assert ranked([[0, 0, 0, 0]], [[0]], [[2]]).ranks.tolist() == [2]


def test_figures_of_one_wanted_item() -> None:
    found = ranked([[9, 8, 7, 6, 5]] * 2, [[], []], [[1], [4]])
    assert found.hit_rate(2).tolist() == [1, 0]
    assert found.ndcg(2) == pytest.approx([1 / log2(3), 0])
    assert found.precision(2).tolist() == [0.5, 0]
    assert found.recall(2).tolist() == [1, 0]
    assert found.f1(2) == pytest.approx([2 / 3, 0])
    assert found.reciprocal_rank() == pytest.approx([1 / 2, 1 / 5])
    assert found.auc() == pytest.approx([3 / 4, 0])


def test_figures_of_a_basket() -> None:
    found = ranked([[9, 8, 7, 6, 5]], [[]], [[0, 3, 4]])
    assert found.ndcg(4) == pytest.approx([(1 + 1 / log2(5)) / (1 + 1 / log2(3) + 1 / 2)])
    assert found.recall(4) == pytest.approx([2 / 3])
    assert found.precision(4) == pytest.approx([1 / 2])
    assert found.f1(4) == pytest.approx([4 / 7])
    # Of the six pairs of a wanted item and another, the first one's two are right.
    assert found.auc() == pytest.approx([2 / 6])


def test_the_metrics_agree_with_trec_eval() -> None:
    ir_measures = pytest.importorskip("ir_measures")
    random = np.random.default_rng(1)
    scores = random.permuted(np.tile(np.arange(30.0), (12, 1)), axis=1)
    wanted = [random.choice(30, random.integers(1, 14), replace=False).tolist() for _ in range(12)]
    found = ranked(scores.tolist(), [[]] * 12, wanted)
    judged = {str(n): {str(item): 1 for item in each} for n, each in enumerate(wanted)}
    run = {
        str(n): {str(i): float(value) for i, value in enumerate(row)}
        for n, row in enumerate(scores)
    }
    for measure, values in (
        (ir_measures.nDCG @ 10, found.ndcg(10)),
        (ir_measures.P @ 5, found.precision(5)),
        (ir_measures.R @ 20, found.recall(20)),
        (ir_measures.RR, found.reciprocal_rank()),
    ):
        theirs = {int(m.query_id): m.value for m in ir_measures.iter_calc([measure], judged, run)}
        assert [theirs[n] for n in range(12)] == pytest.approx(values.tolist()), measure
