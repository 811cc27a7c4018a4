"""The service layer: all that views, template tags, commands and the admin may call."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import uuid4

from django.core.files import File
from django.db import models, transaction
from django.http import HttpRequest

from shopreco.answers.reasons import with_reasons
from shopreco.answers.recommend import Block, fill
from shopreco.answers.results import Reason, Result, ResultPage, Suggestion
from shopreco.answers.search import Question, answer
from shopreco.answers.suggest import suggest
from shopreco.catalogues import catalogue_of, get_catalogue, get_catalogues
from shopreco.conf import get_settings
from shopreco.db.routing import write_alias
from shopreco.exceptions import InvalidQuery, RunError, describe
from shopreco.graph import curation, merges
from shopreco.indexing import reindex as reindexing
from shopreco.indexing import retention, signals, spaces
from shopreco.indexing.status import CatalogueStatus, catalogue_status
from shopreco.models import Edge, EdgeState, EmbeddingSpace, IndexRun, Node, RelationType
from shopreco.queries.filters import check_facets, parse_filters
from shopreco.queries.limits import check_block, check_number_of_facets, check_page
from shopreco.queries.prices import currency_code
from shopreco.queries.sorting import RELEVANCE, check_order
from shopreco.retrieval.links import Purpose
from shopreco.runs import engine
from shopreco.spaces import serving
from shopreco.spaces.stores import pgvector
from shopreco.stages import StageLog, answer_of_a_shop, savepoint
from shopreco.text import normalise_query

__all__ = [
    "CatalogueStatus",
    "Purpose",
    "Reason",
    "Result",
    "ResultPage",
    "RunError",
    "Suggestion",
    "activate",
    "add_edge",
    "autocomplete",
    "cancel",
    "decide_edges",
    "look_in_texts",
    "merge_nodes",
    "prune",
    "rebuild",
    "recommend",
    "reindex",
    "reindex_objects",
    "remove_edges",
    "resume",
    "run_inline",
    "search",
    "status",
]

logger = logging.getLogger(__name__)

PLACEMENTS: Mapping[str, Purpose] = {f"product-{intent}": intent for intent in Purpose}
"""What a block is for, by placement."""


# Search


@answer_of_a_shop
def search(
    query: str = "",
    *,
    photo: File[Any] | str = "",
    catalogue: str | None = None,
    request: HttpRequest | None = None,
    filters: Mapping[str, Any] | None = None,
    sort: str = RELEVANCE,
    offset: int = 0,
    limit: int = 24,
    facets: Sequence[str] | None = None,
    language: str | None = None,
    currency: str = "",
    collapse: bool = True,
    explain: bool = False,
) -> ResultPage:
    """Answer a query by words and meaning; without a query, browse what passes the filters.

    With a photo: what looks like it, with a query beside it "this, but in red". It is encoded
    within `PHOTO_DEADLINE`; if that fails the words answer alone, or nothing does, and
    `degraded["photo"]` is a sentence for the shopper.

    Args:
        query: as typed; cut at `MAX_QUERY_LENGTH`.
        photo: an uploaded file, or the `ResultPage.photo` of an answer before.
        filters: values by facet name, and `price_min`, `price_max`, `available`, `language`,
            `site`, 20 at most. Values of one filter are alternatives; filters add up.
        sort: relevance, price_asc, price_desc, newest or title.
        facets: names to count over all that matches, 50 at most; ["*"] for all declared ones and
            the most common attributes; None for none.
        language: of the query; otherwise the request's, or detected.
        currency: of the prices that are filtered and sorted by, ISO 4217; otherwise that of
            `Catalogue.get_currency`. Needed where a catalogue has several.
        collapse: show the parent once instead of its variants. Its price is then the one that is
            filtered and sorted by; where it has none, the lowest of its variants.
        explain: take the scores apart by modality, see `Result.contributions`.

    Raises:
        InvalidQuery, UnknownFilter: the caller asked what the catalogue does not offer. All other
            failures cost a stage, which `ResultPage.degraded` names.
        PhotoRejected: an `InvalidQuery`: the photo is too large or cannot be read; it says why.
    """
    started = perf_counter()
    shop = get_catalogue(catalogue)
    text = normalise_query(query, get_settings().MAX_QUERY_LENGTH)
    check_order(sort)
    check_page(offset, limit)
    check_number_of_facets(facets or ())
    if list(facets or ()) != ["*"]:
        check_facets(shop, facets or ())
    question = Question(
        shop=shop,
        text=text,
        photo=photo,
        request=request,
        filters=parse_filters(shop, filters, collapse=collapse),
        chosen=filters or {},
        sort=sort,
        facets=list(facets or ()),
        language=language,
        currency=currency_code(currency),
        collapse=collapse,
        explain=explain,
    )
    stages = StageLog()
    page = ResultPage(offset=offset, limit=limit, query=text, query_id=uuid4().hex)
    try:
        with savepoint():
            page = answer(question, page, stages)
    except InvalidQuery:
        raise
    except Exception as error:
        # The shop's page comes first; the log has the whole story.
        logger.exception("search for %r failed", text)
        stages.degraded["search"] = describe(error, 300)
    stages.timings["total"] = round((perf_counter() - started) * 1000, 2)
    return replace(page, degraded=stages.degraded, timings=stages.timings)


@answer_of_a_shop
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
        with savepoint():
            return suggest(shop, serving.served_space(shop.name), text, request, min(limit, 20))
    except Exception:
        logger.exception("no suggestions for %r", text)
        return []


# Recommendations


@answer_of_a_shop
def recommend(
    placement: str = "",
    *,
    seed: models.Model,
    intent: str = Purpose.SIMILAR,
    request: HttpRequest | None = None,
    limit: int = 8,
    filters: Mapping[str, Any] | None = None,
    diversity: float = 0.0,
    max_per: Mapping[str, int] | None = None,
    exclude: Collection[str] = (),
) -> ResultPage:
    """Products to show beside `seed`, without itself, its variants, and what is not live or not
    available. A block is full as long as there are candidates.

    Args:
        placement: the block that is filled: `product-<intent>`.
        intent: what the block is for, where no placement is named: `similar`, `looking-similar`,
            `complementary` (goes with it), `substitute` (instead of it) or `accessory`.
        filters: as `search` takes them. `available` is True unless it is given.
        diversity: 0 ranks by likeness alone, 1 by difference from what is already shown (MMR).
        max_per: at most so many results per value of a facet, such as {"brand": 2};
            5 facets at most.
        exclude: keys of objects that the page shows already, as another block; 200 at most.

    Raises:
        InvalidQuery: unknown placement, intent or facet, or a filter that `search` would refuse.
            All other failures give an empty page that says why in `degraded`.
    """
    started = perf_counter()
    placement = placement or f"product-{intent}"
    if placement not in PLACEMENTS:
        raise InvalidQuery(f"There is no placement {placement!r:.80}: {', '.join(PLACEMENTS)}.")
    if not 0 <= diversity <= 1:
        raise InvalidQuery(f"diversity is {diversity}; it must be from 0 to 1.")
    shop, caps, without = catalogue_of(seed), max_per or {}, frozenset(exclude)
    check_block(limit, caps, without)
    check_facets(shop, caps)
    asked = parse_filters(shop, {"available": True, **(filters or {})})
    intended = PLACEMENTS[placement]
    block = Block(shop, seed, intended, request, asked, limit, diversity, caps, without)
    stages = StageLog()
    page = ResultPage(limit=limit, query_id=uuid4().hex, source=placement)
    try:
        with savepoint():
            space = serving.served_space(shop.name)
            if space is None:
                stages.degraded["index"] = f"{shop.name} has no active space: run a re-index"
            else:
                results = fill(space, block, stages)
                with stages.stage("reasons", optional=True):
                    results = with_reasons(space, shop, request, seed, results)
                page = replace(
                    page,
                    results=results,
                    total=len(results),
                    model_version=space.fingerprint[:12],
                )
    except InvalidQuery:
        raise
    except Exception as error:
        logger.exception("block %s for %r failed", placement, seed)
        stages.degraded["recommend"] = describe(error, 300)
    stages.timings["total"] = round((perf_counter() - started) * 1000, 2)
    return replace(page, degraded=stages.degraded, timings=stages.timings)


# Indexing


def reindex(catalogue: str | None = None, *, user: Any = None) -> IndexRun:
    """Compare a whole catalogue with its index and repair what differs; workers do it.

    Raises:
        RunError: a run of this catalogue is under way.
    """
    return engine.hand_over(reindexing.start(get_catalogue(catalogue), user=user))


def rebuild(catalogue: str | None = None, *, refit: bool = False, user: Any = None) -> IndexRun:
    """Build a new space from the current settings beside the active one and switch to it.

    Args:
        refit: fit the alignment of pictures anew, on all pairs of picture and text that there are
            by now. Nothing is encoded for it. The same pairs give the same alignment, and so a
            space of the same fingerprint.

    Raises:
        RunError: a run of this catalogue is under way.
    """
    shop = get_catalogue(catalogue)
    return engine.hand_over(reindexing.start(shop, rebuild=True, refit=refit, user=user))


def reindex_objects(catalogue: str, object_ids: Iterable[str]) -> int:
    """Have some objects indexed again, before the bulk of runs; returns how many."""
    ids = list(dict.fromkeys(object_ids))
    signals.changed(get_catalogue(catalogue), ids)
    return len(ids)


def cancel(run: IndexRun) -> None:
    """Raises RunError if the run is not under way."""
    engine.cancel(run)


def resume(run: IndexRun) -> IndexRun:
    """Raises RunError if the run was neither cancelled nor failed, or another is under way."""
    engine.resume(run)
    return engine.hand_over(run)


def activate(space: EmbeddingSpace, *, user: Any = None) -> IndexRun | None:
    """Switch to a space, for instance back to the one before, and bring it up to date.

    The switch is one UPDATE. What changed while the space was retired is caught up by a run,
    which is returned; None if another run is under way, which then begins again and does it.
    """
    pgvector.build_indexes(space)
    spaces.activate(space)
    run = reindexing.catch_up(get_catalogue(space.catalogue), user=user)
    return None if run is None else engine.hand_over(run)


def run_inline(run: IndexRun, progress: Callable[[IndexRun], None] | None = None) -> IndexRun:
    """Work on a run in this process until it is over; for commands, scripts and tests. Raises
    `RunError` inside a transaction, if the run builds a space."""
    return engine.complete(run, seconds=get_settings().SLICE_SECONDS, progress=progress)


def status() -> list[CatalogueStatus]:
    """The state of every catalogue: what is indexed, what waits, what is wrong and the fix."""
    return [catalogue_status(catalogue) for catalogue in get_catalogues()]


def prune(catalogue: str | None = None, *, keep: int = 1, before: datetime) -> dict[str, int]:
    """Remove retired spaces beyond the `keep` newest, tombstones and runs older than `before`."""
    chosen = [get_catalogue(catalogue)] if catalogue else get_catalogues()
    pruned: Counter[str] = Counter({"spaces": 0, "vectors": 0, "tombstones": 0, "runs": 0})
    for each in chosen:
        pruned.update(retention.prune(each, keep=keep, before=before))
    return dict(pruned)


# The knowledge graph


def decide_edges(edges: Iterable[Edge], state: EdgeState) -> int:
    """Confirm or reject edges, or leave them to the index again (`EdgeState.ACTIVE`).

    Indexing never touches an edge that was decided on. Returns how many objects, at the ends of
    the edges, are indexed again; so do all changes of the graph.
    """
    ids = [edge.pk for edge in edges]
    with transaction.atomic(using=write_alias()):
        curation.decide_edges(ids, state)
        return _reindex_items(curation.items_at(ids))


def add_edge(source: Node, relation: RelationType, target: Node) -> tuple[Edge, int]:
    """Add an edge by hand, which no indexing removes, or make one that is there already so.

    Raises:
        GraphError: from a node to itself, or between two catalogues.
    """
    with transaction.atomic(using=write_alias()):
        edge = curation.add_edge(source, relation, target)
        return edge, _reindex_items(curation.items_at([edge.pk]))


def remove_edges(edges: Iterable[Edge]) -> int:
    """Forget edges that were made by hand or read from a file.

    Raises:
        GraphError: one of them comes from elsewhere and would be found again: reject it.
    """
    ids = [edge.pk for edge in edges]
    with transaction.atomic(using=write_alias()):
        touched = curation.items_at(ids)
        curation.remove_edges(ids)
        return _reindex_items(touched)


def merge_nodes(node: Node, into: Node) -> int:
    """Make one of two nodes that mean the same: edges and names of `node` are those of `into`.

    At most 10,000 objects are indexed again.

    Raises:
        GraphError: they cannot be merged: an item, another catalogue, or the same node.
    """
    with transaction.atomic(using=write_alias()):
        touched = curation.items_of(node)
        merges.merge_nodes(node, into)
        return _reindex_items(touched)


def look_in_texts(node: Node, wanted: bool) -> int:
    """Whether the words of a node in a title or description are edges to review, from now on."""
    with transaction.atomic(using=write_alias()):
        Node.objects.using(write_alias()).filter(pk=node.pk).update(in_texts=wanted)
        return _reindex_items(curation.items_of(node))


def _reindex_items(object_ids: Mapping[str, Sequence[str]]) -> int:
    known = {catalogue.name for catalogue in get_catalogues()}
    return sum(reindex_objects(name, ids) for name, ids in object_ids.items() if name in known)
