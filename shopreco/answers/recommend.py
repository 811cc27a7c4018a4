"""What to show beside an item: its like, its look-alikes, what belongs to it; one per product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from django.db import models
from django.http import HttpRequest

from shopreco.answers.facets import first_values
from shopreco.answers.hydration import live_part, live_results
from shopreco.answers.results import Result
from shopreco.answers.variants import with_variants
from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.db.process_cache import shared_key
from shopreco.db.shared_cache import shared_cache
from shopreco.models import EmbeddingSpace, Item
from shopreco.queries.conditions import Filters
from shopreco.queries.visibility import for_visitor
from shopreco.ranking import cap_per_key, collapse_groups, maximal_marginal_relevance
from shopreco.retrieval import browse, dense
from shopreco.retrieval.candidates import NO_HITS, Ranking
from shopreco.retrieval.links import Purpose
from shopreco.retrieval.neighbours import RETRIEVERS, Neighbours
from shopreco.stages import StageLog

CANDIDATES = 100
"""Neighbours that a block begins to choose from: room for variants, and diversity."""
MOST_CANDIDATES = 6_400
"""That it chooses from at last, where most are not live or are too many of a kind."""
DIVERSIFIED = 400
"""Of them that many are weighed against each other."""


@dataclass(frozen=True, slots=True)
class Block:
    """What a block asks for; of `filters` what the visitor may see is not part yet."""

    shop: Catalogue
    seed: models.Model
    intent: Purpose
    request: HttpRequest | None
    filters: Filters
    limit: int
    diversity: float
    max_per: Mapping[str, int]
    exclude: frozenset[str]
    """Keys of objects that are shown already."""


def fill(space: EmbeddingSpace, block: Block, stages: StageLog) -> tuple[Result, ...]:
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
        ranking = ranking.take(collapse_groups(ranking.group_ids))
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
    return Neighbours(ranking.take(browse.passing(ranking.item_ids, filters)), more)


def diversified(
    space: EmbeddingSpace, ranking: Ranking, diversity: float, max_per: Mapping[str, int]
) -> Ranking:
    """The `DIVERSIFIED` best by marginal relevance, the others behind them; then capped."""
    if diversity and len(ranking.item_ids):
        best = ranking.item_ids[:DIVERSIFIED].tolist()
        stored = dense.embeddings_of(space, best)
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
