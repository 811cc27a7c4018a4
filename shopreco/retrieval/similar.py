"""Similar items: nearest neighbours of an item, diverse, one per product."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from django.core.cache import caches
from django.db import models

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.models import EmbeddingSpace, Item
from shopreco.ranking import best_of_each_group, cap_per_key, maximal_marginal_relevance
from shopreco.retrieval import dense, looks
from shopreco.retrieval.facets import first_values
from shopreco.retrieval.filters import parse_filters
from shopreco.retrieval.matches import NO_HITS, Hits
from shopreco.retrieval.rankings import Ranking

CANDIDATES = 100
"""Neighbours that a block chooses from: room for what is not live, variants, and diversity."""


Retriever = Callable[[EmbeddingSpace, Catalogue, int], Hits]
"""Items near one that is given by its id, the best first."""


def by_meaning(space: EmbeddingSpace, shop: Catalogue, item_id: int) -> Hits:
    """Nearest by the whole vector: what the products are, in words and pictures."""
    vector = dense.vectors_of(space, [item_id]).get(item_id)
    if vector is None:
        return NO_HITS
    return dense.nearest(space, vector, parse_filters(shop, {"available": True}), CANDIDATES)


def by_looks(space: EmbeddingSpace, shop: Catalogue, item_id: int) -> Hits:
    """Nearest by picture alone: same cut, same colour, whatever they are called."""
    vector = looks.vector_of(space, item_id)
    if vector is None:
        return NO_HITS
    return looks.nearest(space, vector, parse_filters(shop, {"available": True}), CANDIDATES)


RETRIEVERS: Mapping[str, Retriever] = {"dense": by_meaning, "looks": by_looks}
"""By the name that results say they come from."""


def neighbours(space: EmbeddingSpace, shop: Catalogue, seed: models.Model, source: str) -> Ranking:
    """Nearest groups to the seed; kept for a while, since only who sees them is live."""
    item = (
        Item.objects.indexed()
        .filter(catalogue=shop.name, object_id=str(seed.pk))
        .values_list("id", "group_id")
        .first()
    )
    hits = NO_HITS
    if item is not None:
        item_id, group_id = item
        cache = caches[get_settings().CACHE]
        key = f"shopreco:{source}:{space.pk}:{item_id}"
        rows: list[tuple[int, int, float]] | None = cache.get(key)
        if rows is None:
            rows = RETRIEVERS[source](space, shop, item_id).rows()
            cache.set(key, rows, get_settings().BLOCK_CACHE_SECONDS)
        hits = Hits.from_rows([row for row in rows if item_id != row[0] and group_id != row[1]])
    scores = hits.scores.astype(float)
    ranking = Ranking(hits.item_ids, hits.group_ids, scores, source, {source: scores})
    return ranking.take(best_of_each_group(hits.group_ids))


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
