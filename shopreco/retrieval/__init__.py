"""Retrievers: they find items by words, meaning, pictures, links, numbers and what people do.

Their modules are imported here, so that all are registered wherever one is imported.
"""

from shopreco.retrieval import (
    dense,
    hybrid,
    lexical,
    links,
    photos,
    popular,
    relations,
    visual,
)

__all__ = [
    "dense",
    "hybrid",
    "lexical",
    "links",
    "photos",
    "popular",
    "relations",
    "visual",
]
