"""The ranker that a setting describes."""

from __future__ import annotations

from collections.abc import Mapping

from shopreco.factories import create
from shopreco.ranking.base import Ranker

__all__ = ["create_ranker"]

DEFAULT_CLASS = "shopreco.ranking.ConvexSum"


def create_ranker(config: Mapping[str, object]) -> Ranker:
    """Create the ranker that a setting describes: `{"LEXICAL_WEIGHT": 0.6}`.

    Without `CLASS` it is `ConvexSum`. See `shopreco.factories.create`.
    Raises `ConfigurationError`.
    """
    return create({"CLASS": DEFAULT_CLASS, **config}, Ranker, "RANKER")  # type: ignore[type-abstract]  # a bound, not created
