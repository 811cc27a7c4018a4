"""Splits, metrics over all visitors, and how sure a difference is."""

from __future__ import annotations

import numpy as np
import pytest

from shopreco.evaluation.protocols.next_item import (
    DAY,
    Popularity,
    gini,
    leave_one_out,
    paired_bootstrap,
    time_split,
)
from shopreco.learning.sequences import Sequences

CONTENTS = np.eye(10, dtype=np.float32)


def shown(sequences: Sequences) -> list[list[int]]:
    return [each.tolist() for each in sequences]


def test_the_last_event_is_the_test_and_the_one_before_it_the_validation() -> None:
    split = leave_one_out(Sequences.of([[1, 2, 3, 4], [5, 6], [7, 8, 9]]), CONTENTS)
    assert shown(split.data.train) == [[1, 2], [5, 6], [7]]
    assert shown(split.data.validation) == [[3], [], [8]]
    assert shown(split.histories) == [[1, 2, 3], [7, 8]]
    assert shown(split.wanted) == [[4], [9]]
    assert split.data.settled is split.data, "nothing of the validation is learned"


def test_the_last_fifth_of_the_days_is_the_test() -> None:
    """A hundred days: the validation begins with day 64, the test with day 80."""
    visits = [
        [(0, 0), (1, 63), (2, 64), (3, 64), (4, 79)],
        [(5, 10), (6, 80), (7, 80), (8, 99)],
        [(9, 85)],
        [(1, 5)],
    ]
    sequences = Sequences.of(
        [[item for item, _day in each] for each in visits],
        [[day * DAY + 50 for _item, day in each] for each in visits],
    )
    split = time_split(sequences, CONTENTS)
    assert shown(split.data.train) == [[0, 1], [5], [], [1]]
    assert shown(split.data.validation) == [[2, 3], [], [], []], "the first basket"
    assert shown(split.data.settled.train) == [[0, 1, 2, 3, 4], [5], [], [1]]
    assert not split.data.settled.validation.items.size
    assert shown(split.histories) == [[5], []], "also of who was never seen before"
    assert shown(split.wanted) == [[6, 7], [9]]
    assert split.data.repeats


def test_items_are_parted_by_the_events_they_have() -> None:
    train = Sequences.of([[0] * 4, [1] * 3, [2, 3, 4, 5, 0]])
    assert Popularity.of(train, 8).part.tolist() == [0, 1, 2, 2, 2, 2, 3, 3]
    assert Popularity.of(Sequences.of([[]]), 2).part.tolist() == [3, 3]


def test_exposure_is_unequal_if_one_item_has_all() -> None:
    assert gini(np.array([2, 2, 2])) == pytest.approx(0)
    assert gini(np.array([0] * 99 + [5])) == pytest.approx(0.99)
    assert gini(np.zeros(4, dtype=np.int64)) == 0


def test_a_difference_is_sure_if_it_hardly_depends_on_who_was_drawn() -> None:
    random = np.random.default_rng(0)
    one = random.random(400)
    clear = paired_bootstrap(one + 0.1, one + random.normal(0, 0.2, 400))
    assert clear.mean == pytest.approx(0.1, abs=0.03)
    assert clear.p < 0.001
    assert paired_bootstrap(one + random.normal(0, 0.2, 400), one).p > 0.05
    assert paired_bootstrap(one, one).p == 1
