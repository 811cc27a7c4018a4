"""Weights are chosen where they gain, on queries that do not judge them, and noise is called so."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from shopreco.evaluation.protocols.metrics import measure
from shopreco.evaluation.protocols.weight_search import (
    BLOCK,
    DEPTH,
    FOLDS,
    Difference,
    FusionTuning,
    NdcgByWeights,
    Weights,
    coordinate_search,
    folds_of,
    tune,
)
from shopreco.fusion import fuse

CURRENT = {"text": 2.0, "image": 1.0, "video": 0.5, "graph": 0.0}
EVERYTHING = np.ones(1, dtype=bool)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


class Shop:
    """Forty kinds of product, six of each; `right` says how well each modality tells the kind."""

    def __init__(self, **right: float) -> None:
        random = np.random.default_rng(1)
        kinds = unit(random.normal(size=(40, 32)))
        self.kind = np.arange(240) % 40
        self.vectors = {
            modality: unit(share * kinds[self.kind] + (1 - share) * random.normal(size=(240, 32)))
            for modality, share in right.items()
        }
        self.ids = [f"p{n}" for n in range(240)]
        self.queries = kinds
        self.judgements = {
            f"q{k}": {f"p{n}": 1 for n in np.flatnonzero(self.kind == k)} for k in range(40)
        }

    @property
    def scorer(self) -> NdcgByWeights:
        return NdcgByWeights(self.vectors, self.ids, self.queries, self.judgements)

    def tuned(self) -> FusionTuning:
        texts = [f"kind {k}" for k in range(40)]
        counts = dict.fromkeys(self.vectors, 240)
        return tune("shop", counts, self.scorer, texts, CURRENT)


def test_a_score_is_the_ndcg_of_the_exact_cosine_with_the_fused_vector() -> None:
    random = np.random.default_rng(0)
    n = 2 * BLOCK + 100
    vectors = {m: unit(random.normal(size=(n, 8))) for m in ("text", "image")}
    vectors["image"][::2] = np.nan
    vectors["text"][::5] = np.nan
    queries = unit(random.normal(size=(7, 8)))
    ids = [f"p{i}" for i in range(n)]
    weights = {"text": 1.0, "image": 0.5}
    cosines = np.nan_to_num(queries @ fuse(vectors, weights).T, nan=-1)
    rankings = {f"q{q}": [ids[i] for i in np.argsort(-row)[:100]] for q, row in enumerate(cosines)}
    # Some of what is near, in another order, and some of what is not.
    judgements = {q: {r[0]: 1, r[4]: 2, r[9]: 1, r[40]: 2} for q, r in rankings.items()}
    scores = NdcgByWeights(vectors, ids, queries, judgements)(weights)
    assert scores.shape == (7,)
    assert scores.mean() == pytest.approx(measure(judgements, rankings)["ndcg@10"])
    assert 0 < scores.mean() < 1


def test_a_product_of_which_nothing_has_a_weight_is_not_found() -> None:
    text = unit(np.eye(3))
    text[0] = np.nan
    image = unit(np.eye(3))
    scorer = NdcgByWeights(
        {"text": text, "image": image}, ["a", "b", "c"], unit(np.eye(3)[:1]), {"q": {"a": 1}}
    )
    assert scorer({"text": 1.0, "image": 0.0}).tolist() == [0.0]
    assert scorer({"text": 1.0, "image": 1.0}).tolist() == [1.0]


def test_the_search_moves_one_weight_at_a_time_to_the_top() -> None:
    def score(weights: Weights) -> np.ndarray:
        return np.array([-abs(weights["image"] - 0.75) - abs(weights["video"] - weights["image"])])

    start = {"text": 1.0, "image": 0.0, "video": 2.0}
    best = coordinate_search(score, ["image", "video"], start, EVERYTHING)
    assert best == {"text": 1.0, "image": 0.75, "video": 0.75}


def test_weights_stay_where_nothing_is_better() -> None:
    start = {"text": 1.0, "image": 0.3}
    assert coordinate_search(lambda _: np.zeros(1), ["image"], start, EVERYTHING) == start


def test_only_the_given_queries_have_a_say() -> None:
    def score(weights: Weights) -> np.ndarray:
        return np.array([weights["image"], -weights["image"]])

    start = {"text": 1.0, "image": 0.5}
    for among, ratio in ((np.array([True, False]), 2.0), (np.array([False, True]), 0.0)):
        assert coordinate_search(score, ["image"], start, among)["image"] == ratio


def test_folds_are_even_and_keep_equal_texts_together() -> None:
    texts = [f"query {n}" for n in range(50)]
    folds = folds_of([*texts, *texts])
    assert (folds[:50] == folds[50:]).all()
    assert set(Counter(folds.tolist()).values()) == {100 // FOLDS}
    assert (folds_of(texts[::-1]) == folds[:50][::-1]).all(), "whatever the order of the file"


def test_a_steady_difference_is_beyond_noise_and_a_wavering_one_is_not() -> None:
    steady = Difference.of(np.full(40, 0.1))
    assert (steady.mean, steady.low) == pytest.approx((0.1, 0.1))
    assert steady.standard_error == pytest.approx(0)
    wavering = Difference.of(np.tile([0.5, -0.5], 20))
    assert wavering.low < 0 < wavering.high
    assert wavering.standard_error == pytest.approx(0.5 / 39**0.5)


def test_a_modality_that_knows_better_gets_more_weight_beyond_noise() -> None:
    found = Shop(text=0.35, image=0.7).tuned()
    assert found.current == {"text": 1.0, "image": 0.5}, "only ratios matter"
    assert found.chosen["image"] > 1
    assert found.gain.low > 0
    assert "beyond noise" in found.verdict
    assert found.setting == {
        "TEXT": 1.0,
        "IMAGE": found.chosen["image"],
        "VIDEO": 0.25,
        "ALPHA": 1.0,
        "BETA": 0.0,
    }


def test_a_modality_that_knows_nothing_is_left_out() -> None:
    assert Shop(text=0.7, image=0.0).tuned().chosen["image"] == 0


def test_where_all_weights_are_as_good_the_current_ones_stay() -> None:
    shop = Shop(text=0.7)
    shop.vectors["image"] = shop.vectors["text"]
    found = shop.tuned()
    assert found.chosen == found.current
    assert found.gain.mean == 0
    assert "keep the current weights" in found.verdict


def test_a_fold_is_measured_with_weights_that_were_chosen_without_it() -> None:
    shop = Shop(text=0.35, image=0.7, video=0.5)
    found = shop.tuned()
    assert sum(fold.queries for fold in found.folds) == found.queries == 40
    scores, folds = shop.scorer, folds_of([f"kind {k}" for k in range(40)])
    start = {"text": 1.0, "image": 0.5, "video": 0.25}
    for number, fold in enumerate(found.folds):
        inside = folds == number
        assert fold.weights == coordinate_search(scores, ["image", "video"], start, ~inside)
        assert fold.ndcg == pytest.approx(scores(fold.weights)[inside].mean())
        assert fold.current_ndcg == pytest.approx(scores(start)[inside].mean())


def test_the_report_shows_curve_choice_and_the_line_to_paste() -> None:
    found = Shop(text=0.35, image=0.7).tuned()
    text = found.as_text()
    assert "240 with text, 240 with image; 40 judged queries" in text
    best = next(point for point in found.curves["image"] if point.ratio == found.chosen["image"])
    rows = [line.split()[:3] for line in text.splitlines()]
    assert [f"{best.ratio:g}", "*", f"{best.ndcg:.4f}"] in rows
    assert found.verdict in text
    assert text.endswith(f'"MODALITY_WEIGHTS": {json.dumps(found.setting)},')
    ratios = [point.ratio for point in found.curves["image"]]
    assert ratios == sorted(ratios)
    now = next(point for point in found.curves["image"] if point.ratio == 0.5)
    assert (now.difference, now.standard_error) == (0, 0)
    assert json.loads(json.dumps(found.as_json()))["verdict"] == found.verdict
    assert DEPTH == 10, "the report says nDCG@10"
