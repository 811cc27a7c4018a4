"""Formulas (4) to (7): the modality vectors of an item become one, and come apart again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]

TEXT, IMAGE, VIDEO, GRAPH = MODALITIES = ("text", "image", "video", "graph")

WEIGHT_OF: Mapping[str, str] = {TEXT: "TEXT", IMAGE: "IMAGE", VIDEO: "VIDEO", GRAPH: "BETA"}
"""Key of the setting `MODALITY_WEIGHTS` by modality."""


def modality_weights(
    *, text: float, image: float, video: float, alpha: float, beta: float
) -> dict[str, float]:
    """Weight of each modality in p_final: α λ_t, α λ_i, α λ_v and β."""
    return {TEXT: alpha * text, IMAGE: alpha * image, VIDEO: alpha * video, GRAPH: beta}


def fuse(vectors: Mapping[str, Vectors], weights: Mapping[str, float]) -> Vectors:
    """p_final = α (λ_t E(T) + λ_i E(I) + λ_v E(V)) + β E(K), of length 1; (n, d).

    vectors: by modality, (n, d) each, L2-normalised; a row of NaN says that the item lacks the
    modality, and the weights of those that it has share what is left. An item without any has a
    row of NaN.
    """
    total, _present = _weighted(vectors, weights)
    with np.errstate(invalid="ignore"):
        fused: Vectors = total / np.linalg.norm(total, axis=1, keepdims=True)
    return fused


def contributions(
    query: Vectors, vectors: Mapping[str, Vectors], weights: Mapping[str, float]
) -> dict[str, NDArray[np.float32]]:
    """What each modality adds to q · p_final, exactly, since (7) is linear; (n,) by modality.

    They sum to the cosine of query, (d,), and fused vector. A modality that an item lacks adds 0.
    """
    total, present = _weighted(vectors, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = 1 / np.linalg.norm(total, axis=1)
        return {
            modality: np.where(present[modality], weights[modality] * (each @ query) * scale, 0)
            for modality, each in vectors.items()
            if modality in present
        }


def _weighted(
    vectors: Mapping[str, Vectors], weights: Mapping[str, float]
) -> tuple[Vectors, dict[str, NDArray[np.bool_]]]:
    """The weighted sum, (n, d), and which items have a modality, (n,) by modality."""
    present = {
        modality: ~np.isnan(each[:, 0])
        for modality, each in vectors.items()
        if weights.get(modality)
    }
    if not present:
        raise ValueError(f"none of {sorted(vectors)} has a weight in {dict(weights)}")
    total = np.zeros_like(next(iter(vectors.values())), dtype=np.float32)
    for modality, here in present.items():
        total += np.where(here[:, None], weights[modality] * vectors[modality], 0)
    total[~np.any(list(present.values()), axis=0)] = np.nan
    return total, present
