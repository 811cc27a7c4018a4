"""From candidates to an order: fusion of scores, groups, diversity, cut. numpy only."""

from shopreco.ranking.collapse import collapse_groups
from shopreco.ranking.cutoff import relative_cutoff
from shopreco.ranking.diversity import cap_per_key, maximal_marginal_relevance
from shopreco.ranking.score_fusion import (
    ConvexSum,
    Fused,
    ReciprocalRank,
    ScoreFusion,
    create_fusion,
)

__all__ = [
    "ConvexSum",
    "Fused",
    "ReciprocalRank",
    "ScoreFusion",
    "cap_per_key",
    "collapse_groups",
    "create_fusion",
    "maximal_marginal_relevance",
    "relative_cutoff",
]
