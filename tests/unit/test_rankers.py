"""Rankers: one score of many columns."""

from __future__ import annotations

import numpy as np
import pytest

from shopreco.exceptions import ConfigurationError
from shopreco.ranking import ConvexSum, ReciprocalRank, WeightedMean, WeightedSum, create_ranker
from shopreco.ranking.base import Columns, Scores

NAN = float("nan")
NOTHING = np.full(20, NAN)


def columns(dense: Scores, lexical: Scores, mentions: Scores) -> Columns:
    return {"dense": dense, "lexical": lexical, "mentions": mentions}


def test_a_convex_sum_weighs_cosine_and_share_of_the_words() -> None:
    ranked = ConvexSum(0.7, 0).rank(
        columns(np.array([0.5, 0.2]), np.array([0.2, 0.8]), NOTHING[:2])
    )
    np.testing.assert_allclose(ranked.scores, [0.15 + 0.14, 0.06 + 0.56])


def test_an_unknown_cosine_counts_nothing() -> None:
    ranked = ConvexSum(0.5, 0).rank(
        columns(np.array([NAN, 0.4]), np.array([0.5, 0.0]), NOTHING[:2])
    )
    np.testing.assert_allclose(ranked.scores, [0.25, 0.2])


def test_an_item_without_words_is_judged_by_its_cosine_alone() -> None:
    ranked = ConvexSum(0.7, 0).rank(
        columns(np.array([0.4, 0.4]), np.array([NAN, 0.0]), NOTHING[:2])
    )
    np.testing.assert_allclose(ranked.scores, [0.12 + 0.7 * 0.6 * 0.4, 0.12])


def test_a_photo_alone_does_not_stand_before_the_product_whose_title_was_asked_for() -> None:
    """Even a title that is said word for word scores less than 1 by BM25F."""
    cosines, words = np.array([0.95, 0.9]), np.array([0.65, NAN])
    ranked = ConvexSum().rank(columns(cosines, words, NOTHING[:2]))
    assert ranked.scores[0] > ranked.scores[1]


def test_what_a_query_mentions_has_its_own_weight() -> None:
    ranked = ConvexSum(0.5, 0.2).rank(columns(np.array([0.5]), np.array([0.5]), np.array([1.0])))
    assert ranked.parts["mentions"] == pytest.approx(0.2)
    assert ranked.scores == pytest.approx(0.8 * 0.5 + 0.2)


def test_a_query_without_known_words_ranks_by_meaning() -> None:
    ranked = ConvexSum().rank(columns(np.array([0.1, 0.9]), np.array([NAN, NAN]), NOTHING[:2]))
    assert ranked.scores[1] > ranked.scores[0] > 0


def test_the_score_of_an_item_does_not_depend_on_the_others() -> None:
    alone = ConvexSum().rank(columns(np.array([0.4]), np.array([0.3]), NOTHING[:1])).scores[0]
    among = (
        ConvexSum().rank(columns(np.array([0.9, 0.4]), np.array([0.8, 0.3]), NOTHING[:2])).scores[1]
    )
    assert alone == among


def test_a_further_column_takes_its_share_of_the_sum() -> None:
    known = columns(np.array([0.5, 0.5]), np.array([0.5, 0.5]), NOTHING[:2])
    liked = {**known, "profile": np.array([1.0, NAN])}
    plain = ConvexSum().rank(known)
    ranked = ConvexSum(further_weights={"profile": 0.2}).rank(liked)
    np.testing.assert_allclose(ranked.scores, [0.8 * plain.scores[0] + 0.2, 0.8 * plain.scores[1]])
    np.testing.assert_allclose(ConvexSum().rank(liked).scores, plain.scores)


def test_a_weighted_mean_judges_by_what_there_is() -> None:
    ranker = WeightedMean({"dense": 0.25, "looks": 0.75, "lexical": 0.0})
    ranked = ranker.rank({"dense": np.array([0.4, 0.4]), "looks": np.array([0.8, NAN])})
    np.testing.assert_allclose(ranked.scores, [0.7, 0.4])


def test_a_weighted_sum_counts_nothing_for_what_is_missing() -> None:
    ranker = WeightedSum({"graph": 0.7, "dense": 0.3})
    ranked = ranker.rank({"graph": np.array([1.0, 1.0]), "dense": np.array([0.5, NAN])})
    np.testing.assert_allclose(ranked.scores, [0.85, 0.7])


def test_reciprocal_ranks_add_up_and_ties_share_a_rank() -> None:
    ranked = ReciprocalRank(60).rank(
        columns(np.array([0.9, 0.5, 0.5, NAN]), np.array([NAN, 0.7, 0.3, 0.7]), NOTHING[:4])
    )
    np.testing.assert_allclose(ranked.scores, [1 / 61, 1 / 62 + 1 / 61, 1 / 62 + 1 / 63, 1 / 61])


def test_the_default_setting_is_the_convex_sum_that_measured_best() -> None:
    ranker = create_ranker({})
    assert isinstance(ranker, ConvexSum)
    assert ranker.lexical_weight == 0.7


def test_a_setting_names_class_and_options() -> None:
    ranker = create_ranker({"CLASS": "shopreco.ranking.ReciprocalRank", "K": 10})
    assert isinstance(ranker, ReciprocalRank)
    assert ranker.k == 10


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"CLASS": "shopreco.ranking.Nothing"}, "cannot be imported"),
        ({"CLASS": "nowhere.Fusion"}, "cannot be imported"),
        ({"CLASS": "Fusion"}, "not a dotted path"),
        ({"WEIGHT": 1}, "no option 'WEIGHT'. Did you mean 'MENTION_WEIGHT'"),
        ({"LEXICAL_WEIGHT": 2}, "from 0 to 1"),
        ({"LEXICAL_WEIGHT": "much"}, "ConvexSum"),
        ({"CLASS": "shopreco.ranking.ReciprocalRank", "K": -1}, "negative"),
        ({"CLASS": "threading.Lock"}, "is not a Ranker"),
    ],
)
def test_a_wrong_setting_names_the_fix(config: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        create_ranker(config)
