"""The map from an image network's space to the text's, by ridge regression on a shop's own pairs.

Hoerl and Kennard 1970. In closed form: 20 s on one core for 2,385 pairs of 3,110 features.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MIN_PAIRS", "VERSION", "Alignment", "fit"]

MIN_PAIRS = 100
"""Of 615 fashion titles 39 in 100 find their photo among the first ten after 100 pairs (2 by
chance), 27 after 50, 76 after 800: with fewer than a hundred, most pictures are put in the wrong
place."""
VERSION = "2"
"""Raised when the same pairs give another map."""
FOLDS = 5
STRENGTHS = tuple(10.0**power for power in np.arange(-1.5, 2.01, 0.5))
"""Of the ridge, relative to pairs × mean variance of a feature: the same grid for any shop."""
DEPTH = 10
POOL = 600
"""Products among whose pictures a held-out text has to find its own."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Alignment:
    """An affine map, then length 1.

    mean, scale: (f,), of the features that it was fitted on. weights: (f, d). bias: (d,).
    metrics: `pairs`, their `products`, `strength`, and of held-out products, `pool` at a time:
    `R@10` of texts that look for their picture, `R@10 of pictures` that look for their text.
    """

    mean: Vectors
    scale: Vectors
    weights: Vectors
    bias: Vectors
    metrics: Mapping[str, float] = field(default_factory=dict)

    def __call__(self, features: Vectors) -> Vectors:
        """features: (n, f) as the image encoder gives them. Gives (n, d) float32 of length 1."""
        mapped = ((features - self.mean) / self.scale) @ self.weights + self.bias
        aligned: Vectors = mapped / np.linalg.norm(mapped, axis=1, keepdims=True)
        return aligned

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits over the map and what is known of it."""
        digest = sha256(json.dumps([VERSION, dict(self.metrics)], sort_keys=True).encode())
        for name in _ARRAYS:
            digest.update(np.ascontiguousarray(getattr(self, name)).tobytes())
        return digest.hexdigest()

    def to_bytes(self) -> bytes:
        """In the format of safetensors, the metrics as its metadata."""
        from safetensors.numpy import save

        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        metadata = {"version": VERSION, "metrics": json.dumps(dict(self.metrics), sort_keys=True)}
        return save(arrays, metadata)

    @classmethod
    def from_bytes(cls, data: bytes) -> Alignment:
        from safetensors.numpy import load

        length = int.from_bytes(data[:8], "little")
        metadata: dict[str, Any] = json.loads(data[8 : 8 + length]).get("__metadata__", {})
        return cls(**load(data), metrics=json.loads(metadata.get("metrics", "{}")))


_ARRAYS = ("mean", "scale", "weights", "bias")


def fit(
    features: Vectors, targets: Vectors, products: NDArray[np.int64] | None = None
) -> Alignment:
    """The map that brings pictures nearest to their texts.

    features: (n, f) vectors of pictures. targets: (n, d) vectors of their texts, of length 1.
    products: (n,) the product of each pair; without it each pair is one of its own.
    The strength of the ridge is chosen by five-fold cross-validation over R@10, both ways. A
    product is held out with all its pairs, and one of them stands for it: variants share texts and
    pictures, so that what was fitted on one of them has seen the others.
    Raises `ValueError` for fewer than `MIN_PAIRS` products.
    """
    n = len(features)
    of_pair, first = _products(np.arange(n) if products is None else products)
    if len(first) < MIN_PAIRS or len(targets) != n:
        raise ValueError(
            f"{n} pictures and {len(targets)} texts of {len(first)} products: pairs of {MIN_PAIRS} "
            "products are needed"
        )
    fold_of = np.random.default_rng(0).permutation(len(first)) % FOLDS
    folds = fold_of[of_pair]
    recalls = np.zeros((len(STRENGTHS), 2))
    pool = 0
    for fold in range(FOLDS):
        inside, outside = folds != fold, first[fold_of == fold][:POOL]
        maps = _ridges(features[inside], targets[inside], STRENGTHS)
        recalls += [_recalls(each(features[outside]), targets[outside]) for each in maps]
        pool = max(pool, len(outside))
    best = int(recalls.sum(axis=1).argmax())
    found, finding = (recalls[best] / FOLDS).round(4).tolist()
    [chosen] = _ridges(features, targets, STRENGTHS[best : best + 1])
    metrics = {
        "pairs": n,
        "products": len(first),
        "strength": float(STRENGTHS[best]),
        "pool": pool,
        f"R@{DEPTH}": found,
        f"R@{DEPTH} of pictures": finding,
    }
    return Alignment(chosen.mean, chosen.scale, chosen.weights, chosen.bias, metrics)


def _products(products: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The product of each pair as a number from 0, and the first pair of each."""
    _keys, first, of_pair = np.unique(products, return_index=True, return_inverse=True)
    order = np.argsort(first)  # as they come, so that keys decide on no fold
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return number[of_pair], first[order]


def _ridges(features: Vectors, targets: Vectors, strengths: tuple[float, ...]) -> list[Alignment]:
    """One map per strength, from one decomposition of the smaller of x xᵀ and xᵀ x.

    Features are divided by the square root of their deviation (Pareto scaling, van den Berg et al.
    2006): R@10 .866 on held-out fashion photos, against .860 if divided by the deviation itself,
    which blows up colours that hardly occur.
    """
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    scale = np.sqrt(np.where(deviation > 0, deviation, 1)).astype(np.float32)
    bias = targets.mean(axis=0)
    x, y = (features - mean) / scale, targets - bias
    n, f = x.shape
    unit = max(float((x.astype(np.float64) ** 2).sum()) / f, 1e-12)
    values, vectors = np.linalg.eigh(x @ x.T if n < f else x.T @ x)
    values = np.maximum(values, 0)
    rotated = vectors.T @ (y if n < f else x.T @ y)
    left = x.T @ vectors if n < f else vectors
    return [
        Alignment(
            mean.astype(np.float32),
            scale,
            (left @ (rotated / (values + strength * unit)[:, None])).astype(np.float32),
            bias.astype(np.float32),
        )
        for strength in strengths
    ]


def _recalls(pictures: Vectors, texts: Vectors) -> tuple[float, float]:
    """How often a text finds its own picture among the first `DEPTH`, and a picture its text."""
    cosines = texts @ pictures.T
    own = np.diagonal(cosines)
    # Others that are as near come first: a map that gives every picture the same vector is no map.
    ahead = (cosines >= own[:, None]).sum(axis=1) - 1, (cosines >= own).sum(axis=0) - 1
    by_text, by_picture = (float((ranks < DEPTH).mean()) for ranks in ahead)
    return by_text, by_picture
