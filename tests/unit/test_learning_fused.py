"""Recommenders that need no training, and the weighted sum of several."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shopreco.learning.content import ContentRecommender
from shopreco.learning.covisitation import CovisitationRecommender
from shopreco.learning.fused import FusedRecommender
from shopreco.learning.popularity import (
    HALF_LIFE,
    PersonalFrequencyRecommender,
    PopularityRecommender,
    RecentPopularityRecommender,
)
from shopreco.learning.ranks import ranks_of
from shopreco.learning.recommender import Recommender, Scores, TrainingData
from shopreco.learning.sequences import Sequences

NOTHING = Sequences.of([[]])


def data(train: Sequences, items: int = 6, **others: object) -> TrainingData:
    empty = train.keep(np.zeros(len(train.items), dtype=bool))
    contents = np.eye(items, dtype=np.float32)
    return replace(TrainingData(train, empty, contents), **others)  # type: ignore[arg-type]  # tests


def fitted(recommender: Recommender, training: TrainingData) -> Recommender:
    recommender.fit(training)
    return recommender


def best(scores: Scores) -> list[int]:
    return np.argsort(-scores, axis=1, kind="stable")[:, 0].tolist()


def test_what_followed_lately_and_near_comes_first() -> None:
    train = Sequences.of([[0, 1, 2], [0, 1, 2], [3, 0]])
    found = fitted(CovisitationRecommender(), data(train)).scores(
        Sequences.of([[0], [1], [2], [3, 1], []])
    )
    assert best(found)[:2] == [1, 2]
    assert found[0, 1] > found[0, 2] > 0, "the nearer"
    assert not found[2].any(), "directed"
    assert found[3, 2] > found[3, 0] > 0, "the last counts most"
    assert not found[4].any()


def test_what_was_bought_together_did_not_follow() -> None:
    train = Sequences.of([[0, 1, 2]], times=[[1, 1, 2]])
    found = fitted(CovisitationRecommender(), data(train)).scores(Sequences.of([[0]]))
    assert found[0, 1] == 0
    assert found[0, 2] > 0


def test_content_is_that_of_the_last_items() -> None:
    contents = np.array([[1, 0], [0.8, 0.6], [0, 1], [0, 0]], dtype=np.float32)
    recommender = fitted(ContentRecommender(), data(NOTHING, contents=contents))
    found = recommender.scores(Sequences.of([[0], [3], []]))
    assert found[0] == pytest.approx([1, 0.8, 0, 0])
    assert not found[1:].any(), "without content, and without history"


def test_what_was_popular_last_year_is_not_popular_lately() -> None:
    train = Sequences.of([[0, 1]] * 3 + [[1], [2]], times=[[0, 1]] * 3 + [[1], [12 * HALF_LIFE]])
    histories = Sequences.of([[]])
    assert best(fitted(PopularityRecommender(), data(train)).scores(histories)) == [1]
    assert best(fitted(RecentPopularityRecommender(), data(train)).scores(histories)) == [2]


def test_personal_frequency_falls_back_to_popularity() -> None:
    train = Sequences.of([[0, 1, 1, 2, 2, 5, 5, 5]])
    recommender = fitted(PersonalFrequencyRecommender(), data(train, repeats=True))
    found = recommender.scores(Sequences.of([[0, 0, 1], [0, 1, 2], []]))
    assert best(found) == [0, 1, 5]
    many = recommender.scores(Sequences.of([[0] * 100 + [5] * 99]))
    assert best(many) == [0], "an event more counts more than any popularity"


def test_recommenders_that_the_data_have_nothing_for_are_left_out() -> None:
    places = data(Sequences.of([[0, 1, 2]] * 4))
    clock = data(Sequences.of([[0, 1, 2]] * 4, times=[[7, 8, 9]] * 4), repeats=True)
    every = [RecentPopularityRecommender(), PersonalFrequencyRecommender()]
    assert [each.applies(places) for each in every] == [False, False]
    assert [each.applies(clock) for each in every] == [True, True]


class Told(Recommender):
    """Knows the wanted items of some visitors, and says 0 of all others."""

    def __init__(self, name: str, known: np.ndarray, strength: float) -> None:
        self.name = name  # type: ignore[misc]  # several of one class
        self._known, self._strength = known, strength

    def fit(self, data: TrainingData) -> None:
        self._wanted = data.validation.items

    def scores(self, histories: Sequences) -> Scores:
        noise = np.random.default_rng(len(self.name)).random((len(histories), 40))
        for row, history in enumerate(histories):
            visitor = int(history[0])
            if self._known[visitor]:
                noise[row, self._wanted[visitor]] += 3
        return noise * self._strength


def told_apart(strengths: tuple[float, float]) -> tuple[FusedRecommender, TrainingData]:
    """Two recommenders, each of which knows what half of the visitors want."""
    visitors = 40
    train = Sequences.of([[n] for n in range(visitors)])
    wanted = Sequences.of([[(n * 7 + 3) % visitors] for n in range(visitors)])
    half = np.arange(visitors) % 2 == 0
    fused = FusedRecommender([Told("one", half, strengths[0]), Told("three", ~half, strengths[1])])
    training = data(train, visitors, validation=wanted, repeats=True)
    fused.fit(training)
    return fused, training


@pytest.mark.parametrize("strengths", [(1.0, 1.0), (1.0, 500.0), (0.01, 1.0)])
def test_the_sum_knows_what_either_knows_whatever_their_scales(
    strengths: tuple[float, float],
) -> None:
    fused, training = told_apart(strengths)

    def ndcg(recommender: Recommender) -> float:
        found = ranks_of(recommender.scores, training.train, training.validation, 40, repeats=True)
        return float(found.ndcg(10).mean())

    alone = [ndcg(each) for each in fused.recommenders]
    assert max(alone) < 0.8
    assert ndcg(fused) > 0.95


def test_what_adds_nothing_gets_no_weight() -> None:
    half = np.ones(40, dtype=bool)
    train = Sequences.of([[n] for n in range(40)])
    wanted = Sequences.of([[(n * 7 + 3) % 40] for n in range(40)])
    fused = FusedRecommender([Told("one", ~half, 1.0), Told("three", half, 1.0)])
    fused.fit(data(train, 40, validation=wanted, repeats=True))
    assert fused.weights == {"one": 0.0, "three": 1.0}
