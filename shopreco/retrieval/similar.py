"""Similar items: nearest neighbours of an item, diverse, one per product."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from django.core.cache import caches
from django.db import models

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.models import EmbeddingSpace, Item
from shopreco.ranking import best_of_each_group, cap_per_key, maximal_marginal_relevance
from shopreco.retrieval import dense
from shopreco.retrieval.facets import first_values
from shopreco.retrieval.filters import parse_filters
from shopreco.retrieval.rankings import Ranking

CANDIDATES = 100
"""Neighbours that a block chooses from: room for what is not live, variants, and diversity."""


def neighbours(space: EmbeddingSpace, shop: Catalogue, seed: models.Model) -> Ranking:
    """Nearest groups to the seed; kept for a while, since only who sees them is live."""
    item = (
        Item.objects.indexed()
        .filter(catalogue=shop.name, object_id=str(seed.pk))
        .values_list("id", "group_id")
        .first()
    )
    empty = np.array([], dtype=np.int64)
    if item is None:
        return Ranking(empty, empty, empty.astype(float), "dense", {})
    item_id, group_id = item
    cache, key = caches[get_settings().CACHE], f"shopreco:similar:{space.pk}:{item_id}"
    rows: list[tuple[int, int, float]] | None = cache.get(key)
    if rows is None:
        vector = dense.vectors_of(space, [item_id]).get(item_id)
        rows = []
        if vector is not None:
            available = parse_filters(shop, {"available": True})
            hits = dense.nearest(space, vector, available, CANDIDATES)
            rows = list(
                zip(
                    hits.item_ids.tolist(),
                    hits.group_ids.tolist(),
                    hits.scores.tolist(),
                    strict=True,
                )
            )
        cache.set(key, rows, get_settings().BLOCK_CACHE_SECONDS)
    rows = [row for row in rows if row[1] != group_id and row[0] != item_id]
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    groups = np.array([row[1] for row in rows], dtype=np.int64)
    scores = np.array([row[2] for row in rows], dtype=float)
    ranking = Ranking(ids, groups, scores, "dense", {"dense": scores})
    return ranking.take(best_of_each_group(groups))


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
