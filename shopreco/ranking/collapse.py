"""Collapse: the variants of a product take one place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["collapse_groups"]


def collapse_groups(groups: NDArray[Any]) -> NDArray[np.intp]:
    """Positions of the first item of each group, in order.

    groups: (n,) the group of each item, the best item first.
    """
    _, first = np.unique(groups, return_index=True)
    return np.sort(first).astype(np.intp, copy=False)
