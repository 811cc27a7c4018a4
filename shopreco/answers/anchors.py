"""Anchors: what a block is about, as the page, the cart or the visitor's history says."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import models
from django.http import HttpRequest
from django.utils.module_loading import import_string

from shopreco.answers.block_requests import BlockRequest
from shopreco.behaviour.consent import consent_of, refuses
from shopreco.behaviour.history import History, history_of
from shopreco.behaviour.visitors import key_of, token_of, user_of
from shopreco.catalogues import Catalogue, catalogue_of
from shopreco.conf import get_settings
from shopreco.db.routing import write_alias
from shopreco.models import EventConsent, EventName, Item
from shopreco.models.placements import AnchorKind
from shopreco.queries.limits import MAX_ANCHORS, MAX_EXCLUDED
from shopreco.retrieval.base import Anchor, Place, Why
from shopreco.stages import StageLog, StageName, savepoint

logger = logging.getLogger(__name__)

FADING = 0.7
"""What an anchor weighs of the one that came after it in time: what ranks content best."""
INTEREST = {
    EventName.VIEW_ITEM: (Why.VIEWED, 1.0),
    EventName.ADD_TO_WISHLIST: (Why.WISHED, 2.0),
    EventName.ADD_TO_CART: (Why.CHOSEN, 3.0),
    EventName.PURCHASE: (Why.BOUGHT, 1.0),
}
"""By event: what it makes of an item, and how much it says."""


class Interest(NamedTuple):
    """An object that a block is about, before it is known whether it is indexed."""

    object_id: str
    why: Why
    weight: float


class About(NamedTuple):
    """What a block is about, the latest first, and what else it must not show."""

    anchors: tuple[Anchor, ...] = ()
    left_out: tuple[Place, ...] = ()


def about(request: BlockRequest, log: StageLog) -> About:
    """Find out what a block is about. A history or cart that cannot be read is empty."""
    recipe, history, cart = request.recipe, History(), []
    from_visitor = recipe.anchors if request.seeds is None else ""
    if recipe.hides_owned or from_visitor in (AnchorKind.HISTORY, AnchorKind.PURCHASES):
        with log.stage(StageName.HISTORY, optional=True):
            history = _history(request.visitor, request.catalogue)
    if recipe.hides_owned or from_visitor == AnchorKind.CART:
        with log.stage(StageName.CART, optional=True):
            cart = _cart(request.visitor, request.catalogue)
    match from_visitor:
        case AnchorKind.CART:
            found = [Interest(key, Why.CART, 1.0) for key in cart]
        case AnchorKind.HISTORY:
            found = [] if history.is_refused else _interests(request.recent, history)
        case AnchorKind.PURCHASES:
            found = _fading((key, Why.BOUGHT, 1.0) for key in history.bought)
        case _:
            why = Why.CART if recipe.anchors == AnchorKind.CART else Why.GIVEN
            found = [Interest(str(each.pk), why, 1.0) for each in request.seeds or ()]
    found = found[:MAX_ANCHORS]
    owned = {*cart, *history.bought} if recipe.hides_owned else set()
    unwanted = request.exclude | owned
    known = _places(request.catalogue, {*unwanted, *(each.object_id for each in found)})
    left_out = tuple(known[key] for key in unwanted if key in known)
    return About(_anchors(found, known), left_out)


def _history(request: HttpRequest | None, catalogue: Catalogue) -> History:
    """What the sender of a request did, if they allow personal ranking."""
    if request is None:
        return History()
    if refuses(request):
        return History(is_refused=True)
    if consent_of(request) != EventConsent.PERSONAL:
        return History()
    token, user = token_of(request), user_of(request)
    if not token and not user:
        return History()
    with savepoint(write_alias()):
        return history_of(key_of(token) if token else None, user, catalogue.name)


def _cart(request: HttpRequest | None, catalogue: Catalogue) -> list[str]:
    """Keys of what is in the cart, as the function that `CART` names says; without one, nothing."""
    path = get_settings().CART
    if not path or request is None:
        return []
    given: list[Any] = list(import_string(path)(request))[:MAX_EXCLUDED]
    keys = [
        str(each.pk if isinstance(each, models.Model) else each)
        for each in given
        if not isinstance(each, models.Model) or catalogue_of(each) is catalogue
    ]
    return list(dict.fromkeys(keys))


def _interests(recent: Iterable[str], history: History) -> list[Interest]:
    """What somebody did, the latest first. recent: what the page itself remembers as viewed."""
    viewed = ((key, Why.VIEWED, 1.0) for key in recent)
    acted = ((act.object_id, *INTEREST[EventName(act.name)]) for act in history.acts)
    return _fading([*viewed, *acted])


def _fading(acts: Iterable[tuple[str, Why, float]]) -> list[Interest]:
    """One interest for each object, of acts from the latest to the first. It fades with each
    object that came after it; its reason is its weightiest act."""
    found: dict[str, Interest] = {}
    faded: dict[str, float] = {}
    for key, why, weight in acts:
        faded.setdefault(key, FADING ** len(faded))
        each = Interest(key, why, weight * faded[key])
        if key not in found or each.weight > found[key].weight:
            found[key] = each
    return list(found.values())


def _places(catalogue: Catalogue, keys: Iterable[str]) -> dict[str, Place]:
    """Item and group by key, of those that are indexed."""
    asked = list(keys)
    if not asked:
        return {}
    rows = Item.objects.indexed().filter(catalogue=catalogue.name, object_id__in=asked)
    return {
        key: (item, group) for key, item, group in rows.values_list("object_id", "id", "group_id")
    }


def _anchors(found: Iterable[Interest], known: dict[str, Place]) -> tuple[Anchor, ...]:
    """One anchor for each group, since variants are one product."""
    by_group: dict[int, Anchor] = {}
    for each in found:
        if each.object_id in known:
            item_id, group_id = known[each.object_id]
            by_group.setdefault(group_id, Anchor(item_id, group_id, each.weight, each.why))
    total = sum(each.weight for each in by_group.values())
    return tuple(each._replace(weight=each.weight / total) for each in by_group.values())
