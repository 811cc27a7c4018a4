"""The ridge from pictures to texts: it finds a linear map, says how well, and survives storage."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from shopreco.fusion import MIN_PAIRS, Alignment, fit

N, F, D = 400, 60, 24


def pairs(noise: float, n: int = N) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Texts that are a linear function of the pictures, up to noise."""
    rng = np.random.default_rng(3)
    features = rng.normal(size=(n, F)).astype(np.float32)
    texts = features @ rng.normal(size=(F, D)) + noise * rng.normal(size=(n, D))
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    return features, texts.astype(np.float32)


def test_a_linear_relation_is_found() -> None:
    features, texts = pairs(noise=0.1)
    alignment = fit(features[:300], texts[:300])
    aligned = alignment(features[300:])
    assert np.linalg.norm(aligned, axis=1) == pytest.approx(1, abs=1e-5)
    assert float((aligned * texts[300:]).sum(axis=1).mean()) > 0.9
    assert alignment.metrics["pairs"] == 300
    assert alignment.metrics["R@10"] > 0.9


def test_unrelated_pairs_have_a_bad_figure() -> None:
    features, texts = pairs(noise=0.1)
    shuffled = texts[np.random.default_rng(1).permutation(N)]
    quality = fit(features, shuffled).metrics
    assert quality["R@10"] < 3 * 10 / quality["pool"]


def test_more_noise_takes_a_stronger_ridge() -> None:
    weak, strong = (fit(*pairs(noise)).metrics["strength"] for noise in (0.01, 30.0))
    assert strong > weak


def test_it_survives_storage_unchanged() -> None:
    features, texts = pairs(noise=1.0)
    alignment = fit(features, texts)
    restored = Alignment.from_bytes(alignment.to_bytes())
    assert restored.fingerprint == alignment.fingerprint
    assert restored.metrics == alignment.metrics
    assert (restored(features) == alignment(features)).all()
    assert fit(features, texts).fingerprint == alignment.fingerprint, "the same on every machine"


def test_more_pairs_than_features_and_fewer_give_the_same_ridge() -> None:
    from shopreco.fusion.alignment import _ridges

    features, texts = pairs(noise=0.1, n=F)
    padding = np.zeros((F, 1), dtype=np.float32)  # one feature more turns the decomposition round
    [primal] = _ridges(features, texts, (0.3,))
    [dual] = _ridges(np.hstack([features, padding]), texts, (0.3 * (F + 1) / F,))
    assert primal(features) == pytest.approx(dual(np.hstack([features, padding])), abs=1e-3)


def test_pictures_that_are_all_alike_find_nothing() -> None:
    _features, texts = pairs(noise=0.1)
    alike = fit(np.ones((N, F), dtype=np.float32), texts).metrics
    assert alike["R@10"] == 0


def test_a_feature_that_never_varies_is_harmless() -> None:
    features, texts = pairs(noise=0.1)
    features[:, 0] = 5
    assert np.isfinite(fit(features, texts)(features)).all()


def test_too_few_pairs_are_refused() -> None:
    features, texts = pairs(noise=0.1, n=MIN_PAIRS - 1)
    with pytest.raises(ValueError, match="products are needed"):
        fit(features, texts)


def test_variants_of_a_product_are_held_out_together_and_count_once() -> None:
    """Each product has eight variants of the same text and picture. Where a text says nothing of
    its picture, having seen another variant must not look like an alignment."""
    products, variants = 160, 8
    features, texts = pairs(noise=0.1, n=products)
    shuffled = texts[np.random.default_rng(1).permutation(products)]
    of_pair = np.repeat(np.arange(products), variants)[::-1] * 1_000_003
    pictures, said = np.repeat(features, variants, axis=0), np.repeat(shuffled, variants, axis=0)
    quality = fit(pictures, said, of_pair).metrics
    assert (quality["pairs"], quality["products"]) == (products * variants, products)
    assert quality["pool"] == products / 5
    assert quality["R@10"] < 1.5 * 10 / quality["pool"]
    assert fit(features, texts, np.arange(products)).metrics == fit(features, texts).metrics
    few = slice((MIN_PAIRS - 1) * variants)
    with pytest.raises(ValueError, match=f"of {MIN_PAIRS - 1} products"):
        fit(pictures[few], said[few], of_pair[few])


def test_a_good_map_is_found_good_however_many_variants_share_a_picture() -> None:
    features, texts = pairs(noise=0.1)
    of_pair = np.repeat(np.arange(N), 12)
    quality = fit(np.repeat(features, 12, axis=0), np.repeat(texts, 12, axis=0), of_pair).metrics
    assert quality["R@10"] > 0.9  # its twins do not stand in the way of a product
