"""Retrievers and what they answer with."""

from shopreco.retrieval.facets import FacetCounts, FacetValue, PriceRange
from shopreco.retrieval.results import Result, ResultPage, Suggestion

__all__ = ["FacetCounts", "FacetValue", "PriceRange", "Result", "ResultPage", "Suggestion"]
