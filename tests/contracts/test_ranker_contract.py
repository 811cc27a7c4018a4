"""What every ranker does, on any scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopreco.ranking import ConvexSum, Ranker, ReciprocalRank, WeightedSum

NAN = float("nan")
COLUMNS = ("dense", "lexical", "mentions")
SHARE = st.floats(0, 1) | st.just(NAN)
SCORES = st.lists(st.tuples(st.floats(-1, 1) | st.just(NAN), SHARE, SHARE), max_size=20)
RANKERS = [
    ConvexSum(),
    ConvexSum(0.0),
    ConvexSum(1.0),
    ReciprocalRank(),
    WeightedSum({"dense": 0.5, "lexical": 0.5}),
]


@pytest.mark.parametrize("ranker", RANKERS)
class TestEveryRanker:
    @given(rows=SCORES, seed=st.integers(0, 99))
    def test_scores_are_numbers_that_the_parts_explain_in_any_order(
        self, ranker: Ranker, rows: list[tuple[float, float, float]], seed: int
    ) -> None:
        scores = np.array(rows, dtype=np.float32).reshape(-1, 3)
        ranked = ranker.rank(dict(zip(COLUMNS, scores.T, strict=True)))
        assert ranked.scores.shape == (len(rows),)
        assert ranked.scores.dtype == np.float64
        assert np.isfinite(ranked.scores).all()
        assert set(ranked.parts) <= set(COLUMNS)
        np.testing.assert_allclose(sum(ranked.parts.values()), ranked.scores)
        order = np.random.default_rng(seed).permutation(len(rows))
        shuffled = ranker.rank(dict(zip(COLUMNS, scores[order].T, strict=True)))
        np.testing.assert_allclose(shuffled.scores, ranked.scores[order])

    def test_better_in_all_is_not_worse(self, ranker: Ranker) -> None:
        ranked = ranker.rank({name: np.array([0.9, 0.1]) for name in COLUMNS})
        assert ranked.scores[0] > ranked.scores[1]

    def test_a_column_that_it_does_not_know_does_no_harm(self, ranker: Ranker) -> None:
        known = {name: np.array([0.9, 0.1]) for name in COLUMNS}
        ranked = ranker.rank({**known, "of_an_app": np.array([0.1, NAN])})
        assert np.isfinite(ranked.scores).all()
        assert ranked.scores[0] > ranked.scores[1]
