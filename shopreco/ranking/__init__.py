"""From candidates to an order: rankers, collapse, diversity, cutoff. numpy only."""

from shopreco.ranking.base import Columns, Ranked, Ranker
from shopreco.ranking.collapse import collapse_groups
from shopreco.ranking.convex_sum import ConvexSum
from shopreco.ranking.cutoff import relative_cutoff
from shopreco.ranking.diversity import cap_per_key, maximal_marginal_relevance
from shopreco.ranking.factory import create_ranker
from shopreco.ranking.reciprocal_rank import ReciprocalRank
from shopreco.ranking.weighted import WeightedMean, WeightedSum

__all__ = [
    "Columns",
    "ConvexSum",
    "Ranked",
    "Ranker",
    "ReciprocalRank",
    "WeightedMean",
    "WeightedSum",
    "cap_per_key",
    "collapse_groups",
    "create_ranker",
    "maximal_marginal_relevance",
    "relative_cutoff",
]
