"""Dense retrieval: nearest neighbours by inner product of unit vectors."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from shopreco.models import EmbeddingSpace
from shopreco.queries.conditions import Filters
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, Retriever, Vector, nothing
from shopreco.spaces.stores import vector_store

NEIGHBOURS = 64
"""Nearest items in a match set."""


class DenseRetriever(Retriever):
    """Finds the nearest embeddings: items alike in words, pictures and links."""

    name = "dense"
    columns = ("dense",)
    label = _("is like it")

    def retrieve(self, context: Context, k: int) -> Candidates:
        """Find items near the query vector, else near the embedding of the seed."""
        space, vector = context.space, context.vector
        if vector is None and context.seed is not None:
            vector = vector_store(space).vectors(space, [context.seed]).get(context.seed)
        if vector is None:
            return nothing("dense")
        return nearest(space, vector, context.filters, k)


RETRIEVERS.register("dense", DenseRetriever())


def nearest(
    space: EmbeddingSpace, vector: Vector, filters: Filters, k: int = NEIGHBOURS
) -> Candidates:
    """The k items nearest to a vector, (d,) of length 1, the best first."""
    hits = vector_store(space).nearest(space, vector, k, filters.where())
    scores = {"dense": hits.scores}
    return Candidates(hits.item_ids, hits.group_ids, scores, "dense", complete=len(hits) < k)
