"""Candidates: the one shape between retrieval and a page."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from shopreco.retrieval.base import Candidates, nothing

NAN = float("nan")


def candidates(
    item_ids: list[int], *, complete: bool = True, source: str = "made", **columns: list[float]
) -> Candidates:
    """Each in a group of ten."""
    ids = np.array(item_ids, dtype=np.int64)
    scores = {name: np.array(each, dtype=float) for name, each in columns.items()}
    return Candidates(ids, ids // 10, scores, source, complete)


def ids(found: Candidates) -> list[int]:
    listed: list[int] = found.item_ids.tolist()
    return listed


def column(found: Candidates, name: str) -> list[float]:
    listed: list[float] = found.columns[name].tolist()
    return listed


THREE = candidates([12, 7, 31], words=[0.5, 0.25, 0.0], looks=[0.1, 0.2, 0.3], complete=False)


# Some of them


def test_those_at_positions_are_taken_in_the_order_of_the_positions() -> None:
    taken = THREE.take(np.array([2, 0]))
    assert ids(taken) == [31, 12]
    assert taken.group_ids.tolist() == [3, 1]
    assert column(taken, "words") == [0.0, 0.5]
    assert column(taken, "looks") == [0.3, 0.1]
    assert (taken.source, taken.complete) == ("made", False)


def test_those_where_a_mask_is_true_are_taken_in_their_own_order() -> None:
    taken = THREE.take(np.array([True, False, True]))
    assert taken.places == [(12, 1), (31, 3)]
    assert column(taken, "looks") == [0.1, 0.3]


def test_none_are_taken() -> None:
    for none in (np.array([], dtype=np.intp), np.zeros(3, dtype=bool)):
        taken = THREE.take(none)
        assert (len(taken), taken.places, column(taken, "words")) == (0, [], [])


# Together with others


def test_joined_the_first_lead_and_keep_their_scores() -> None:
    others = candidates([7, 40, 12, 5], words=[1.0, 0.9, 0.8, 0.7], looks=[0.0] * 4)
    both = THREE.join(others)
    assert ids(both) == [12, 7, 31, 40, 5]
    assert both.group_ids.tolist() == [1, 0, 3, 4, 0]
    assert column(both, "words") == [0.5, 0.25, 0.0, 0.9, 0.7]
    assert both.source == "made"


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_joined_they_are_complete_if_both_are(first: bool, second: bool) -> None:
    one = candidates([1], words=[1.0], complete=first)
    other = candidates([2], words=[1.0], complete=second)
    assert one.join(other).complete is (first and second)


def test_columns_that_only_the_others_have_are_left_out() -> None:
    one = candidates([1], words=[1.0])
    assert set(one.join(candidates([2], words=[0.5], looks=[0.5])).columns) == {"words"}


def test_joined_with_none_they_stay() -> None:
    assert THREE.join(nothing("words", "looks")).places == THREE.places
    assert nothing("words", "looks").join(THREE).places == THREE.places


# Scores and order


def test_scores_are_the_sums_of_the_columns() -> None:
    np.testing.assert_allclose(THREE.scores, [0.6, 0.45, 0.3])


def test_an_unknown_score_counts_nothing() -> None:
    found = candidates([1, 2, 3], words=[NAN, 0.5, NAN], looks=[0.25, NAN, NAN])
    assert found.scores.tolist() == [0.25, 0.5, 0.0]
    assert ids(found.order()) == [2, 1, 3]
    np.testing.assert_array_equal(found.order().columns["words"], [0.5, NAN, NAN])


def test_without_columns_every_score_is_nothing() -> None:
    assert candidates([2, 1]).scores.tolist() == [0.0, 0.0]
    assert ids(candidates([2, 1]).order()) == [1, 2]


def test_the_best_come_first_and_equal_ones_by_their_id() -> None:
    found = candidates([9, 4, 6, 2], words=[0.5, 0.75, 0.5, 0.5])
    assert ids(found.order()) == [4, 2, 6, 9]


def test_other_scores_than_its_own_may_order_them() -> None:
    found = THREE.order(np.array([0.0, 1.0, 1.0]))
    assert ids(found) == [7, 31, 12]
    assert column(found, "words") == [0.25, 0.0, 0.5]


# Rows and caches


def test_they_are_made_of_rows() -> None:
    found = Candidates.from_rows([(12, 1, 0.5), (7, 7, 0.25)], "words", complete=False)
    assert found.places == [(12, 1), (7, 7)]
    assert column(found, "words") == [0.5, 0.25]
    assert (found.source, found.complete) == ("words", False)


def test_no_rows_make_none() -> None:
    found = Candidates.from_rows([], "words")
    assert (len(found), found.places, set(found.columns)) == (0, [], {"words"})
    assert found.complete
    assert found.item_ids.dtype == found.group_ids.dtype == np.int64


@pytest.mark.parametrize(
    "found",
    [THREE, candidates([1, 2], words=[NAN, 0.5]), candidates([3]), nothing("words", "looks")],
    ids=["three", "unknown score", "no column", "none"],
)
def test_from_a_cache_they_come_as_they_went(found: Candidates) -> None:
    plain = pickle.loads(pickle.dumps(found.as_plain()))
    again = Candidates.from_plain(plain)
    assert again.places == found.places
    assert (again.source, again.complete) == (found.source, found.complete)
    assert list(again.columns) == list(found.columns)
    for name, scores in found.columns.items():
        np.testing.assert_array_equal(again.columns[name], scores)
    assert again.item_ids.dtype == np.int64


def test_what_goes_into_a_cache_is_plain() -> None:
    item_ids, group_ids, columns, *_ = THREE.as_plain()
    assert {type(each) for each in (*item_ids, *group_ids)} == {int}
    assert {type(each) for scores in columns.values() for each in scores} == {float}


def test_none_have_all_that_some_have() -> None:
    none = nothing("words", "looks")
    assert (len(none), none.complete, none.source) == (0, True, "words")
    assert none.scores.tolist() == []
    assert len(none.order()) == len(none.join(none)) == 0
