"""What to show beside an item: its like, its look-alikes, what belongs to it; one per product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from django.db import connections, models, router
from django.http import HttpRequest

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.models import Edge, EmbeddingSpace, Item
from shopreco.process_cache import shared_key
from shopreco.ranking import best_of_each_group, cap_per_key, maximal_marginal_relevance
from shopreco.retrieval import dense, linked, looks, selection
from shopreco.retrieval.conditions import Filters
from shopreco.retrieval.facets import first_values
from shopreco.retrieval.linked import Intent
from shopreco.retrieval.matches import NO_HITS, Hits
from shopreco.retrieval.rankings import Ranking, live_part, live_results
from shopreco.retrieval.results import Result
from shopreco.retrieval.stages import Stages
from shopreco.retrieval.variants import with_variants
from shopreco.retrieval.visibility import for_visitor
from shopreco.shared_cache import shared_cache

CANDIDATES = 100
"""Neighbours that a block begins to choose from: room for variants, and diversity."""
MOST_CANDIDATES = 6_400
"""That it chooses from at last, where most are not live or are too many of a kind."""
DIVERSIFIED = 400
"""Of them that many are weighed against each other."""
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
    vector = looks.vector_of(space, item_id)
    near = NO_HITS if vector is None else looks.nearest(space, vector, filters, k)
    return Neighbours(Ranking.of("looks", near), len(near) >= k)


def by_links(intent: Intent) -> Retriever:
    """What the graph's paths lead to; of equally sure ones the likest first."""

    def retrieve(space: EmbeddingSpace, item_id: int, filters: Filters, k: int) -> Neighbours:
        found = linked.ends(item_id, intent, filters, k)
        return Neighbours(_fused(space, item_id, found), len(found) >= k)

    return retrieve


def in_its_place(space: EmbeddingSpace, item_id: int, filters: Filters, k: int) -> Neighbours:
    """What links say can replace it; where they say nothing, the likest of its category."""
    known = linked.ends(item_id, Intent.SUBSTITUTE, filters, k)
    if len(known):
        return Neighbours(_fused(space, item_id, known), len(known) >= k)
    near = _near(space, item_id, filters, k)
    with connections[router.db_for_read(Edge)].cursor() as cursor:
        cursor.execute(SAME_CATEGORY, [item_id, near.item_ids.tolist()])
        alike = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
    ranking = Ranking.of("dense", near.take(np.isin(near.item_ids, alike)))
    return Neighbours(ranking, len(near) >= k)


RETRIEVERS: Mapping[Intent, Retriever] = {
    Intent.SIMILAR: by_meaning,
    Intent.LOOKING_SIMILAR: by_looks,
    Intent.COMPLEMENTARY: by_links(Intent.COMPLEMENTARY),
    Intent.SUBSTITUTE: in_its_place,
    Intent.ACCESSORY: by_links(Intent.ACCESSORY),
}


def _near(space: EmbeddingSpace, item_id: int, filters: Filters, k: int) -> Hits:
    vector = dense.vectors_of(space, [item_id]).get(item_id)
    return NO_HITS if vector is None else dense.nearest(space, vector, filters, k)


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


@dataclass(frozen=True, slots=True)
class Block:
    """What a block asks for; of `filters` what the visitor may see is not part yet."""

    shop: Catalogue
    seed: models.Model
    intent: Intent
    request: HttpRequest | None
    filters: Filters
    limit: int
    diversity: float
    max_per: Mapping[str, int]
    exclude: frozenset[str]
    """Keys of objects that are shown already."""


def fill(space: EmbeddingSpace, block: Block, stages: Stages) -> tuple[Result, ...]:
    """The results of a block: of more and more neighbours, until it is full."""
    with stages.stage("visibility"):
        filters = for_visitor(block.filters, block.shop, block.request)
    k = CANDIDATES
    while True:
        with stages.stage("neighbours"):
            found = neighbours(space, block, filters, k)
            ranking = found.ranking
            if block.shop.hides_by_queryset:
                ranking = live_part(block.shop, block.request, ranking, collapse=True)
        apart = ranking if ranking.source == "looks" else None
        ranking = ranking.take(best_of_each_group(ranking.group_ids))
        with stages.stage("diversity"):
            ranking = diversified(space, ranking, block.diversity, block.max_per)
        with stages.stage("hydrate"):
            shown = live_results(
                block.shop, block.request, ranking, offset=0, limit=block.limit, collapse=True
            )
        if len(shown.results) == block.limit or not found.more or k >= MOST_CANDIDATES:
            break
        k = min(4 * k, MOST_CANDIDATES)
    with stages.stage("variants", optional=True):
        results = with_variants(block.shop, shown.results, apart, filters)
        shown = replace(shown, results=results)
    return shown.results


def neighbours(space: EmbeddingSpace, block: Block, filters: Filters, k: int) -> Neighbours:
    """What a block's intent finds beside its seed. Which items are near is kept for a while; which
    of them pass, and are not shown already, is not."""
    seed = str(block.seed.pk)
    known = {
        object_id: (item_id, group_id)
        for object_id, item_id, group_id in Item.objects.indexed()
        .filter(catalogue=block.shop.name, object_id__in={seed, *block.exclude})
        .values_list("object_id", "id", "group_id")
    }
    if seed not in known:
        return Neighbours(Ranking.of("", NO_HITS), more=False)
    item_id, _group_id = known[seed]
    key = shared_key(block.intent, space.pk, item_id, filters.digest, k)
    kept = shared_cache().get(key)
    if kept is None:
        ranking, more = RETRIEVERS[block.intent](space, item_id, filters, k)
        kept = ranking.as_plain(), more
        shared_cache().set(key, kept, get_settings().BLOCK_CACHE_SECONDS)
    plain, more = kept
    ranking = Ranking.from_plain(plain)
    item_ids, group_ids = zip(*known.values(), strict=True)
    is_shown = np.isin(ranking.item_ids, item_ids) | np.isin(ranking.group_ids, group_ids)
    ranking = ranking.take(~is_shown)
    return Neighbours(ranking.take(selection.passing(ranking.item_ids, filters)), more)


def diversified(
    space: EmbeddingSpace, ranking: Ranking, diversity: float, max_per: Mapping[str, int]
) -> Ranking:
    """The `DIVERSIFIED` best by marginal relevance, the others behind them; then capped."""
    if diversity and len(ranking.item_ids):
        best = ranking.item_ids[:DIVERSIFIED].tolist()
        stored = dense.vectors_of(space, best)
        known = np.array([n for n, item_id in enumerate(best) if item_id in stored], dtype=np.intp)
        if len(known):
            vectors = np.stack([stored[best[n]] for n in known])
            order = maximal_marginal_relevance(
                ranking.scores[known], vectors, len(known), diversity
            )
            others = np.arange(len(best), len(ranking.item_ids))
            ranking = ranking.take(np.append(known[order], others))
    if max_per and len(ranking.item_ids):
        values = first_values(ranking.item_ids.tolist(), list(max_per))
        for name, cap in max_per.items():
            keys = [values.get((i, name), f"none:{i}") for i in ranking.item_ids.tolist()]
            ranking = ranking.take(cap_per_key(keys, cap))
    return ranking
