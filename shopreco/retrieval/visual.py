"""Visual similarity: pictures that look alike.

An index over the image encoder's vectors finds them as they are; then they are ranked by form,
colour and what they show.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shopreco.db.statements import Statement, hnsw_settings, read_cursor
from shopreco.models import EmbeddingSpace, ModalityVector
from shopreco.queries.conditions import Filters
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, Retriever, nothing
from shopreco.retrieval.dense import literal
from shopreco.spaces import vectors

OVERSAMPLING = 2
"""Pictures to rank for each that is wanted: of 3,000, 100 hold nearly all of the best ten."""


class VisualRetriever(Retriever):
    """Nearest by picture alone: same cut, same colour, whatever the products are called."""

    name = "visual"
    columns = ("looks",)

    def retrieve(self, context: Context, k: int) -> Candidates:
        """Like the picture of a photo, else like that of the seed."""
        picture = context.picture
        if picture is None and context.seed is not None:
            picture = picture_of(context.space, context.seed)
        if picture is None:
            return nothing("looks")
        return nearest(context.space, picture, context.filters, k)


RETRIEVERS.register("visual", VisualRetriever())


def picture_of(space: EmbeddingSpace, item_id: int) -> NDArray[np.float32] | None:
    """The picture of an item, (f,) float32, L2-normalised; None if it has none in this space."""
    encoder = space.encoders.get("image")
    found = ModalityVector.objects.filter(
        item_id=item_id, modality="image", encoder=encoder, vector__isnull=False
    ).first()
    return None if found is None else np.asarray(found.vector, dtype=np.float32)


def nearest(
    space: EmbeddingSpace, vector: NDArray[np.float32], filters: Filters, k: int
) -> Candidates:
    """The k items of the space's catalogue whose pictures look most like one, the best first.

    vector: (f,) float32, as the image encoder gives it.
    """
    near, params = statement(space, vector, filters, OVERSAMPLING * k)
    sql = f"""
        SELECT n.item_id, i.group_id, m.vector::real[]
        FROM ({near}) AS n JOIN shopreco_item i ON i.id = n.item_id
        JOIN shopreco_modalityvector m ON m.item_id = n.item_id
            AND m.modality = 'image' AND m.encoder = '{space.encoders["image"]}'
        ORDER BY n.item_id
    """
    with read_cursor() as cursor:
        cursor.execute(sql, params)
        rows = cursor.fetchall()
    if not rows:
        return nothing("looks")
    pictures = np.array([vector, *(row[2] for row in rows)], dtype=np.float32)
    seed, *looks = vectors.visual_vectors(space, pictures)
    scores = np.array(looks) @ seed
    best = np.argsort(-scores, kind="stable")[:k]
    found = [(rows[n][0], rows[n][1], float(scores[n])) for n in best]
    return Candidates.from_rows(found, "looks", complete=len(found) < k)


def statement(
    space: EmbeddingSpace, vector: NDArray[np.float32], filters: Filters, k: int
) -> Statement:
    """The SQL that finds. Cast, modality and encoder stand in the text, as in the partial index."""
    where = filters.where()
    cast = f"halfvec({len(vector):d})"
    sql = f"""
        WITH query AS MATERIALIZED (SELECT %s::{cast} AS vector, {hnsw_settings(k)})
        SELECT m.item_id, m.vector::{cast} <#> (SELECT vector FROM query) AS distance
        FROM shopreco_modalityvector m JOIN shopreco_item i ON i.id = m.item_id
        WHERE m.modality = 'image' AND m.encoder = '{space.encoders["image"]}'
          AND m.vector IS NOT NULL AND i.catalogue = %s AND {where.sql}
        ORDER BY distance LIMIT {k:d}
    """
    return Statement(sql, (literal(vector), space.catalogue, *where.params))
