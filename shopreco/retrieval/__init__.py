"""Retrievers: they find items by words, meaning, pictures, links and numbers.

Their modules are imported here, so that all are registered wherever one is imported.
"""

from shopreco.retrieval import dense, history, hybrid, lexical, links, newest, photos, visual

__all__ = ["dense", "history", "hybrid", "lexical", "links", "newest", "photos", "visual"]
