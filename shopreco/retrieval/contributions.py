"""Why an item has its score: what its text, pictures, video and graph, and the words, added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from shopreco.fusion import contributions
from shopreco.indexing import fusing
from shopreco.models import EmbeddingSpace
from shopreco.retrieval.results import Result


def explained(
    space: EmbeddingSpace, query: NDArray[np.float32], results: Sequence[Result]
) -> tuple[Result, ...]:
    """The results with `contributions`: `parts` with the cosine taken apart, formula (7).

    query: (d,), what the dense part compared the items with.
    """
    item_ids = [result.item_id for result in results]
    matrices = fusing.modality_vectors(space, item_ids)
    shares = contributions(query, matrices, space.weights)
    return tuple(
        replace(result, contributions=_taken_apart(result, {m: s[n] for m, s in shares.items()}))
        for n, result in enumerate(results)
    )


def _taken_apart(result: Result, shares: dict[str, float]) -> dict[str, float]:
    cosine, dense = sum(shares.values()), result.parts.get("dense")
    others = {name: part for name, part in result.parts.items() if name != "dense"}
    if not dense or not cosine:
        return others
    return {m: round(float(share * dense / cosine), 6) for m, share in shares.items()} | others
