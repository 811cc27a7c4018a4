"""Recommendation blocks: the stages from what a block is about to the products that it shows."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple
from uuid import uuid4

import numpy as np

from shopreco.answers.anchors import about
from shopreco.answers.block_requests import BlockDraft, BlockRequest
from shopreco.answers.facets import first_values
from shopreco.answers.frame import AnswerContext, Stage, Stages, answered
from shopreco.answers.hydration import live_part, live_results
from shopreco.answers.reasons import with_anchors, with_reasons
from shopreco.answers.results import EmptyReason, Result, ResultPage
from shopreco.answers.sources import ask
from shopreco.answers.variants import with_variants
from shopreco.models import EmbeddingSpace
from shopreco.models.placements import AnchorKind
from shopreco.queries.visibility import for_visitor
from shopreco.ranking import cap_per_key, collapse_groups, maximal_marginal_relevance
from shopreco.registries import did_you_mean
from shopreco.retrieval import browse
from shopreco.retrieval.base import RETRIEVERS, Anchor, Candidates, Context, Place
from shopreco.spaces.stores import vector_store
from shopreco.stages import StageName

logger = logging.getLogger(__name__)

CANDIDATES = 100
"""Candidates that a block first asks for: room for variants, and for diversity."""
MAX_CANDIDATES = 6_400
"""Candidates that it asks for at most, where many are not live or are capped."""
DIVERSIFIED = 400
"""Best candidates that are compared with each other for diversity."""
OF_VARIANTS = ("looks", "history")
"""Sources that find a variant and mean it: one of another colour looks otherwise, and was not
viewed."""

WITHOUT_ANCHORS = {
    AnchorKind.PRODUCT: EmptyReason.NOT_INDEXED,
    AnchorKind.CART: EmptyReason.EMPTY_CART,
    AnchorKind.HISTORY: EmptyReason.NO_HISTORY,
    AnchorKind.PURCHASES: EmptyReason.NO_PURCHASES,
}


def answer_block(request: BlockRequest) -> ResultPage:
    """Answer a block: run its stages, and return the page, full if there are enough candidates."""
    placement = request.recipe.name
    page = ResultPage(
        limit=request.limit,
        query_id=uuid4().hex,
        source=placement,
        is_personal=request.is_personal,
        empty_because=EmptyReason.FAILED,
    )
    first = BlockDraft(page, request.filters)
    said = f"block {placement} for {request.seeds!r:.200}"
    page = answered(StageName.RECOMMEND, request, first, BLOCK_STAGES, said=said)
    if StageName.INDEX in page.degraded:
        return replace(page, empty_because=EmptyReason.NO_INDEX)
    return page


def _add_visibility(request: BlockRequest, context: AnswerContext, draft: BlockDraft) -> BlockDraft:
    filters = for_visitor(request.filters, request.catalogue, request.visitor)
    return replace(draft, filters=filters)


def _find_anchors(request: BlockRequest, context: AnswerContext, draft: BlockDraft) -> BlockDraft:
    anchors, left_out = about(request, context.log)
    return replace(draft, anchors=anchors, left_out=left_out)


class Filled(NamedTuple):
    """What one source adds to a block."""

    results: tuple[Result, ...] = ()
    places: tuple[Place, ...] = ()
    because: Mapping[int, Anchor] = {}
    uncollapsed: Candidates | None = None
    """The candidates with every variant, if the variant matters."""


def _fill(request: BlockRequest, context: AnswerContext, draft: BlockDraft) -> BlockDraft:
    """Fill the block from its sources in order; if it stays empty, from its fallback."""
    recipe = request.recipe
    filled = Filled()
    for source in (*recipe.sources, *recipe.fallback):
        if len(filled.results) == request.limit:
            break
        if filled.results and source not in recipe.sources:
            break
        if source not in RETRIEVERS:
            # An app that was taken away leaves the rows that name what it added.
            lacks = f"There is no retriever {source!r}. {did_you_mean(source, RETRIEVERS)}"
            logger.warning("the placement %s: %s", recipe.name, lacks)
            context.log.lacks(StageName.NEIGHBOURS, lacks)
            continue
        more = _from(source, request, context, draft, filled)
        filled = Filled(
            (*filled.results, *more.results),
            (*filled.places, *more.places),
            {**more.because, **filled.because},
            more.uncollapsed,
        )
    results = filled.results
    page = replace(
        draft.page,
        results=tuple(replace(each, rank=n) for n, each in enumerate(results, start=1)),
        total=len(results),
        model_version=context.space.fingerprint[:12],
        empty_because="" if results else _why_empty(request, draft),
    )
    return replace(draft, page=page, because=filled.because, uncollapsed=filled.uncollapsed)


def _why_empty(request: BlockRequest, draft: BlockDraft) -> str:
    recipe = request.recipe
    if not recipe.sources and not recipe.fallback:
        return EmptyReason.SWITCHED_OFF
    if not draft.anchors and recipe.anchors in WITHOUT_ANCHORS:
        return WITHOUT_ANCHORS[AnchorKind(recipe.anchors)]
    return EmptyReason.NOTHING_FOUND


def _from(
    source: str, request: BlockRequest, context: AnswerContext, draft: BlockDraft, before: Filled
) -> Filled:
    """Results of one source for the free places of a block.

    Asks for four times as many candidates each time, until the places are filled."""
    log, catalogue, recipe = context.log, request.catalogue, request.recipe
    asked = Context(context.space, draft.filters, log, anchors=draft.anchors)
    unwanted = [*draft.left_out, *before.places]
    if not RETRIEVERS.get(source).is_personal:
        unwanted += [(each.item_id, each.group_id) for each in draft.anchors]
    room, k = request.limit - len(before.results), CANDIDATES
    while True:
        found, because = ask(source, recipe.excluded, asked, k)
        passing = _without_places(found, unwanted)
        passing = passing.take(browse.passing(passing.item_ids, draft.filters))
        if catalogue.hides_by_queryset:
            passing = live_part(catalogue, request.visitor, passing, collapse=True)
        chosen = passing.take(collapse_groups(passing.group_ids))
        with log.stage(StageName.DIVERSITY):
            chosen = diversified(context.space, chosen, request.diversity, request.max_per)
        with log.stage(StageName.HYDRATE):
            shown = live_results(
                catalogue, request.visitor, chosen, offset=0, limit=room, collapse=True
            )
        if len(shown.results) == room or found.complete or k >= MAX_CANDIDATES:
            groups = dict(chosen.places)
            places = tuple((each.item_id, groups[each.item_id]) for each in shown.results)
            uncollapsed = passing if found.source in OF_VARIANTS else None
            spoken = {i: because[i] for i, _group in places if i in because}
            return Filled(shown.results, places, spoken, uncollapsed)
        k = min(4 * k, MAX_CANDIDATES)


def _without_places(found: Candidates, unwanted: list[Place]) -> Candidates:
    if not unwanted:
        return found
    item_ids, group_ids = zip(*unwanted, strict=True)
    is_shown = np.isin(found.item_ids, item_ids) | np.isin(found.group_ids, group_ids)
    return found.take(~is_shown)


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
    catalogue, visitor, results = request.catalogue, request.visitor, draft.page.results
    if request.seed is not None and request.recipe.anchors == AnchorKind.PRODUCT:
        results = with_reasons(context.space, catalogue, visitor, request.seed, results)
    else:
        results = with_anchors(catalogue, visitor, draft.because, results)
    return replace(draft, page=replace(draft.page, results=results))


BLOCK_STAGES: Stages[BlockRequest, BlockDraft] = Stages(
    Stage(StageName.VISIBILITY, _add_visibility),
    Stage(StageName.ANCHORS, _find_anchors),
    Stage(StageName.NEIGHBOURS, _fill),
    Stage(StageName.VARIANTS, _show_variants, optional=True),
    Stage(StageName.REASONS, _give_reasons, optional=True),
)
"""Stages of a block. A further stage is one line, here or by `insert`."""
