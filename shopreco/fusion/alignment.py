"""The map from an image network's space to the text's, by ridge regression on a shop's own pairs.

Hoerl and Kennard 1970. In closed form: a second for thousands of pairs, the same on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

__all__ = ["MIN_PAIRS", "VERSION", "Alignment", "fit"]

MIN_PAIRS = 100
"""With fewer, held-out pictures find their texts hardly more often than by chance."""
VERSION = "1"
"""Raised when the same pairs give another map."""
FOLDS = 5
STRENGTHS = tuple(10.0**power for power in np.arange(1.0, 5.01, 0.5))
DEPTH = 10
POOL = 600
"""Pairs among which a held-out picture has to find its text."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Alignment:
    """An affine map, then length 1.

    mean, scale: (f,), of the features that it was fitted on. weights: (f, d). bias: (d,).
    metrics: `pairs`, `strength`, and `R@10` of held-out pictures among `pool` texts.
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


def fit(features: Vectors, targets: Vectors) -> Alignment:
    """The map that brings pictures nearest to their texts.

    features: (n, f) vectors of pictures. targets: (n, d) vectors of their texts, of length 1.
    The strength of the ridge is chosen by cross-validation over R@10.
    Raises `ValueError` for fewer than `MIN_PAIRS` pairs.
    """
    n = len(features)
    if n < MIN_PAIRS or len(targets) != n:
        raise ValueError(f"{n} pictures and {len(targets)} texts: {MIN_PAIRS} pairs are needed")
    folds = np.random.default_rng(0).permutation(n) % FOLDS
    recalls = np.zeros(len(STRENGTHS))
    pool = 0
    for fold in range(FOLDS):
        inside, outside = folds != fold, np.flatnonzero(folds == fold)[:POOL]
        maps = _ridges(features[inside], targets[inside], STRENGTHS)
        recalls += [_recall(each(features[outside]), targets[outside]) for each in maps]
        pool = max(pool, len(outside))
    best = int(recalls.argmax())
    [chosen] = _ridges(features, targets, STRENGTHS[best : best + 1])
    metrics = {
        "pairs": n,
        "strength": float(STRENGTHS[best]),
        "pool": pool,
        f"R@{DEPTH}": round(float(recalls[best] / FOLDS), 4),
    }
    return Alignment(chosen.mean, chosen.scale, chosen.weights, chosen.bias, metrics)


def _ridges(features: Vectors, targets: Vectors, strengths: tuple[float, ...]) -> list[Alignment]:
    """One map per strength, from one decomposition of the kernel of standardised features."""
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 0, scale, np.float32(1))
    bias = targets.mean(axis=0)
    x = (features - mean) / scale
    values, vectors = np.linalg.eigh((x @ x.T).astype(np.float64))
    rotated = vectors.T @ (targets - bias)
    return [
        Alignment(
            mean.astype(np.float32),
            scale.astype(np.float32),
            (x.T @ (vectors @ (rotated / (np.maximum(values, 0) + s)[:, None]))).astype(np.float32),
            bias.astype(np.float32),
        )
        for s in strengths
    ]


def _recall(pictures: Vectors, texts: Vectors) -> float:
    """How often a text finds its own picture among the first `DEPTH`."""
    cosines = texts @ pictures.T
    ranks = (cosines > np.diagonal(cosines)[:, None]).sum(axis=1)
    return float((ranks < DEPTH).mean())
