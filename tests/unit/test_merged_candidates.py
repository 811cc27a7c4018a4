"""Candidates beside several anchors become one list."""

from __future__ import annotations

import numpy as np
import pytest

from shopreco.answers.sources import merged
from shopreco.retrieval.base import Anchor, Candidates, Why, nothing

FIRST, SECOND = (Anchor(n, n, weight, Why.VIEWED) for n, weight in ((1, 0.6), (2, 0.4)))


def found(*rows: tuple[int, float], complete: bool = True) -> Candidates:
    return Candidates.from_rows([(i, i, score) for i, score in rows], "dense", complete=complete)


def test_beside_one_anchor_nothing_changes() -> None:
    only = found((7, 0.2), (8, -0.1))
    candidates, because = merged([(FIRST, only)])
    assert candidates is only
    assert because == {7: FIRST, 8: FIRST}


def test_scores_go_from_0_to_1_beside_each_and_add_up() -> None:
    beside_first = found((10, 0.9), (11, 0.8), (12, 0.7))
    beside_second = found((11, 0.3), (13, 0.3), (14, 0.1))
    candidates, because = merged([(FIRST, beside_first), (SECOND, beside_second)])
    scores = dict(zip(candidates.item_ids.tolist(), candidates.scores.tolist(), strict=True))
    expected = {11: 0.3 + 0.4, 10: 0.6, 13: 0.4, 12: 0.0, 14: 0.0}
    assert scores == pytest.approx(expected, abs=1e-6)
    assert candidates.item_ids.tolist() == [*expected]
    assert because == {10: FIRST, 12: FIRST, 11: SECOND, 13: SECOND, 14: SECOND}


def test_columns_are_merged_one_by_one_and_without_a_score_there_is_none() -> None:
    ids = np.array([5, 6])
    linked = Candidates(ids, ids, {"graph": np.array([0.6, 0.1]), "dense": np.array([0.2, 0.1])})
    near = Candidates(ids, ids, {"graph": np.full(2, np.nan), "dense": np.array([0.2, 0.4])})
    candidates, _because = merged([(FIRST, linked), (SECOND, near)])
    assert candidates.item_ids.tolist() == [5, 6]
    assert candidates.columns["graph"] == pytest.approx([0.45, 0.0])
    assert candidates.columns["dense"] == pytest.approx([0.15, 0.4])


def test_where_nothing_is_found_or_all_is_unlike_the_rest_is_there() -> None:
    candidates, because = merged([(FIRST, nothing("dense")), (SECOND, found((3, -0.2), (4, -0.1)))])
    assert candidates.item_ids.tolist() == [4, 3]
    assert because == {3: SECOND, 4: SECOND}
    assert np.isfinite(candidates.scores).all()
    alone = merged([(FIRST, nothing("dense")), (SECOND, found((3, 0.0)))]).candidates
    assert alone.item_ids.tolist() == [3]
    both = merged([(FIRST, nothing("dense")), (SECOND, nothing("dense"))]).candidates
    assert (len(both), both.complete, set(both.columns)) == (0, True, {"dense"})


@pytest.mark.parametrize(("one", "other"), [(True, False), (False, True), (True, True)])
def test_it_is_complete_if_all_are(one: bool, other: bool) -> None:
    lists = [(FIRST, found((3, 0.2), complete=one)), (SECOND, found((4, 0.2), complete=other))]
    assert merged(lists).candidates.complete == (one and other)
