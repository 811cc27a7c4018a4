"""A convex sum of normalised scores: the ranker that needs no training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from shopreco.ranking.base import Columns, Ranked, known, summed

__all__ = ["ConvexSum"]

EXPECTED_LEXICAL = 0.6
"""Lexical score that stands for missing words, as a share of the cosine. Of
3,000 photographed products, 615 without text: .5 finds 34 % of these among the first ten for
their titles, .6 48 %, .8 73 %, but .8 puts some before products whose title was asked for."""


class ConvexSum:
    """(1 - m) ((1 - a) cosine + a lexical) + m mentions: a is `lexical_weight`, m `mention_weight`.

    All parts have a scale of their own that no other candidate can move: so the score of an item
    depends neither on filters nor on the page. An item that has no words is judged by its cosine
    alone: `EXPECTED_LEXICAL` of it stands for what words would score. Any other missing score
    counts 0: unrelated, nothing of what is mentioned. See Bruch, Gai and Ingber, "An analysis of
    fusion functions for hybrid retrieval" (2023).

    further_weights: weights of the columns of further retrievers, each 0 to 1, at most 1 together;
    the sum above has the rest.
    """

    def __init__(
        self,
        lexical_weight: float = 0.7,
        mention_weight: float = 0.03,
        further_weights: Mapping[str, float] | None = None,
    ) -> None:
        further = dict(further_weights or {})
        for name, weight in (
            ("lexical_weight", lexical_weight),
            ("mention_weight", mention_weight),
            *further.items(),
            ("the sum of further_weights", sum(further.values())),
        ):
            if not 0 <= weight <= 1:
                raise ValueError(f"{name} is {weight}; it must be from 0 to 1.")
        self.lexical_weight = lexical_weight
        self.mention_weight = mention_weight
        self.further_weights = further

    def rank(self, columns: Columns, features: Columns | None = None) -> Ranked:
        dense, lexical, mentions = (columns[name] for name in ("dense", "lexical", "mentions"))
        rest = 1 - self.mention_weight
        expected = np.where(np.isnan(lexical), EXPECTED_LEXICAL, 0.0)
        share = 1 - self.lexical_weight + self.lexical_weight * expected
        parts = {
            "dense": rest * share * known(dense),
            "lexical": rest * self.lexical_weight * known(lexical),
            "mentions": self.mention_weight * known(mentions),
        }
        further = {n: w for n, w in self.further_weights.items() if n in columns}
        if further:
            own = 1 - sum(further.values())
            parts = {name: own * part for name, part in parts.items()}
            parts |= {name: weight * known(columns[name]) for name, weight in further.items()}
        return summed(parts)
