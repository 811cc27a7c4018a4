"""What to show beside an item: its like, its look-alikes, what belongs to it; one per product."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from django.db import connections, models, router

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.models import Edge, EmbeddingSpace, Item
from shopreco.process_cache import shared_key
from shopreco.ranking import best_of_each_group, cap_per_key, maximal_marginal_relevance
from shopreco.retrieval import dense, linked, looks
from shopreco.retrieval.facets import first_values
from shopreco.retrieval.filters import parse_filters
from shopreco.retrieval.linked import Intent
from shopreco.retrieval.matches import NO_HITS, Hits
from shopreco.retrieval.rankings import Ranking
from shopreco.shared_cache import shared_cache

CANDIDATES = 100
"""Neighbours that a block chooses from: room for what is not live, variants, and diversity."""
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

Retriever = Callable[[EmbeddingSpace, Catalogue, int], Ranking]
"""Items to recommend beside one that is given by its id, the best first."""


def by_meaning(space: EmbeddingSpace, shop: Catalogue, item_id: int) -> Ranking:
    """Nearest by the whole vector: what the products are, in words, pictures and links."""
    return Ranking.of("dense", _near(space, shop, item_id))


def by_looks(space: EmbeddingSpace, shop: Catalogue, item_id: int) -> Ranking:
    """Nearest by picture alone: same cut, same colour, whatever they are called."""
    vector = looks.vector_of(space, item_id)
    if vector is None:
        return Ranking.of("looks", NO_HITS)
    filters = parse_filters(shop, {"available": True})
    return Ranking.of("looks", looks.nearest(space, vector, filters, CANDIDATES))


def by_links(intent: Intent) -> Retriever:
    """What the graph's paths lead to; of equally sure ones the likest first."""

    def retrieve(space: EmbeddingSpace, shop: Catalogue, item_id: int) -> Ranking:
        return _fused(space, item_id, linked.ends(item_id, intent, CANDIDATES))

    return retrieve


def in_its_place(space: EmbeddingSpace, shop: Catalogue, item_id: int) -> Ranking:
    """What links say can replace it; where they say nothing, the likest of its category."""
    known = linked.ends(item_id, Intent.SUBSTITUTE, CANDIDATES)
    if len(known):
        return _fused(space, item_id, known)
    near = _near(space, shop, item_id)
    with connections[router.db_for_read(Edge)].cursor() as cursor:
        cursor.execute(SAME_CATEGORY, [item_id, near.item_ids.tolist()])
        alike = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
    return Ranking.of("dense", near.take(np.isin(near.item_ids, alike)))


RETRIEVERS: Mapping[Intent, Retriever] = {
    Intent.SIMILAR: by_meaning,
    Intent.LOOKING_SIMILAR: by_looks,
    Intent.COMPLEMENTARY: by_links(Intent.COMPLEMENTARY),
    Intent.SUBSTITUTE: in_its_place,
    Intent.ACCESSORY: by_links(Intent.ACCESSORY),
}


def _near(space: EmbeddingSpace, shop: Catalogue, item_id: int) -> Hits:
    vector = dense.vectors_of(space, [item_id]).get(item_id)
    if vector is None:
        return NO_HITS
    return dense.nearest(space, vector, parse_filters(shop, {"available": True}), CANDIDATES)


def _fused(space: EmbeddingSpace, item_id: int, found: Hits) -> Ranking:
    """A convex sum of how sure the links are and how alike the products are, the best first."""
    vectors = dense.vectors_of(space, [item_id, *found.item_ids.tolist()])
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


def neighbours(
    space: EmbeddingSpace, shop: Catalogue, seed: models.Model, intent: Intent
) -> Ranking:
    """What an intent finds beside the seed, each group once; kept for a while, since only who sees
    it is live."""
    item = (
        Item.objects.indexed()
        .filter(catalogue=shop.name, object_id=str(seed.pk))
        .values_list("id", "group_id")
        .first()
    )
    if item is None:
        return Ranking.of("", NO_HITS)
    item_id, group_id = item
    key = shared_key(intent, space.pk, item_id)
    kept = shared_cache().get(key)
    if kept is None:
        kept = RETRIEVERS[intent](space, shop, item_id).as_plain()
        shared_cache().set(key, kept, get_settings().BLOCK_CACHE_SECONDS)
    ranking = Ranking.from_plain(kept)
    ranking = ranking.take((ranking.item_ids != item_id) & (ranking.group_ids != group_id))
    return ranking.take(best_of_each_group(ranking.group_ids))


def diversified(
    space: EmbeddingSpace,
    ranking: Ranking,
    limit: int,
    diversity: float,
    max_per: Mapping[str, int],
) -> Ranking:
    if diversity and len(ranking.item_ids):
        stored = dense.vectors_of(space, ranking.item_ids.tolist())
        ranking = ranking.take(np.array([i in stored for i in ranking.item_ids.tolist()]))
        vectors = np.stack([stored[i] for i in ranking.item_ids.tolist()])
        order = maximal_marginal_relevance(
            ranking.scores, vectors, len(ranking.item_ids), diversity
        )
        ranking = ranking.take(order)
    if max_per and len(ranking.item_ids):
        ids = ranking.item_ids.tolist()
        for name, cap in max_per.items():
            values = first_values(ids, name)
            keys = [values.get(i, f"none:{i}") for i in ranking.item_ids.tolist()]
            ranking = ranking.take(cap_per_key(keys, cap))
    return ranking
