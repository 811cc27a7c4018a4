"""Sequences of visitors, and the samples that are made of them."""

from __future__ import annotations

import numpy as np
import pytest

from shopreco.learning.sequences import Sequences, by_length, recency_matrix, samples

BASKETS = Sequences.of([[3, 1, 4, 1, 5], [], [9, 2]], times=[[10, 10, 20, 30, 30], [], [5, 6]])


def shown(sequences: Sequences) -> list[list[int]]:
    return [each.tolist() for each in sequences]


def test_visitors_and_events_are_chosen() -> None:
    assert shown(BASKETS.take(np.array([2, 0]))) == [[9, 2], [3, 1, 4, 1, 5]]
    assert shown(BASKETS.keep(BASKETS.back == 0)) == [[5], [], [2]]
    assert shown(BASKETS.keep(BASKETS.times < 20)) == [[3, 1], [], [9, 2]]


def test_a_clock_is_told_from_places() -> None:
    assert Sequences.of([[3, 1], [], [9, 2, 4]]).places_only
    assert not BASKETS.places_only
    assert not Sequences.of([[3, 1]], times=[[2, 3]]).places_only


def test_histories_have_the_last_items_and_need_no_padding() -> None:
    found = by_length(Sequences.of([[1, 2, 3], [4], [5, 6, 7, 8], []]), longest=3)
    assert {k: (v.tolist(), i.tolist()) for k, (v, i) in found.items()} == {
        1: ([1], [[4]]),
        3: ([0, 2], [[1, 2, 3], [6, 7, 8]]),
    }


def test_every_prefix_is_a_sample() -> None:
    found = samples(Sequences.of([[1, 2, 3, 4], [5], []]), longest=2)
    assert [(each.histories.tolist(), each.targets.tolist()) for each in found] == [
        ([[1]], [2]),
        ([[1, 2], [2, 3]], [3, 4]),
    ]


def test_no_sample_tells_a_part_of_a_basket_from_the_rest_of_it() -> None:
    [first, second, third] = samples(BASKETS, longest=10)
    assert (first.histories.tolist(), first.targets.tolist()) == ([[9]], [2])
    assert (second.histories.tolist(), second.targets.tolist()) == ([[3, 1]], [4])
    assert (third.histories.tolist(), third.targets.tolist()) == ([[3, 1, 4]], [1, 5])
    histories, targets, rows = third.batch(np.array([0, 0]))
    assert histories.tolist() == [[3, 1, 4]] * 2
    assert (targets.tolist(), rows.tolist()) == ([1, 5, 1, 5], [0, 0, 1, 1])


def test_the_last_event_counts_most() -> None:
    found = recency_matrix(BASKETS, 10, share=0.5, last=3).toarray()
    assert found[0, [3, 1, 4, 5]] == pytest.approx([0, 0.5, 0.25, 1])
    assert not found[1].any()
    assert found[2, [9, 2]] == pytest.approx([0.5, 1])


def test_nobody_did_anything() -> None:
    nothing = Sequences.of([[], []])
    assert samples(nothing, 5) == []
    assert by_length(nothing, 5) == {}
    assert nothing.step_starts.tolist() == []
    assert recency_matrix(nothing, 4, 0.5).shape == (2, 4)
