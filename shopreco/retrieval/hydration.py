"""From item ids to the shop's live objects, for this visitor, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections, router
from django.http import HttpRequest

from shopreco.catalogues import Catalogue
from shopreco.models import Item
from shopreco.process_cache import Kept

SPARE = 8
"""Candidates read beyond what is missing, once it has turned out that some are hidden by now."""


Place = tuple[int, int]
"""An item and its group."""

KEYS: Kept[Place, tuple[str, str]] = Kept(most=50_000)
"""The keys of an object and of its parent. They do not change: an item that gets another parent is
of another group."""


@dataclass(frozen=True, slots=True)
class Live:
    """An item of the index with its live object; `position` in the ranked list."""

    position: int
    item_id: int
    object: Any
    object_id: str
    variant_id: str


def hydrate(
    catalogue: Catalogue,
    request: HttpRequest | None,
    items: Sequence[Place],
    *,
    offset: int,
    limit: int,
    collapse: bool,
) -> list[Live]:
    """The page of live objects that begins after `offset` live ones.

    With `collapse` a variant is shown as its parent. Candidates that the live queryset does not
    have are passed over, the same way for every page, so that pages neither overlap nor gap.
    """
    queryset = catalogue.get_live_queryset(request)
    page: list[Live] = []
    passed = 0
    start = 0
    while start < len(items) and len(page) < limit:
        spare = SPARE if start else 0
        chunk = items[start : start + offset - passed + limit - len(page) + spare]
        shown = _shown(chunk, collapse=collapse)
        ahead = offset - passed
        if ahead > limit:
            # Far down the list only the keys of what lies before are needed.
            pks = catalogue.to_pks(key for key, _variant in shown.values())
            live = dict.fromkeys(queryset.filter(pk__in=pks).values_list("pk", flat=True))
        else:
            live = queryset.in_bulk(catalogue.to_pks(key for key, _variant in shown.values()))
        for position, (item_id, _group) in enumerate(chunk, start):
            key, variant = shown.get(item_id, ("", ""))
            pk = catalogue.to_pk(key) if key else None
            if pk not in live or pk is None:
                continue
            if passed < offset:
                passed += 1
            elif len(page) < limit:
                page.append(Live(position, item_id, live[pk], key, variant))
        start += len(chunk)
    missing = [catalogue.to_pk(each.object_id) for each in page if each.object is None]
    if missing:
        objects = queryset.in_bulk(missing)
        page = [
            Live(e.position, e.item_id, obj, e.object_id, e.variant_id)
            for e in page
            if (obj := e.object or objects.get(catalogue.to_pk(e.object_id))) is not None
        ]
    return page


def _shown(places: Sequence[Place], *, collapse: bool) -> dict[int, tuple[str, str]]:
    """Key of the object to show and of the variant that matched, by item id."""
    return {
        item_id: (parent, key) if collapse and parent else (key, "")
        for (item_id, _group), (key, parent) in KEYS.get(places, _keys).items()
    }


def _keys(places: Sequence[Place]) -> dict[Place, tuple[str, str]]:
    with connections[router.db_for_read(Item)].cursor() as cursor:
        cursor.execute(
            "SELECT id, group_id, object_id, parent_id FROM shopreco_item WHERE id = ANY(%s)",
            [[item_id for item_id, _group in places]],
        )
        return {(item, group): (key, parent) for item, group, key, parent in cursor.fetchall()}
