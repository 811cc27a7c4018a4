"""Hydration: read the live objects of ranked items for one visitor, in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import Any

import numpy as np
from django.db import connections, models
from django.http import HttpRequest
from numpy.typing import NDArray

from shopreco.answers.results import Result
from shopreco.catalogues import Catalogue
from shopreco.db.process_cache import KeyedCache
from shopreco.db.routing import read_alias
from shopreco.queries.prices import lowest_prices
from shopreco.retrieval.base import Candidates, Place


@dataclass(frozen=True, slots=True)
class Shown:
    """The results of a page; the other fields are as in `Hydrated`."""

    results: tuple[Result, ...]
    asked: int
    dropped: int
    gave_up: bool


def live_results(
    catalogue: Catalogue,
    request: HttpRequest | None,
    candidates: Candidates,
    *,
    offset: int,
    limit: int,
    collapse: bool,
) -> Shown:
    found = hydrate(
        catalogue,
        request,
        candidates.item_ids,
        candidates.group_ids,
        offset=offset,
        limit=limit,
        collapse=collapse,
    )
    shown = candidates.take(np.array([each.position for each in found.page], dtype=np.intp))
    scores = shown.scores.round(6).tolist()
    parts = {name: part.round(6).tolist() for name, part in shown.columns.items()}
    lowest = lowest_prices(shown.item_ids.tolist()) if collapse and catalogue.parent_field else {}
    results = tuple(
        Result(
            object=each.object,
            item_id=each.item_id,
            object_id=each.object_id,
            variant_id=each.variant_id,
            variant=each.variant,
            rank=offset + n + 1,
            score=scores[n],
            source=candidates.source,
            parts={name: part[n] for name, part in parts.items() if not isnan(part[n])},
            lowest_price=lowest.get(each.item_id),
        )
        for n, each in enumerate(found.page)
    )
    return Shown(results, found.asked, found.dropped, found.gave_up)


def live_part(
    catalogue: Catalogue, request: HttpRequest | None, candidates: Candidates, *, collapse: bool
) -> Candidates:
    """The candidates that the live queryset has for this visitor."""
    return candidates.take(live(catalogue, request, candidates.places, collapse=collapse))


MAX_HIDDEN = 5_000
"""Candidates that a page looks up at most beyond `offset + limit`, because some are not live."""


KEYS: KeyedCache[Place, tuple[str, str]] = KeyedCache(max_size=50_000)
"""Keys of an object and of its parent, by item and group. They do not change: an item that gets
another parent gets another group."""


@dataclass(frozen=True, slots=True)
class Live:
    """A ranked item with its live object.

    position: in the ranked list. variant: the live variant that matched, if the visitor may see it.
    """

    position: int
    item_id: int
    object: Any
    object_id: str
    variant_id: str
    variant: Any = None


@dataclass(frozen=True, slots=True)
class Hydrated:
    """A page of live objects.

    asked: number of candidates that were looked up. dropped: number of these that are not live.
    gave_up: whether the page is not full because too many are not live.
    """

    page: list[Live]
    asked: int
    dropped: int
    gave_up: bool


def hydrate(
    catalogue: Catalogue,
    request: HttpRequest | None,
    item_ids: NDArray[np.int64],
    group_ids: NDArray[np.int64],
    *,
    offset: int,
    limit: int,
    collapse: bool,
) -> Hydrated:
    """Read the page of live objects that begins after `offset` live ones.

    With `collapse` a variant is shown as its parent. Candidates that the live queryset lacks are
    skipped, in the same way for every page, so that pages neither overlap nor leave gaps. Where
    many are skipped, each round looks up twice as many.

    item_ids, group_ids: (n,), in order.
    """
    queryset = catalogue.get_live_queryset(request)
    page: list[Live] = []
    passed = asked = start = size = 0
    most = offset + limit + MAX_HIDDEN
    while start < len(item_ids) and len(page) < limit and start < most:
        ahead = offset - passed
        size = max(ahead + limit - len(page), 2 * size)
        part = slice(start, min(start + size, most))
        chunk = list(zip(item_ids[part].tolist(), group_ids[part].tolist(), strict=True))
        shown = _shown(chunk, collapse=collapse)
        if ahead > limit:
            # Far down the list, only keys are needed of the candidates before the page.
            keys = {key for key, _variant in shown.values()}
            found = dict.fromkeys(_live_pks(queryset, catalogue.to_pks(keys)))
        else:
            found = _objects(catalogue, queryset, shown.values())
        for position, (item_id, _group) in enumerate(chunk, start):
            if len(page) == limit:
                break
            asked += 1
            key, variant = shown.get(item_id, ("", ""))
            pk = catalogue.to_pk(key) if key else None
            if pk not in found or pk is None:
                continue
            if passed < offset:
                passed += 1
            else:
                seen = found.get(catalogue.to_pk(variant)) if variant else None
                page.append(Live(position, item_id, found[pk], key, variant, seen))
        start += len(chunk)
    dropped = asked - passed - len(page)
    gave_up = len(page) < limit and asked < len(item_ids)
    missing = [(each.object_id, each.variant_id) for each in page if each.object is None]
    if missing:
        objects = _objects(catalogue, queryset, missing)
        page = [
            each if each.object is not None else _with(each, catalogue, objects) for each in page
        ]
    return Hydrated([e for e in page if e.object is not None], asked, dropped, gave_up)


def _objects(
    catalogue: Catalogue, queryset: models.QuerySet[Any], keys: Iterable[tuple[str, str]]
) -> dict[Any, Any]:
    """Live objects and variants by primary key, in one query, since a page shows both."""
    return queryset.in_bulk(catalogue.to_pks(key for pair in keys for key in pair if key))


def _with(found: Live, catalogue: Catalogue, objects: dict[Any, Any]) -> Live:
    seen = objects.get(catalogue.to_pk(found.variant_id)) if found.variant_id else None
    return replace(found, object=objects.get(catalogue.to_pk(found.object_id)), variant=seen)


def live(
    catalogue: Catalogue, request: HttpRequest | None, items: Sequence[Place], *, collapse: bool
) -> NDArray[np.bool_]:
    """Whether this visitor may see each item, (n,). Reads keys alone, in one query."""
    shown = _shown(items, collapse=collapse)
    pks = {key: catalogue.to_pk(key) for key, _variant in shown.values()}
    seen = _live_pks(catalogue.get_live_queryset(request), pks.values())
    live_keys = {key for key, pk in pks.items() if pk in seen}
    return np.array(
        [item_id in shown and shown[item_id][0] in live_keys for item_id, _group in items],
        dtype=bool,
    )


def _live_pks(queryset: models.QuerySet[Any], pks: Iterable[Any]) -> set[Any]:
    asked = [pk for pk in pks if pk is not None]
    return set(queryset.filter(pk__in=asked).values_list("pk", flat=True)) if asked else set()


def _shown(places: Sequence[Place], *, collapse: bool) -> dict[int, tuple[str, str]]:
    """Key of the object to show and of the variant that matched, by item id."""
    return {
        item_id: (parent, key) if collapse and parent else (key, "")
        for (item_id, _group), (key, parent) in KEYS.get(places, _keys).items()
    }


def _keys(places: Sequence[Place]) -> dict[Place, tuple[str, str]]:
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            "SELECT id, group_id, object_id, parent_id FROM shopreco_item WHERE id = ANY(%s)",
            [[item_id for item_id, _group in places]],
        )
        return {(item, group): (key, parent) for item, group, key, parent in cursor.fetchall()}
