"""Cutoff of a ranking: the tail of a dense retrieval is never empty, but rubbish."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["relative_cutoff"]


def relative_cutoff(scores: NDArray[np.floating[Any]], share: float) -> NDArray[np.bool_]:
    """Whether each of `scores`, (n,), such as cosines, reaches `share` of the best; NaN never does.

    It is relative because the height of cosines differs by encoder and query: a query of one word
    has lower ones than a whole title. If no score is above 0, nothing remains.
    """
    values = np.asarray(scores, dtype=np.float64)
    found = values[~np.isnan(values)]
    if not len(found) or found.max() <= 0:
        return np.zeros(len(values), dtype=bool)
    # A comparison with NaN is False.
    kept: NDArray[np.bool_] = values >= share * found.max()
    return kept
