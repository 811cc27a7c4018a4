"""Co-visitation: what followed what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopreco.learning.recommender import Recommender, Scores, TrainingData
from shopreco.learning.sequences import Sequences, recency_matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

RECENCY = 0.7
"""What an item of the history counts, as a share of the one after it."""
LAST = 20
"""Events of a history that count."""
WINDOW = 10
"""Steps that an item may come after another to count as its successor."""
DECAY = 0.8
"""What a successor counts, as a share of one that came a step earlier."""
STRENGTH = 20.0
"""Makes the logarithm of a single successor about as large as that of a frequent one."""


class CovisitationRecommender(Recommender):
    """log(1 + 20 Σ what followed the last items): directed, within a window, the nearer the more.

    Divided by the square root of how often the item before it occurs.
    """

    name = "covisitation"

    def fit(self, data: TrainingData) -> None:
        self._followed = followed(data.train, data.items)

    def scores(self, histories: Sequences) -> Scores:
        recent = recency_matrix(histories, self._followed.shape[0], RECENCY, LAST)
        scores: Scores = np.log1p(STRENGTH * (recent @ self._followed).toarray())
        return scores


def followed(train: Sequences, items: int) -> csr_matrix:
    """How much the second item follows the first, sparse (items, items)."""
    from scipy.sparse import csr_matrix, diags

    starts = train.step_starts
    sizes = np.diff(np.append(starts, len(train.items)))
    visitors = train.visitors[starts]
    steps = csr_matrix(
        (
            np.ones(len(train.items), dtype=np.float32),
            (np.repeat(np.arange(len(starts)), sizes), train.items),
        ),
        shape=(len(starts), items),
    )
    total = csr_matrix((items, items), dtype=np.float32)
    for distance in range(1, min(WINDOW, len(starts) - 1) + 1):
        same = np.flatnonzero(visitors[:-distance] == visitors[distance:])
        total = total + DECAY ** (distance - 1) * (steps[same].T @ steps[same + distance])
    counts = np.maximum(np.bincount(train.items, minlength=items), 1)
    return (diags(1 / np.sqrt(counts).astype(np.float32)) @ total).tocsr()
