"""Visual similarity: items whose pictures look alike.

An index over the vectors of the image encoder finds candidates. They are then ranked by form,
colour and content.
"""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_lazy as _

from shopreco.models import EmbeddingSpace
from shopreco.queries.conditions import Filters
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, Retriever, Vector, nothing
from shopreco.spaces import vectors
from shopreco.spaces.stores import pictures

OVERSAMPLING = 2
"""Pictures to rank for each result: of 3,000 pictures, 100 hold nearly all of the best ten."""


class VisualRetriever(Retriever):
    """Finds the nearest pictures: same cut, same colour, whatever the products are called."""

    name = "visual"
    columns = ("looks",)
    label = _("looks like it")

    def retrieve(self, context: Context, k: int) -> Candidates:
        """Find items whose pictures look like the photo, else like the picture of the seed."""
        picture = context.picture
        if picture is None and context.seed is not None:
            picture = pictures.picture_of(context.space, context.seed)
        if picture is None:
            return nothing("looks")
        return nearest(context.space, picture, context.filters, k)


RETRIEVERS.register("visual", VisualRetriever())


def nearest(space: EmbeddingSpace, vector: Vector, filters: Filters, k: int) -> Candidates:
    """The k items of the space's catalogue whose pictures look most like one, the best first.

    vector: (f,) float32, as the image encoder gives it.
    """
    near = pictures.nearest(space, vector, OVERSAMPLING * k, filters.where())
    if not near:
        return nothing("looks")
    both = np.array([vector, *(picture for _item, _group, picture in near)], dtype=np.float32)
    seed, *looks = vectors.visual_vectors(space, both)
    scores = np.array(looks) @ seed
    best = np.argsort(-scores, kind="stable")[:k]
    found = [(near[n][0], near[n][1], float(scores[n])) for n in best]
    return Candidates.from_rows(found, "looks", complete=len(found) < k)
