"""Formula (7): weighted, masked, renormalised, and taken apart again."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from shopreco.fusion import contributions, fuse, modality_weights

WEIGHTS = {"text": 0.6, "image": 0.3, "video": 0.1}


def units(n: int, d: int = 64, seed: int = 1) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_weights_are_alpha_times_lambda_and_beta() -> None:
    weights = modality_weights(text=1, image=0.5, video=0.25, alpha=0.8, beta=0.3)
    assert weights == {"text": 0.8, "image": 0.4, "video": 0.2, "graph": 0.3}


def test_fused_vectors_have_length_one_and_follow_the_weights() -> None:
    text, image = units(5, seed=1), units(5, seed=2)
    fused = fuse({"text": text, "image": image}, {"text": 3.0, "image": 1.0})
    expected = 3 * text + image
    assert np.linalg.norm(fused, axis=1) == pytest.approx(1)
    assert fused == pytest.approx(expected / np.linalg.norm(expected, axis=1, keepdims=True))


def test_a_missing_modality_is_a_mask_and_no_zero() -> None:
    text, image = units(2, seed=1), units(2, seed=2)
    image[0] = np.nan
    fused = fuse({"text": text, "image": image}, WEIGHTS)
    assert fused[0] == pytest.approx(text[0], abs=1e-6)
    assert float(fused[1] @ text[1]) < 0.99


def test_an_item_without_any_modality_has_no_vector() -> None:
    text = units(2)
    text[1] = np.nan
    fused = fuse({"text": text}, WEIGHTS)
    assert not np.isnan(fused[0]).any()
    assert np.isnan(fused[1]).all()


def test_a_modality_without_weight_is_left_out() -> None:
    text, graph = units(3, seed=1), units(3, seed=2)
    assert fuse({"text": text, "graph": graph}, WEIGHTS) == pytest.approx(text, abs=1e-6)
    with pytest.raises(ValueError, match="has a weight"):
        fuse({"graph": graph}, WEIGHTS)


def test_contributions_sum_to_the_cosine_on_a_thousand_random_pairs() -> None:
    n = 1_000
    vectors = {name: units(n, seed=seed) for seed, name in enumerate(WEIGHTS)}
    vectors["image"][::3] = np.nan
    vectors["video"][::2] = np.nan
    queries = units(n, seed=9)
    fused = fuse(vectors, WEIGHTS)
    for position in range(n):
        rows = {name: each[position : position + 1] for name, each in vectors.items()}
        shares = contributions(queries[position], rows, WEIGHTS)
        assert sum(float(each[0]) for each in shares.values()) == pytest.approx(
            float(fused[position] @ queries[position]), abs=1e-5
        )
    shares = contributions(queries[0], vectors, WEIGHTS)
    assert (shares["image"][::3] == 0).all()
