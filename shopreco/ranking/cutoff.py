"""Where a ranking ends: the tail of a search by meaning is never empty, but rubbish."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["relative_cutoff"]


def relative_cutoff(scores: NDArray[np.floating[Any]], share: float) -> NDArray[np.bool_]:
    """Which of `scores` (n,), cosines say, reach `share` of the greatest; NaN never does.

    Relative, because encoders and queries differ in how high their cosines are: a query of one
    word has lower ones than a whole title. Where nothing is similar (no score above 0) nothing
    remains.
    """
    values = np.asarray(scores, dtype=np.float64)
    found = values[~np.isnan(values)]
    if not len(found) or found.max() <= 0:
        return np.zeros(len(values), dtype=bool)
    # A comparison with NaN is False.
    kept: NDArray[np.bool_] = values >= share * found.max()
    return kept
