"""One score of three."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopreco.exceptions import ConfigurationError
from shopreco.ranking import ConvexSum, ReciprocalRank, ScoreFusion, create_fusion

NAN = float("nan")
NOTHING = np.full(20, NAN)
SHARE = st.floats(0, 1) | st.just(NAN)
SCORES = st.lists(st.tuples(st.floats(-1, 1) | st.just(NAN), SHARE, SHARE), max_size=20)


def test_a_convex_sum_weighs_cosine_and_share_of_the_words() -> None:
    fused = ConvexSum(0.7, 0).fuse(np.array([0.5, 0.2]), np.array([0.2, 0.8]), NOTHING[:2])
    np.testing.assert_allclose(fused.scores, [0.15 + 0.14, 0.06 + 0.56])


def test_an_unknown_cosine_counts_nothing() -> None:
    fused = ConvexSum(0.5, 0).fuse(np.array([NAN, 0.4]), np.array([0.5, 0.0]), NOTHING[:2])
    np.testing.assert_allclose(fused.scores, [0.25, 0.2])


def test_an_item_without_words_is_judged_by_its_cosine_alone() -> None:
    fused = ConvexSum(0.7, 0).fuse(np.array([0.4, 0.4]), np.array([NAN, 0.0]), NOTHING[:2])
    np.testing.assert_allclose(fused.scores, [0.12 + 0.7 * 0.6 * 0.4, 0.12])


def test_a_photo_alone_does_not_stand_before_the_product_whose_title_was_asked_for() -> None:
    """Even a title that is said word for word scores less than 1 by BM25F."""
    cosines, words = np.array([0.95, 0.9]), np.array([0.65, NAN])
    fused = ConvexSum().fuse(cosines, words, NOTHING[:2])
    assert fused.scores[0] > fused.scores[1]


def test_what_a_query_mentions_has_its_own_weight() -> None:
    fused = ConvexSum(0.5, 0.2).fuse(np.array([0.5]), np.array([0.5]), np.array([1.0]))
    assert fused.parts["mentions"] == pytest.approx(0.2)
    assert fused.scores == pytest.approx(0.8 * 0.5 + 0.2)


def test_a_query_without_known_words_ranks_by_meaning() -> None:
    fused = ConvexSum().fuse(np.array([0.1, 0.9]), np.array([NAN, NAN]), NOTHING[:2])
    assert fused.scores[1] > fused.scores[0] > 0


def test_the_score_of_an_item_does_not_depend_on_the_others() -> None:
    alone = ConvexSum().fuse(np.array([0.4]), np.array([0.3]), NOTHING[:1]).scores[0]
    among = ConvexSum().fuse(np.array([0.9, 0.4]), np.array([0.8, 0.3]), NOTHING[:2]).scores[1]
    assert alone == among


def test_reciprocal_ranks_add_up_and_ties_share_a_rank() -> None:
    fused = ReciprocalRank(60).fuse(
        np.array([0.9, 0.5, 0.5, NAN]), np.array([NAN, 0.7, 0.3, 0.7]), NOTHING[:4]
    )
    np.testing.assert_allclose(fused.scores, [1 / 61, 1 / 62 + 1 / 61, 1 / 62 + 1 / 63, 1 / 61])


@pytest.mark.parametrize("fusion", [ConvexSum(), ConvexSum(0.0), ConvexSum(1.0), ReciprocalRank()])
class TestEveryFusion:
    @given(rows=SCORES, seed=st.integers(0, 99))
    def test_scores_are_numbers_that_the_parts_explain_in_any_order(
        self, fusion: ScoreFusion, rows: list[tuple[float, float, float]], seed: int
    ) -> None:
        scores = np.array(rows, dtype=np.float32).reshape(-1, 3)
        fused = fusion.fuse(*scores.T)
        assert fused.scores.shape == (len(rows),)
        assert fused.scores.dtype == np.float64
        assert np.isfinite(fused.scores).all()
        assert set(fused.parts) == {"dense", "lexical", "mentions"}
        np.testing.assert_allclose(sum(fused.parts.values()), fused.scores)
        order = np.random.default_rng(seed).permutation(len(rows))
        shuffled = fusion.fuse(*scores[order].T)
        np.testing.assert_allclose(shuffled.scores, fused.scores[order])

    def test_better_in_both_is_not_worse_in_sum(self, fusion: ScoreFusion) -> None:
        fused = fusion.fuse(np.array([0.9, 0.1]), np.array([0.5, 0.1]), NOTHING[:2])
        assert fused.scores[0] > fused.scores[1]


def test_the_default_setting_is_the_convex_sum_that_measured_best() -> None:
    fusion = create_fusion({})
    assert isinstance(fusion, ConvexSum)
    assert fusion.lexical_weight == 0.7


def test_a_setting_names_class_and_options() -> None:
    fusion = create_fusion({"CLASS": "shopreco.ranking.score_fusion.ReciprocalRank", "K": 10})
    assert isinstance(fusion, ReciprocalRank)
    assert fusion.k == 10


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"CLASS": "shopreco.ranking.score_fusion.Nothing"}, "cannot be imported"),
        ({"CLASS": "nowhere.Fusion"}, "cannot be imported"),
        ({"CLASS": "Fusion"}, "not a dotted path"),
        ({"WEIGHT": 1}, "no option 'WEIGHT'. Did you mean 'MENTION_WEIGHT'"),
        ({"LEXICAL_WEIGHT": 2}, "from 0 to 1"),
        ({"LEXICAL_WEIGHT": "much"}, "ConvexSum"),
        ({"CLASS": "shopreco.ranking.score_fusion.ReciprocalRank", "K": -1}, "negative"),
        ({"CLASS": "threading.Lock"}, "is not a ScoreFusion"),
    ],
)
def test_a_wrong_setting_names_the_fix(config: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        create_fusion(config)
