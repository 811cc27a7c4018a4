"""Reasons why a product is recommended: a shared value, a link, visual similarity, an anchor.

Every reason is backed by an edge that is sure and that nobody rejected, or by a visual similarity
above that of unrelated pictures of the shop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from django.db import connections, models
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shopreco.answers.hydration import hydrate, live
from shopreco.answers.results import Reason, Result
from shopreco.catalogues import Catalogue, Facet
from shopreco.catalogues.fields import SEPARATOR, Field
from shopreco.db.routing import read_alias
from shopreco.graph.names import kind_of
from shopreco.models import EmbeddingSpace, Item, Meaning, RelationType
from shopreco.models.relations import DEFAULT_RELATIONS
from shopreco.queries.conditions import Filters
from shopreco.queries.visibility import visible_to
from shopreco.retrieval import browse
from shopreco.retrieval.base import Anchor, Why
from shopreco.retrieval.links import INVERSE, Middle, middles

MAX_REASONS = 2
"""Reasons that a result carries; the rarest values come first."""
SURE_ENOUGH = 0.8
"""Confidence from which an extracted value is a reason before a person confirms it."""
DEVIATIONS = 2.0
"""Standard deviations above the mean of unrelated pictures, from which two look alike."""

YES_AND_NO = """
    yes no true false y n ja nein oui non sí si sim não sì да нет так ні tak nie áno ano nee nei nej
    kyllä ei igen nem da nu ναι όχι evet hayır ya tidak có không はい いいえ 예 네 아니요 아니오
    是 否 有 无 無 हाँ नहीं نعم لا כן לא
"""
ONLY_YES_OR_NO = frozenset(YES_AND_NO.split())
"""Values that say nothing without their attribute."""

LINKS: Mapping[str, Promise] = {
    Meaning.SAME: _("Another form of it"),
    Meaning.SUBSTITUTE: _("Can replace it"),
    Meaning.COMPLEMENT: _("Goes with it"),
    Meaning.ACCESSORY: _("An accessory for it"),
    Meaning.MAIN: _("What it is an accessory for"),
}
"""Words for a link from the seed to a result, by the meaning of its relation."""

WORDED = frozenset(relation.code for relation in DEFAULT_RELATIONS)

THROUGH: Mapping[str, Promise] = {
    Meaning.SUBSTITUTE: _("Can replace %(product)s"),
    Meaning.COMPLEMENT: _("Goes with %(product)s"),
    Meaning.ACCESSORY: _("An accessory for %(product)s"),
}
"""Words for a link to the result from a product between the two."""

BECAUSE: Mapping[Why, Promise] = {
    Why.GIVEN: _("Because of %(product)s"),
    Why.CART: _("Because %(product)s is in your cart"),
    Why.VIEWED: _("Because you viewed %(product)s"),
    Why.WISHED: _("Because you wished for %(product)s"),
    Why.CHOSEN: _("Because you put %(product)s into your cart"),
    Why.BOUGHT: _("Because you bought %(product)s"),
}
"""Words for what a block is about, by why it is."""

SURE = f"""
    {{edge}}.state <> 'rejected' AND (
        {{edge}}.provenance <> 'extracted' OR {{edge}}.state = 'confirmed'
        OR {{edge}}.weight >= {SURE_ENOUGH}
    )
"""
SHARED = f"""
    WITH mine AS MATERIALIZED (
        SELECT e.relation_id, e.target_id, t.label, t.holders
        FROM shopreco_node me JOIN shopreco_edge e ON e.source_id = me.id
        JOIN shopreco_relationtype r ON r.id = e.relation_id
        JOIN shopreco_node t ON t.id = e.target_id
        WHERE me.item_id = %s AND r.meaning = 'attribute' AND {SURE.format(edge="e")}
    )
    SELECT other.item_id, mine.relation_id, mine.label
    FROM shopreco_node other JOIN shopreco_edge theirs ON theirs.source_id = other.id
    JOIN mine ON mine.relation_id = theirs.relation_id AND mine.target_id = theirs.target_id
    WHERE other.item_id = ANY(%s) AND {SURE.format(edge="theirs")}
    ORDER BY mine.holders, mine.label
"""

LINKED = """
    SELECT CASE WHEN s.item_id = %s THEN t.item_id ELSE s.item_id END, r.meaning, s.item_id = %s
    FROM shopreco_node s JOIN shopreco_edge e ON e.source_id = s.id
    JOIN shopreco_relationtype r ON r.id = e.relation_id
    JOIN shopreco_node t ON t.id = e.target_id
    WHERE (s.item_id = %s AND t.item_id = ANY(%s) OR t.item_id = %s AND s.item_id = ANY(%s))
      AND e.state <> 'rejected'
    ORDER BY e.weight DESC, e.id
"""


def with_reasons(
    space: EmbeddingSpace,
    catalogue: Catalogue,
    request: HttpRequest | None,
    seed: models.Model,
    results: Sequence[Result],
) -> tuple[Result, ...]:
    """Add at most `MAX_REASONS` reasons to each result of a block beside `seed`.

    No reason names a product that this visitor may not see."""
    item = Item.objects.filter(catalogue=catalogue.name, object_id=str(seed.pk)).only("id").first()
    if item is None or not results:
        return tuple(results)
    item_ids = [result.item_id for result in results]
    found: dict[int, list[Reason]] = {item_id: [] for item_id in item_ids}
    title = catalogue.get_title(seed)
    links = _links(item.pk, title, item_ids)
    if further := {r.item_id for r in results if r.parts.get("graph")} - {i for i, _ in links}:
        links += _through(catalogue, request, item, sorted(further))
    for item_id, reason in [*links, *_shared(catalogue, item, item_ids)]:
        if reason not in found[item_id]:
            found[item_id].append(reason)
    alike = _alike(space)
    for result in results:
        if alike(result):
            reason = Reason("looks_alike", gettext("Looks alike"), title)
            found[result.item_id].insert(0, reason)
    return tuple(replace(r, reasons=tuple(found[r.item_id][:MAX_REASONS])) for r in results)


def with_anchors(
    catalogue: Catalogue,
    request: HttpRequest | None,
    because: Mapping[int, Anchor],
    results: Sequence[Result],
) -> tuple[Result, ...]:
    """Name the anchor that speaks for each result, if this visitor may see it.

    because: by item id; a result without an anchor gets no reason.
    """
    if not because:
        return tuple(results)
    anchors = {each.item_id: each for each in because.values()}
    seen = _visible(catalogue, request, anchors.values())
    ends: dict[int, list[int]] = {item_id: [] for item_id in seen}
    for item_id, anchor in because.items():
        if anchor.item_id in seen:
            ends[anchor.item_id].append(item_id)
    found = {}
    for anchor_id, item_ids in ends.items():
        anchor, obj = anchors[anchor_id], seen[anchor_id]
        title = catalogue.get_title(obj)
        texts = dict.fromkeys(item_ids, (f"because_{anchor.why}", BECAUSE[anchor.why]))
        if anchor.why in (Why.GIVEN, Why.CART):
            linked = reversed(_linked(anchor_id, item_ids))
            texts |= {i: (f"through_{m}", THROUGH[m]) for i, m in linked if m in THROUGH}
        for item_id, (code, text) in texts.items():
            said = str(text) % {"product": title}
            found[item_id] = Reason(code, said, title, str(obj.pk), catalogue.get_url(obj))
    return tuple(
        replace(r, reasons=(found[r.item_id],)) if r.item_id in found else r for r in results
    )


def _links(seed: int, title: str, item_ids: Sequence[int]) -> list[tuple[int, Reason]]:
    return [
        (item_id, Reason(f"link_{meaning}", str(LINKS[meaning]), title))
        for item_id, meaning in _linked(seed, item_ids)
        if meaning in LINKS
    ]


def _linked(seed: int, item_ids: Sequence[int]) -> list[tuple[int, str]]:
    """What items are to the seed by links, the surest first."""
    me, others = seed, list(item_ids)
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(LINKED, [me, me, me, others, me, others])
        rows = cursor.fetchall()
    return [
        (item_id, meaning if outgoing else INVERSE.get(meaning, meaning))
        for item_id, meaning, outgoing in rows
    ]


def _through(
    catalogue: Catalogue, request: HttpRequest | None, seed: Item, item_ids: Sequence[int]
) -> list[tuple[int, Reason]]:
    visible = Filters(visible=visible_to(catalogue, request))
    between = middles(seed.pk, item_ids, visible)
    places = [(each.item_id, each.group_id) for each in between]
    seen = live(catalogue, request, places, collapse=False)
    best: dict[int, Middle] = {}
    for each, is_seen in zip(between, seen, strict=True):
        if is_seen:
            best.setdefault(each.end, each)
    worded = [each for each in best.values() if each.meaning in THROUGH]
    title_of = _titles(catalogue, request, worded)
    return [
        (
            each.end,
            Reason(
                f"through_{each.meaning}",
                str(THROUGH[each.meaning]) % {"product": title_of[each.item_id]},
                title_of[each.item_id],
            ),
        )
        for each in worded
        if each.item_id in title_of
    ]


def _visible(
    catalogue: Catalogue, request: HttpRequest | None, anchors: Iterable[Anchor]
) -> dict[int, Any]:
    """The objects of those anchors that this visitor may see, by item id."""
    places = np.array([each[:2] for each in anchors], dtype=np.int64).reshape(-1, 2)
    visible = Filters(visible=visible_to(catalogue, request))
    places = places[browse.passing(places[:, 0], visible)]
    found = hydrate(
        catalogue,
        request,
        *(places[:, 0], places[:, 1]),
        offset=0,
        limit=len(places),
        collapse=False,
    )
    return {each.item_id: each.object for each in found.page}


def _titles(
    catalogue: Catalogue, request: HttpRequest | None, products: Iterable[Middle]
) -> dict[int, str]:
    """What the shop calls each product, in the visitor's language, by item id."""
    places = sorted({(each.item_id, each.group_id) for each in products})
    item_ids = np.array([item_id for item_id, _group in places], dtype=np.int64)
    group_ids = np.array([group_id for _item, group_id in places], dtype=np.int64)
    found = hydrate(
        catalogue, request, item_ids, group_ids, offset=0, limit=len(places), collapse=False
    )
    return {each.item_id: catalogue.get_title(each.object) for each in found.page}


def _shared(catalogue: Catalogue, seed: Item, item_ids: Sequence[int]) -> list[tuple[int, Reason]]:
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(SHARED, [seed.pk, list(item_ids)])
        rows = cursor.fetchall()
    relations = RelationType.objects.in_bulk({relation_id for _, relation_id, _ in rows})
    return [
        (item_id, _same(catalogue, relations[relation_id], value))
        for item_id, relation_id, value in rows
        if value.casefold() not in ONLY_YES_OR_NO and _has_words(catalogue, relations[relation_id])
    ]


def _has_words(catalogue: Catalogue, relation: RelationType) -> bool:
    """Whether a relation has words for shoppers. A raw key such as `strap_bags` is not one."""
    kind = relation.code.removeprefix("has_")
    labelled = {kind_of(n) for n, each in catalogue.fields.items() if _is_labelled(each)}
    named_otherwise = kind_of(relation.label) != kind_of(kind)
    return bool(relation.code in WORDED or relation.label_zh or named_otherwise or kind in labelled)


def _is_labelled(declared: Field) -> bool:
    return isinstance(declared, Facet) and declared.has_label


def _same(catalogue: Catalogue, relation: RelationType, value: str) -> Reason:
    name = relation.code.removeprefix("has_").removeprefix("in_")
    # Of a category only the name of the shared level, without the path above it.
    shown = catalogue.get_value_label(name, value.rpartition(SEPARATOR)[2])
    if relation.code == "belongs_to":
        text = gettext("From the same collection: %(value)s") % {"value": shown}
    else:
        text = gettext("Same %(what)s: %(value)s") % {"what": relation.get_label(), "value": shown}
    return Reason(f"same_{name}", text, value)


def _alike(space: EmbeddingSpace) -> Callable[[Result], bool]:
    unrelated = space.statistics.unrelated_pictures
    if unrelated is None:
        return lambda _result: False
    floor = unrelated.mean + DEVIATIONS * unrelated.deviation
    return lambda result: result.parts.get("looks", -1.0) >= floor
