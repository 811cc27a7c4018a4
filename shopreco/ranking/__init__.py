"""From candidates to an order: fusion of scores, groups, diversity, cut. numpy only."""

from shopreco.ranking.cutoff import near_best
from shopreco.ranking.diversity import cap_per_key, maximal_marginal_relevance
from shopreco.ranking.fusion import (
    ConvexSum,
    Fused,
    ReciprocalRank,
    ScoreFusion,
    create_fusion,
)
from shopreco.ranking.grouping import best_of_each_group

__all__ = [
    "ConvexSum",
    "Fused",
    "ReciprocalRank",
    "ScoreFusion",
    "best_of_each_group",
    "cap_per_key",
    "create_fusion",
    "maximal_marginal_relevance",
    "near_best",
]
