"""Groups, diversity, caps and the cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shopreco.ranking import (
    cap_per_key,
    collapse_groups,
    maximal_marginal_relevance,
    relative_cutoff,
)


def test_each_group_keeps_its_best_in_order() -> None:
    assert collapse_groups(np.array([7, 3, 7, 9, 3])).tolist() == [0, 1, 3]
    assert collapse_groups(np.array([], dtype=np.int64)).tolist() == []


def test_no_key_takes_more_places_than_the_cap() -> None:
    assert cap_per_key(["a", "a", "b", "a", "b", "b"], 2).tolist() == [0, 1, 2, 4]
    assert cap_per_key(["a", "b"], 0).tolist() == []
    assert cap_per_key([], 2).tolist() == []


@given(keys=st.lists(st.sampled_from("abc")), cap=st.integers(0, 4))
def test_a_cap_drops_only_what_is_too_much(keys: list[str], cap: int) -> None:
    kept = cap_per_key(keys, cap).tolist()
    assert kept == sorted(kept)
    for key in set(keys):
        assert sum(keys[i] == key for i in kept) == min(cap, keys.count(key))


def unit_vectors(seed: int, n: int) -> NDArray[np.float64]:
    vectors = np.random.default_rng(seed).normal(size=(n, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def naive_mmr(
    relevance: NDArray[np.float64], vectors: NDArray[np.float64], k: int, diversity: float
) -> list[int]:
    chosen: list[int] = []
    while len(chosen) < min(k, len(relevance)):
        best, best_value = -1, -np.inf
        for i in range(len(relevance)):
            if i in chosen:
                continue
            value = float(relevance[i])
            if chosen:
                likeness = max(float(vectors[i] @ vectors[j]) for j in chosen)
                value = (1 - diversity) * value - diversity * likeness
            if value > best_value + 1e-12:
                best, best_value = i, value
        chosen.append(best)
    return chosen


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(0, 12),
    k=st.integers(0, 15),
    diversity=st.floats(0, 1),
)
def test_marginal_relevance_chooses_as_its_definition_says(
    seed: int, n: int, k: int, diversity: float
) -> None:
    relevance = np.random.default_rng(seed + 1).uniform(size=n)
    vectors = unit_vectors(seed, n)
    chosen = maximal_marginal_relevance(relevance, vectors, k, diversity).tolist()
    assert chosen == naive_mmr(relevance, vectors, k, diversity)


def test_without_diversity_the_order_is_that_of_relevance() -> None:
    relevance = np.array([0.2, 0.9, 0.5])
    assert maximal_marginal_relevance(relevance, np.eye(3), 3, 0).tolist() == [1, 2, 0]


def test_a_copy_comes_after_something_different() -> None:
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    relevance = np.array([0.9, 0.89, 0.6])
    assert maximal_marginal_relevance(relevance, vectors, 2, 0.5).tolist() == [0, 2]


@pytest.mark.parametrize("diversity", [-0.1, 1.1])
def test_diversity_outside_its_range_is_an_error(diversity: float) -> None:
    with pytest.raises(ValueError, match="diversity"):
        maximal_marginal_relevance(np.array([1.0]), np.eye(1), 1, diversity)


def test_the_tail_far_below_the_best_is_cut() -> None:
    assert relative_cutoff(np.array([0.8, 0.4, 0.39, np.nan]), 0.5).tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_where_nothing_is_similar_nothing_remains() -> None:
    assert relative_cutoff(np.array([-0.2, 0.0]), 0.5).tolist() == [False, False]
    assert relative_cutoff(np.array([np.nan]), 0.5).tolist() == [False]
    assert relative_cutoff(np.array([]), 0.5).tolist() == []
