"""The service layer: all that views, template tags, commands and the admin may call."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import uuid4

import numpy as np
from django.core.cache import caches
from django.db import models, transaction
from django.http import HttpRequest
from numpy.typing import NDArray

from shopreco.catalogues import Catalogue, catalogue_of, get_catalogue, get_catalogues
from shopreco.conf import get_settings
from shopreco.exceptions import InvalidQuery
from shopreco.indexing import outbox, pruning, runs, spaces
from shopreco.indexing.outbox import outbox_database
from shopreco.indexing.status import CatalogueStatus, catalogue_status
from shopreco.models import EmbeddingSpace, IndexRun, Item
from shopreco.ranking import best_of_each_group, cap_per_key, maximal_marginal_relevance
from shopreco.ranking.fusion import create_fusion
from shopreco.retrieval import dense, hybrid, identifiers, selection
from shopreco.retrieval import facets as faceting
from shopreco.retrieval.filters import Filters, check_facets, facet_names, parse_filters
from shopreco.retrieval.hybrid import Stages
from shopreco.retrieval.hydration import hydrate
from shopreco.retrieval.languages import query_language
from shopreco.retrieval.results import Result, ResultPage, Suggestion
from shopreco.retrieval.suggest import suggest
from shopreco.text import normalise_query

__all__ = [
    "CatalogueStatus",
    "Result",
    "ResultPage",
    "Suggestion",
    "activate",
    "autocomplete",
    "cancel",
    "prune",
    "rebuild",
    "recommend",
    "reindex",
    "reindex_objects",
    "resume",
    "run_inline",
    "search",
    "status",
]

logger = logging.getLogger(__name__)

MAX_LIMIT = 1_000
MAX_OFFSET = 10_000
PLACEMENTS = ("product-similar",)
CANDIDATES = 100
"""Neighbours that a block chooses from: room for what is not live, variants, and diversity."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A validated search."""

    shop: Catalogue
    text: str
    request: HttpRequest | None
    filters: Filters
    chosen: Mapping[str, Any]
    sort: str
    facets: Sequence[str]
    language: str | None
    collapse: bool


@dataclass(frozen=True, slots=True)
class _Ranking:
    """Ranked candidates: item ids with their groups and scores, all (n,), best first."""

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    source: str
    parts: Mapping[str, NDArray[np.float64]]

    def take(self, positions: NDArray[Any]) -> _Ranking:
        return replace(
            self,
            item_ids=self.item_ids[positions],
            group_ids=self.group_ids[positions],
            scores=self.scores[positions],
            parts={name: part[positions] for name, part in self.parts.items()},
        )


# Search


def search(
    query: str = "",
    *,
    catalogue: str | None = None,
    request: HttpRequest | None = None,
    filters: Mapping[str, Any] | None = None,
    sort: str = selection.RELEVANCE,
    offset: int = 0,
    limit: int = 24,
    facets: Sequence[str] | None = None,
    language: str | None = None,
    collapse: bool = True,
) -> ResultPage:
    """Answer a query by words and meaning; without a query, browse what passes the filters.

    Args:
        query: as typed; cut at `MAX_QUERY_LENGTH`.
        filters: values by facet name, and `price_min`, `price_max`, `available`, `language`,
            `site`. Values of one filter are alternatives; filters add up.
        sort: relevance, price_asc, price_desc, newest or title.
        facets: names to count over all that matches; ["*"] for all declared ones and the most
            common attributes; None for none.
        language: of the query; otherwise the request's, or detected.
        collapse: show the parent once instead of its variants.

    Raises:
        InvalidQuery, UnknownFilter: the caller asked what the catalogue does not offer. All other
            failures cost a stage, which `ResultPage.degraded` names.
    """
    started = perf_counter()
    shop = get_catalogue(catalogue)
    text = normalise_query(query, get_settings().MAX_QUERY_LENGTH)
    selection.check_order(sort)
    _check_page(offset, limit)
    if list(facets or ()) != ["*"]:
        check_facets(shop, facets or ())
    question = _Question(
        shop=shop,
        text=text,
        request=request,
        filters=parse_filters(shop, filters),
        chosen=filters or {},
        sort=sort,
        facets=list(facets or ()),
        language=language,
        collapse=collapse,
    )
    stages = Stages()
    page = ResultPage(offset=offset, limit=limit, query=text, query_id=uuid4().hex)
    try:
        page = _answer(question, page, stages)
    except Exception as error:
        # The shop's page comes first; the log has the whole story.
        logger.exception("search for %r failed", text)
        stages.degraded["search"] = f"{type(error).__name__}: {error}"[:300]
    stages.timings["total"] = round((perf_counter() - started) * 1000, 2)
    return replace(page, degraded=stages.degraded, timings=stages.timings)


def _answer(question: _Question, page: ResultPage, stages: Stages) -> ResultPage:
    shop = question.shop
    space = spaces.active_space(shop.name)
    if space is None:
        stages.degraded["index"] = f"{shop.name} has no active space: run a re-index"
        return page
    matched = _match(space, question, stages) if question.text else _browse(question, stages)
    ranking, narrowing = matched, question.filters.narrowing()
    if narrowing and len(ranking.item_ids):
        with stages.stage("filter"):
            ranking = ranking.take(selection.passing(ranking.item_ids, narrowing))
    if question.collapse:
        ranking = ranking.take(best_of_each_group(ranking.group_ids))
    if question.text and question.sort != selection.RELEVANCE:
        with stages.stage("sort"):
            ranking = ranking.take(selection.ordered(ranking.item_ids.tolist(), question.sort))
    with stages.stage("hydrate"):
        results = _results(
            shop,
            question.request,
            ranking,
            offset=page.offset,
            limit=page.limit,
            collapse=question.collapse,
        )
    page = replace(
        page,
        results=results,
        total=len(ranking.item_ids),
        source=ranking.source,
        model_version=space.fingerprint[:12],
    )
    if question.facets:
        with stages.stage("facets", optional=True):
            page = _with_facets(question, page, matched, narrowing)
    return page


def _browse(question: _Question, stages: Stages) -> _Ranking:
    with stages.stage("browse"):
        hits = selection.browse(question.shop.name, question.filters.scope(), question.sort)
    return _Ranking(hits.item_ids, hits.group_ids, hits.scores.astype(float), "browse", {})


def _match(space: EmbeddingSpace, question: _Question, stages: Stages) -> _Ranking:
    scope = question.filters.scope()
    with stages.stage("identifier", optional=True):
        exact = identifiers.retrieve(question.shop.name, question.text, scope)
        if len(exact):
            scores = exact.scores.astype(float)
            return _Ranking(exact.item_ids, exact.group_ids, scores, "identifier", {})
    language = query_language(space, question.text, question.language, question.request)
    found = hybrid.match(space, question.text, language, scope, stages)
    with stages.stage("rank"):
        fused = create_fusion(get_settings().FUSION).fuse(
            found.dense, found.lexical, found.lexical_maximum
        )
        order = np.lexsort((found.item_ids, -fused.scores))
        ranking = _Ranking(found.item_ids, found.group_ids, fused.scores, "hybrid", fused.parts)
        return ranking.take(order)


def _results(
    shop: Catalogue,
    request: HttpRequest | None,
    ranking: _Ranking,
    *,
    offset: int,
    limit: int,
    collapse: bool,
) -> tuple[Result, ...]:
    live = hydrate(
        shop, request, ranking.item_ids.tolist(), offset=offset, limit=limit, collapse=collapse
    )
    return tuple(
        Result(
            object=each.object,
            item_id=each.item_id,
            object_id=each.object_id,
            variant_id=each.variant_id,
            rank=rank,
            score=round(float(ranking.scores[each.position]), 6),
            source=ranking.source,
            parts={
                name: round(float(part[each.position]), 6)
                for name, part in ranking.parts.items()
                if not np.isnan(part[each.position])
            },
        )
        for rank, each in enumerate(live, offset + 1)
    )


def _with_facets(
    question: _Question, page: ResultPage, matched: _Ranking, narrowing: Filters
) -> ResultPage:
    ids, names = matched.item_ids.tolist(), list(question.facets)
    if names == ["*"]:
        names = facet_names(question.shop)
        names += faceting.attribute_names(ids, names)
        names += [n for n in narrowing.conditions if n not in {*names, "price"}]
    chosen = {
        name: [value] if isinstance(value, str) else [str(each) for each in value]
        for name, value in question.chosen.items()
        if name in names
    }
    return replace(
        page,
        facets=tuple(
            faceting.count_facets(
                question.shop, ids, names, narrowing, chosen, collapse=question.collapse
            )
        ),
        price_range=faceting.price_range(ids, narrowing),
    )


def _check_page(offset: int, limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidQuery(f"limit is {limit}; it must be from 1 to {MAX_LIMIT}.")
    if not 0 <= offset <= MAX_OFFSET:
        raise InvalidQuery(f"offset is {offset}; it must be from 0 to {MAX_OFFSET}.")


def autocomplete(
    prefix: str,
    *,
    catalogue: str | None = None,
    request: HttpRequest | None = None,
    limit: int = 8,
) -> list[Suggestion]:
    """Suggestions while typing: queries, facet values and products. Empty on any failure."""
    shop = get_catalogue(catalogue)
    text = normalise_query(prefix, 100).casefold()
    if not text:
        return []
    try:
        return suggest(shop, spaces.active_space(shop.name), text, request, min(limit, 20))
    except Exception:
        logger.exception("no suggestions for %r", text)
        return []


# Recommendations


def recommend(
    placement: str = "product-similar",
    *,
    seed: models.Model,
    request: HttpRequest | None = None,
    limit: int = 8,
    diversity: float = 0.0,
    max_per: Mapping[str, int] | None = None,
) -> ResultPage:
    """Products like `seed`, without itself, its variants, and what is not live or not available.

    Args:
        diversity: 0 ranks by likeness alone, 1 by difference from what is already shown (MMR).
        max_per: at most so many results per value of a facet, such as {"brand": 2}.

    Raises:
        InvalidQuery: unknown placement or facet. All other failures give an empty page that says
            why in `degraded`.
    """
    started = perf_counter()
    if placement not in PLACEMENTS:
        raise InvalidQuery(f"There is no placement {placement!r:.80}: {', '.join(PLACEMENTS)}.")
    if not 0 <= diversity <= 1:
        raise InvalidQuery(f"diversity is {diversity}; it must be from 0 to 1.")
    _check_page(0, limit)
    shop = catalogue_of(seed)
    check_facets(shop, max_per or {})
    stages = Stages()
    page = ResultPage(limit=limit, query_id=uuid4().hex, source=placement)
    try:
        space = spaces.active_space(shop.name)
        if space is None:
            stages.degraded["index"] = f"{shop.name} has no active space: run a re-index"
        else:
            with stages.stage("neighbours"):
                ranking = _neighbours(space, shop, seed)
            with stages.stage("diversity"):
                ranking = _diverse(space, ranking, limit, diversity, max_per or {})
            with stages.stage("hydrate"):
                results = _results(shop, request, ranking, offset=0, limit=limit, collapse=True)
            page = replace(
                page,
                results=results,
                total=len(results),
                model_version=space.fingerprint[:12],
            )
    except Exception as error:
        logger.exception("block %s for %r failed", placement, seed)
        stages.degraded["recommend"] = f"{type(error).__name__}: {error}"[:300]
    stages.timings["total"] = round((perf_counter() - started) * 1000, 2)
    return replace(page, degraded=stages.degraded, timings=stages.timings)


def _neighbours(space: EmbeddingSpace, shop: Catalogue, seed: models.Model) -> _Ranking:
    """Nearest groups to the seed; kept for a while, since only who sees them is live."""
    item = (
        Item.objects.indexed()
        .filter(catalogue=shop.name, object_id=str(seed.pk))
        .values_list("id", "group_id")
        .first()
    )
    empty = np.array([], dtype=np.int64)
    if item is None:
        return _Ranking(empty, empty, empty.astype(float), "dense", {})
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
    ranking = _Ranking(ids, groups, scores, "dense", {"dense": scores})
    return ranking.take(best_of_each_group(groups))


def _diverse(
    space: EmbeddingSpace,
    ranking: _Ranking,
    limit: int,
    diversity: float,
    max_per: Mapping[str, int],
) -> _Ranking:
    if diversity and len(ranking.item_ids):
        stored = dense.vectors_of(space, ranking.item_ids.tolist())
        ranking = ranking.take(np.array([i in stored for i in ranking.item_ids.tolist()]))
        vectors = np.stack([stored[i] for i in ranking.item_ids.tolist()])
        order = maximal_marginal_relevance(
            ranking.scores, vectors, len(ranking.item_ids), diversity
        )
        ranking = ranking.take(order)
    if max_per and len(ranking.item_ids):
        facets = dict(
            Item.objects.filter(id__in=ranking.item_ids.tolist()).values_list("id", "facets")
        )
        for name, cap in max_per.items():
            keys = [
                next(iter(facets.get(i, {}).get(name, [])), f"none:{i}")
                for i in ranking.item_ids.tolist()
            ]
            ranking = ranking.take(cap_per_key(keys, cap))
    return ranking


# Indexing


def reindex(catalogue: str | None = None, *, user: Any = None) -> IndexRun:
    """Compare a whole catalogue with its index and repair what differs; workers do it.

    Raises:
        RunError: a run of this catalogue is under way.
    """
    return _hand_over(runs.start(get_catalogue(catalogue), user=user))


def rebuild(catalogue: str | None = None, *, user: Any = None) -> IndexRun:
    """Build a new space from the current settings beside the active one and switch to it.

    Raises:
        RunError: a run of this catalogue is under way.
    """
    return _hand_over(runs.start(get_catalogue(catalogue), rebuild=True, user=user))


def reindex_objects(catalogue: str, object_ids: Iterable[str]) -> int:
    """Have some objects indexed again, before the bulk of runs; returns how many."""
    from shopreco.indexing.signals import changed

    ids = list(dict.fromkeys(object_ids))
    changed(get_catalogue(catalogue), ids)
    return len(ids)


def cancel(run: IndexRun) -> None:
    """Raises RunError if the run is not under way."""
    runs.cancel(run)


def resume(run: IndexRun) -> IndexRun:
    """Raises RunError if the run was neither cancelled nor failed, or another is under way."""
    runs.resume(run)
    return _hand_over(run)


def activate(space: EmbeddingSpace, *, user: Any = None) -> IndexRun | None:
    """Switch to a space, for instance back to the one before, and bring it up to date.

    The switch is one UPDATE. What changed while the space was retired is caught up by a run,
    which is returned; None if another run is under way and does it.
    """
    spaces.build_indexes(space)
    spaces.activate(space)
    try:
        return _hand_over(runs.start(get_catalogue(space.catalogue), user=user))
    except runs.RunError:
        return None


def run_inline(run: IndexRun, progress: Callable[[IndexRun], None] | None = None) -> IndexRun:
    """Work on a run in this process until it is over; for commands and scripts."""
    while run.is_live:
        run = runs.advance(run, seconds=get_settings().SLICE_SECONDS, progress=progress)
        if progress:
            progress(run)
        if run.is_live and not outbox.waiting(run.catalogue):
            runs.wait_for_others()
    return run


def _hand_over(run: IndexRun) -> IndexRun:
    from shopreco.tasks import advance_run, send

    transaction.on_commit(lambda: send(advance_run, run.pk), using=outbox_database(), robust=True)
    return run


def status() -> list[CatalogueStatus]:
    """The state of every catalogue: what is indexed, what waits, what is wrong and the fix."""
    return [catalogue_status(catalogue) for catalogue in get_catalogues()]


def prune(catalogue: str | None = None, *, keep: int = 1, before: datetime) -> dict[str, int]:
    """Remove retired spaces beyond the `keep` newest, tombstones and runs older than `before`."""
    chosen = [get_catalogue(catalogue)] if catalogue else get_catalogues()
    pruned: Counter[str] = Counter({"spaces": 0, "vectors": 0, "tombstones": 0, "runs": 0})
    for each in chosen:
        pruned.update(pruning.prune(each, keep=keep, before=before))
    return dict(pruned)
