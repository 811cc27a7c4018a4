"""Recommendation blocks: the stages from a seed to the products to show beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import numpy as np
from django.db import models
from django.http import HttpRequest

from shopreco.answers.facets import first_values
from shopreco.answers.frame import AnswerContext, Stage, Stages, answered
from shopreco.answers.hydration import live_part, live_results
from shopreco.answers.placements import Recipe, recipe_of
from shopreco.answers.reasons import with_reasons
from shopreco.answers.results import Result, ResultPage
from shopreco.answers.variants import with_variants
from shopreco.catalogues import Catalogue, catalogue_of
from shopreco.conf import get_settings
from shopreco.db.process_cache import shared_key
from shopreco.db.shared_cache import shared_cache
from shopreco.exceptions import InvalidQuery
from shopreco.models import EmbeddingSpace, Item
from shopreco.queries.conditions import Condition, Filters
from shopreco.queries.filters import check_facets, parse_filters
from shopreco.queries.limits import check_block
from shopreco.queries.visibility import for_visitor
from shopreco.ranking import cap_per_key, collapse_groups, maximal_marginal_relevance
from shopreco.retrieval import browse
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, nothing
from shopreco.spaces.stores import vector_store
from shopreco.stages import StageName

CANDIDATES = 100
"""Candidates that a block first asks for: room for variants, and for diversity."""
MAX_CANDIDATES = 6_400
"""Candidates that it asks for at most, where many are not live or are capped."""
DIVERSIFIED = 400
"""Best candidates that are compared with each other for diversity."""
OF_PICTURES = "looks"
"""Source of visual candidates: there a variant of another colour is another product."""


@dataclass(frozen=True, slots=True)
class BlockRequest:
    """A validated block."""

    catalogue: Catalogue
    seed: models.Model
    recipe: Recipe
    visitor: HttpRequest | None
    filters: Filters
    """Without visibility, which a stage adds."""
    limit: int
    diversity: float
    max_per: Mapping[str, int]
    exclude: frozenset[str]
    """Keys of objects that the page shows already."""

    @classmethod
    def validated(
        cls,
        placement: str,
        *,
        seed: models.Model,
        visitor: HttpRequest | None,
        limit: int,
        filters: Mapping[str, Any] | None,
        diversity: float | None,
        max_per: Mapping[str, int] | None,
        exclude: Collection[str],
    ) -> BlockRequest:
        """Validate the arguments of `services.recommend`, which has the defaults.

        Raises:
            InvalidQuery: an unknown placement or facet, or a filter that a search would refuse.
        """
        catalogue = catalogue_of(seed)
        recipe = recipe_of(catalogue, placement)
        weight = recipe.diversity if diversity is None else diversity
        if not 0 <= weight <= 1:
            raise InvalidQuery(f"diversity is {weight}; it must be from 0 to 1.")
        caps, without = recipe.max_per if max_per is None else max_per, frozenset(exclude)
        check_block(limit, caps, without)
        check_facets(catalogue, caps)
        asked = parse_filters(catalogue, {"available": True, **recipe.filters, **(filters or {})})
        return cls(catalogue, seed, recipe, visitor, asked, limit, weight, caps, without)


@dataclass(frozen=True, slots=True)
class BlockDraft:
    """The draft of a block: what the stages so far have added."""

    page: ResultPage
    filters: Filters
    """With the visibility of this visitor."""
    uncollapsed: Candidates | None = None
    """The candidates before collapse, if pictures found them: then the variant matters."""
    is_final: bool = False


def answer_block(request: BlockRequest) -> ResultPage:
    """Answer a block: run its stages, and return the page, full if there are enough candidates."""
    placement = request.recipe.name
    page = ResultPage(limit=request.limit, query_id=uuid4().hex, source=placement)
    first = BlockDraft(page, request.filters)
    said = f"block {placement} for {request.seed!r}"
    return answered(StageName.RECOMMEND, request, first, BLOCK_STAGES, said=said)


def _add_visibility(request: BlockRequest, context: AnswerContext, draft: BlockDraft) -> BlockDraft:
    filters = for_visitor(request.filters, request.catalogue, request.visitor)
    return replace(draft, filters=filters)


def _fill(request: BlockRequest, context: AnswerContext, draft: BlockDraft) -> BlockDraft:
    """Fill the block from its sources in order; if it stays empty, from its fallback."""
    recipe, results, found = request.recipe, draft.page.results, draft.uncollapsed
    for source in (*recipe.sources, *recipe.fallback):
        if len(results) == request.limit or (results and source not in recipe.sources):
            break
        more, found = _from(source, request, context, draft, results)
        results = (*results, *more)
    page = replace(
        draft.page,
        results=tuple(replace(each, rank=n) for n, each in enumerate(results, start=1)),
        total=len(results),
        model_version=context.space.fingerprint[:12],
    )
    return replace(draft, page=page, uncollapsed=found)


def _from(
    source: str,
    request: BlockRequest,
    context: AnswerContext,
    draft: BlockDraft,
    before: tuple[Result, ...],
) -> tuple[tuple[Result, ...], Candidates | None]:
    """Results of one source for the free places of a block.

    Asks for four times as many candidates each time, until the places are filled. Also returns the
    candidates with every variant, if pictures found them."""
    space, log, catalogue = context.space, context.log, request.catalogue
    shown_already = request.exclude | {each.object_id for each in before}
    room, k = request.limit - len(before), CANDIDATES
    while True:
        found = neighbours(source, request, context, draft.filters, shown_already, k)
        passing = found
        if catalogue.hides_by_queryset:
            passing = live_part(catalogue, request.visitor, found, collapse=True)
        chosen = passing.take(collapse_groups(passing.group_ids))
        with log.stage(StageName.DIVERSITY):
            chosen = diversified(space, chosen, request.diversity, request.max_per)
        with log.stage(StageName.HYDRATE):
            shown = live_results(
                catalogue, request.visitor, chosen, offset=0, limit=room, collapse=True
            )
        if len(shown.results) == room or found.complete or k >= MAX_CANDIDATES:
            return shown.results, passing if found.source == OF_PICTURES else None
        k = min(4 * k, MAX_CANDIDATES)


def neighbours(
    source: str,
    request: BlockRequest,
    context: AnswerContext,
    filters: Filters,
    shown_already: frozenset[str] | set[str],
    k: int,
) -> Candidates:
    """Candidates of a source beside the seed, without what the placement excludes.

    They are cached, since all visitors share them. Filters, and what the page shows already, apply
    afterwards."""
    recipe, space = request.recipe, context.space
    seed = str(request.seed.pk)
    known = {
        object_id: (item_id, group_id)
        for object_id, item_id, group_id in Item.objects.indexed()
        .filter(catalogue=request.catalogue.name, object_id__in={seed, *shown_already})
        .values_list("object_id", "id", "group_id")
    }
    if seed not in known:
        return nothing(source)
    item_id, _group_id = known[seed]
    excluded = ",".join(recipe.excluded)
    key = shared_key("block", source, excluded, space.pk, item_id, filters.digest, k)
    plain = shared_cache().get(key)
    if plain is None:
        asked = Context(space, filters, context.log, seed=item_id)
        found = RETRIEVERS.get(source).retrieve(asked, k)
        for name in recipe.excluded:
            found = _without(found, name, asked)
        plain = found.as_plain()
        shared_cache().set(key, plain, get_settings().BLOCK_CACHE_SECONDS)
    found = Candidates.from_plain(plain)
    item_ids, group_ids = zip(*known.values(), strict=True)
    is_shown = np.isin(found.item_ids, item_ids) | np.isin(found.group_ids, group_ids)
    found = found.take(~is_shown)
    return found.take(browse.passing(found.item_ids, filters))


def _without(found: Candidates, retriever: str, context: Context) -> Candidates:
    """Drop the candidates that another retriever finds too, with their variants."""
    if not len(found):
        return found
    among = Condition("i.id = ANY(%s)", (found.item_ids.tolist(),))
    unwanted = RETRIEVERS.get(retriever).retrieve(context.within(Filters({"": among})), len(found))
    return found.take(~np.isin(found.group_ids, unwanted.group_ids))


def diversified(
    space: EmbeddingSpace, found: Candidates, diversity: float, max_per: Mapping[str, int]
) -> Candidates:
    """Order the `DIVERSIFIED` best by maximal marginal relevance, then cap per value."""
    if diversity and len(found):
        best = found.item_ids[:DIVERSIFIED].tolist()
        stored = vector_store(space).vectors(space, best)
        known = np.array([n for n, item_id in enumerate(best) if item_id in stored], dtype=np.intp)
        if len(known):
            vectors = np.stack([stored[best[n]] for n in known])
            scores = found.scores[known]
            order = maximal_marginal_relevance(scores, vectors, len(known), diversity)
            others = np.arange(len(best), len(found))
            found = found.take(np.append(known[order], others))
    if max_per and len(found):
        values = first_values(found.item_ids.tolist(), list(max_per))
        for name, cap in max_per.items():
            keys = [values.get((i, name), f"none:{i}") for i in found.item_ids.tolist()]
            found = found.take(cap_per_key(keys, cap))
    return found


def _show_variants(request: BlockRequest, context: AnswerContext, draft: BlockDraft) -> BlockDraft:
    results = with_variants(request.catalogue, draft.page.results, draft.uncollapsed, draft.filters)
    return replace(draft, page=replace(draft.page, results=results))


def _give_reasons(request: BlockRequest, context: AnswerContext, draft: BlockDraft) -> BlockDraft:
    results = with_reasons(
        context.space, request.catalogue, request.visitor, request.seed, draft.page.results
    )
    return replace(draft, page=replace(draft.page, results=results))


BLOCK_STAGES: Stages[BlockRequest, BlockDraft] = Stages(
    Stage(StageName.VISIBILITY, _add_visibility),
    Stage(StageName.NEIGHBOURS, _fill),
    Stage(StageName.VARIANTS, _show_variants, optional=True),
    Stage(StageName.REASONS, _give_reasons, optional=True),
)
"""Stages of a block. A further stage is one line, here or by `insert`."""
