"""Vectors that propagate along links, the same with numpy and with torch."""

from __future__ import annotations

import numpy as np
import pytest

from shopreco.encoders.graph import Links, propagate

RNG = np.random.default_rng(7)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def random_links(products: int, count: int) -> Links:
    sources, targets = RNG.integers(0, products, (2, count))
    return Links(sources, targets, RNG.uniform(0.1, 1, count).astype(np.float32))


def test_a_step_mixes_a_product_with_the_weighted_mean_of_what_it_links_to() -> None:
    vectors = np.eye(3, dtype=np.float32)
    links = Links(np.array([0, 0]), np.array([1, 2]), np.array([3, 1], dtype=np.float32))
    found = propagate(vectors, links, steps=1, restart=0.5)
    assert found[0] == pytest.approx(unit(np.array([[0.5, 0.375, 0.125]]))[0])
    assert found[1:] == pytest.approx(vectors[1:]), "without links they stay"


def test_two_steps_reach_the_links_of_links() -> None:
    links = Links(np.array([0, 1]), np.array([1, 2]), np.ones(2, dtype=np.float32))
    vectors = np.eye(3, dtype=np.float32)
    assert propagate(vectors, links, steps=1)[0, 2] == 0
    assert propagate(vectors, links, steps=2)[0, 2] > 0


def test_links_lead_both_ways() -> None:
    links = Links(np.array([0]), np.array([1]), np.ones(1, dtype=np.float32)).both_ways()
    found = propagate(np.eye(2, dtype=np.float32), links, steps=1)
    assert found[0] == pytest.approx(found[1][::-1])


@pytest.mark.parametrize("links", [random_links(50, 400), random_links(50, 3), random_links(50, 0)])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_torch_computes_the_same(links: Links, steps: int) -> None:
    pytest.importorskip("torch")
    vectors = unit(RNG.normal(size=(50, 16)))
    expected = propagate(vectors, links, steps=steps)
    assert np.linalg.norm(expected, axis=1) == pytest.approx(1, abs=1e-5)
    found = propagate(vectors, links, steps=steps, device="cpu")
    assert found == pytest.approx(expected, abs=1e-5)


def test_a_restart_is_a_share() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        propagate(np.eye(2, dtype=np.float32), random_links(2, 2), restart=1.5)
