"""What every recommender keeps to, whatever it has learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from shopreco.evaluation.recommenders.als import AlsRecommender
from shopreco.evaluation.recommenders.item_knn import ItemKnnRecommender
from shopreco.learning.content import ContentRecommender
from shopreco.learning.covisitation import CovisitationRecommender
from shopreco.learning.fused import FusedRecommender
from shopreco.learning.popularity import (
    PersonalFrequencyRecommender,
    PopularityRecommender,
    RecentPopularityRecommender,
)
from shopreco.learning.recommender import Recommender, TrainingData
from shopreco.learning.sequence_recommender import SequenceRecommender
from shopreco.learning.sequences import Sequences
from shopreco.learning.settings import SequenceSettings

SMALL = SequenceSettings(dimension=8, longest=6, epochs=2)
ITEMS = 25
HISTORIES = Sequences.of([[3], [], [1, 2, 3, 4, 5, 6, 7, 8], [24, 24], [0, 9]])


def fused() -> FusedRecommender:
    return FusedRecommender([SequenceRecommender(SMALL), CovisitationRecommender()])


KINDS: list[Callable[[], Recommender]] = [
    lambda: SequenceRecommender(SMALL),
    CovisitationRecommender,
    ContentRecommender,
    PopularityRecommender,
    RecentPopularityRecommender,
    PersonalFrequencyRecommender,
    fused,
    ItemKnnRecommender,
    AlsRecommender,
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind().name)


def shop(*, visitors: int = 60) -> TrainingData:
    """Item 24 is new: nobody had it, and it has no content."""
    random = np.random.default_rng(0)
    lists = [random.integers(0, ITEMS - 1, random.integers(1, 9)).tolist() for _ in range(visitors)]
    times = [(np.arange(len(each)) // 2 * 86_400 + 1e9).tolist() for each in lists]
    sequences = Sequences.of(lists, times)
    contents = random.normal(size=(ITEMS, 12)).astype(np.float32)
    contents /= np.linalg.norm(contents, axis=1, keepdims=True)
    contents[-1] = 0
    return TrainingData(
        train=sequences.keep(sequences.back >= 1),
        validation=sequences.keep(sequences.back == 0),
        contents=contents,
        complete=sequences,
        repeats=True,
    )


def fitted(kind: Callable[[], Recommender], data: TrainingData) -> Recommender:
    recommender = kind()
    assert recommender.applies(data)
    recommender.fit(data)
    return recommender


@every_kind
def test_all_items_have_a_finite_score_for_any_history(kind: Callable[[], Recommender]) -> None:
    data = shop()
    recommender = fitted(kind, data)
    for _ in range(2):
        scores = recommender.scores(HISTORIES)
        assert scores.shape == (len(HISTORIES), ITEMS)
        assert np.isfinite(scores).all()
        recommender.settle(data)


@every_kind
def test_nobody_s_scores_depend_on_who_is_asked_beside(kind: Callable[[], Recommender]) -> None:
    recommender = fitted(kind, shop())
    together = recommender.scores(HISTORIES)
    for visitor in range(len(HISTORIES)):
        alone = recommender.scores(HISTORIES.take(np.array([visitor])))
        np.testing.assert_allclose(alone[0], together[visitor], rtol=1e-3, atol=1e-4)


@every_kind
def test_the_seed_decides_what_is_random(kind: Callable[[], Recommender]) -> None:
    data = shop()
    first = fitted(kind, data).scores(HISTORIES)
    np.testing.assert_allclose(fitted(kind, data).scores(HISTORIES), first, rtol=1e-3, atol=1e-4)
    other = fitted(kind, replace(data, seed=1)).scores(HISTORIES)
    assert kind().is_seeded != np.allclose(other, first, rtol=1e-3, atol=1e-4)


@every_kind
def test_a_shop_where_nobody_did_anything_yet_has_scores_too(
    kind: Callable[[], Recommender],
) -> None:
    nothing = Sequences.of([[], []])
    contents = np.zeros((ITEMS, 4), dtype=np.float32)
    recommender = kind()
    recommender.fit(TrainingData(nothing, nothing, contents, repeats=True))
    assert np.isfinite(recommender.scores(HISTORIES)).all()
