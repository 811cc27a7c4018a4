"""Retrievers and what they answer with."""

from shopreco.retrieval.facets import FacetCounts, FacetValue, PriceRange
from shopreco.retrieval.results import Reason, Result, ResultPage, Suggestion

__all__ = [
    "FacetCounts",
    "FacetValue",
    "PriceRange",
    "Reason",
    "Result",
    "ResultPage",
    "Suggestion",
]
