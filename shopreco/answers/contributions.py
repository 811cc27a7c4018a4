"""Contributions: what text, pictures, video, graph and words add to the score of an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from shopreco.answers.results import Result
from shopreco.fusion import contributions
from shopreco.models import EmbeddingSpace
from shopreco.spaces import vectors


def explained(
    space: EmbeddingSpace, query: NDArray[np.float32], results: Sequence[Result]
) -> tuple[Result, ...]:
    """Add `contributions` to results: `parts`, with the cosine taken apart by modality.

    query: the query vector, (d,).
    """
    taken_apart = shares(space, query, [result.item_id for result in results])
    return tuple(
        replace(result, contributions=_taken_apart(result, each))
        for result, each in zip(results, taken_apart, strict=True)
    )


def shares(
    space: EmbeddingSpace, query: NDArray[np.float32], item_ids: Sequence[int]
) -> list[dict[str, float]]:
    """What each modality of each item adds to its cosine with a vector, (d,)."""
    matrices = vectors.aligned_vectors(space, item_ids)
    added = contributions(query, matrices, space.weights)
    return [{m: float(each[n]) for m, each in added.items()} for n in range(len(item_ids))]


def _taken_apart(result: Result, shares: dict[str, float]) -> dict[str, float]:
    cosine, dense = sum(shares.values()), result.parts.get("dense")
    others = {name: part for name, part in result.parts.items() if name != "dense"}
    if not dense or not cosine:
        return others
    return {m: round(share * dense / cosine, 6) for m, share in shares.items()} | others
