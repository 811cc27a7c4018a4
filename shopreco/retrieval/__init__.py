"""Retrievers: what finds items, by words, meaning, pictures, links and numbers.

Their modules are imported here, so that each is registered wherever one is.
"""

from shopreco.retrieval import dense, hybrid, lexical, links, photos, visual

__all__ = ["dense", "hybrid", "lexical", "links", "photos", "visual"]
