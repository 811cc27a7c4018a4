"""Items beside an item: by meaning, by picture, by the links of the knowledge graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from django.db import connections

from shopreco.db.routing import read_alias
from shopreco.models import EmbeddingSpace
from shopreco.queries.conditions import Filters
from shopreco.retrieval import dense, links, visual
from shopreco.retrieval.candidates import NO_HITS, Hits, Ranking
from shopreco.retrieval.links import Purpose

GRAPH_SHARE = 0.7
"""Of the score where links and likeness are fused; the rest is the cosine."""
SAME_CATEGORY = """
    SELECT DISTINCT other.item_id FROM shopreco_node me
    JOIN shopreco_edge mine ON mine.source_id = me.id AND mine.state <> 'rejected'
    JOIN shopreco_relationtype r ON r.id = mine.relation_id AND r.code = 'in_category'
    JOIN shopreco_edge theirs ON theirs.relation_id = r.id AND theirs.target_id = mine.target_id
        AND theirs.state <> 'rejected'
    JOIN shopreco_node other ON other.id = theirs.source_id
    WHERE me.item_id = %s AND other.item_id = ANY(%s)
"""


class Neighbours(NamedTuple):
    """Items to recommend beside one, the best first; `more` where asking for more may give more."""

    ranking: Ranking
    more: bool


Retriever = Callable[[EmbeddingSpace, int, Filters, int], Neighbours]
"""Up to k items that pass filters to recommend beside one that is given by its id."""


def by_meaning(space: EmbeddingSpace, item_id: int, filters: Filters, k: int) -> Neighbours:
    """Nearest by the whole vector: what the products are, in words, pictures and links."""
    near = _near(space, item_id, filters, k)
    return Neighbours(Ranking.of("dense", near), len(near) >= k)


def by_looks(space: EmbeddingSpace, item_id: int, filters: Filters, k: int) -> Neighbours:
    """Nearest by picture alone: same cut, same colour, whatever they are called."""
    vector = visual.vector_of(space, item_id)
    near = NO_HITS if vector is None else visual.nearest(space, vector, filters, k)
    return Neighbours(Ranking.of("looks", near), len(near) >= k)


def by_links(intent: Purpose) -> Retriever:
    """What the graph's paths lead to; of equally sure ones the likest first."""

    def retrieve(space: EmbeddingSpace, item_id: int, filters: Filters, k: int) -> Neighbours:
        found = links.ends(item_id, intent, filters, k)
        return Neighbours(_fused(space, item_id, found), len(found) >= k)

    return retrieve


def in_its_place(space: EmbeddingSpace, item_id: int, filters: Filters, k: int) -> Neighbours:
    """What links say can replace it; where they say nothing, the likest of its category."""
    known = links.ends(item_id, Purpose.SUBSTITUTE, filters, k)
    if len(known):
        return Neighbours(_fused(space, item_id, known), len(known) >= k)
    near = _near(space, item_id, filters, k)
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(SAME_CATEGORY, [item_id, near.item_ids.tolist()])
        alike = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
    ranking = Ranking.of("dense", near.take(np.isin(near.item_ids, alike)))
    return Neighbours(ranking, len(near) >= k)


RETRIEVERS: Mapping[Purpose, Retriever] = {
    Purpose.SIMILAR: by_meaning,
    Purpose.LOOKING_SIMILAR: by_looks,
    Purpose.COMPLEMENTARY: by_links(Purpose.COMPLEMENTARY),
    Purpose.SUBSTITUTE: in_its_place,
    Purpose.ACCESSORY: by_links(Purpose.ACCESSORY),
}


def _near(space: EmbeddingSpace, item_id: int, filters: Filters, k: int) -> Hits:
    vector = dense.embeddings_of(space, [item_id]).get(item_id)
    return NO_HITS if vector is None else dense.nearest(space, vector, filters, k)


def _fused(space: EmbeddingSpace, item_id: int, found: Hits) -> Ranking:
    """A convex sum of how sure the links are and how alike the products are, the best first."""
    vectors = dense.embeddings_of(space, [item_id, *found.item_ids.tolist()])
    seed = vectors.get(item_id)
    cosines = [
        0.0 if seed is None or i not in vectors else max(0.0, float(seed @ vectors[i]))
        for i in found.item_ids.tolist()
    ]
    parts = {
        "graph": GRAPH_SHARE * found.scores.astype(float),
        "dense": (1 - GRAPH_SHARE) * np.array(cosines),
    }
    ranking = Ranking.of("graph", found, parts)
    return ranking.take(np.lexsort((ranking.item_ids, -ranking.scores)))
