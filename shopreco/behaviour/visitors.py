"""Visitors: recognised by a first-party cookie, merged at login, taken apart again."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from django.db import connections, transaction
from django.db.models import F, Q
from django.http import HttpRequest

from shopreco.conf import get_settings
from shopreco.db.routing import write_alias
from shopreco.models import Visitor

_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)

SEEN = """
    INSERT INTO shopreco_visitor (key, user_id) VALUES (%s, '')
    ON CONFLICT (key) DO UPDATE SET version = shopreco_visitor.version + 1, seen_at = now()
    WHERE shopreco_visitor.erased_at IS NULL
    RETURNING id, user_id, apart_from
"""
"""Nothing is returned for an erased visitor, also not for one who is being erased right now."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who sends a request. token: what the cookie has to say from now on."""

    visitor_id: int
    token: str


class VisitorErased(Exception):
    """The visitor was erased: nothing more is kept of them."""


def token_of(request: HttpRequest) -> str:
    """What the visitor's cookie says; empty without a valid one."""
    token = request.COOKIES.get(get_settings().VISITOR_COOKIE, "")
    return token if _TOKEN.fullmatch(token) else ""


def user_of(request: HttpRequest | None) -> str:
    """The key of the shop's user who is signed in; empty if nobody is."""
    user = getattr(request, "user", None)
    return user_key(user) if user is not None and user.is_authenticated else ""


def user_key(user: object) -> str:
    """The key of a user of the shop, who may be given by the key."""
    return str(getattr(user, "pk", user))


def key_of(token: str) -> UUID:
    """The key of the visitor whose cookie says `token`."""
    return UUID(bytes=sha256(token.encode()).digest()[:16])


def recognise(token: str, user_id: str = "") -> Recognised:
    """Note that a visitor was seen, and return who it is. A first visit makes a visitor.

    A user who logs in is merged with the visitor that the user was before. A browser that another
    user has used becomes another visitor.

    Raises:
        VisitorErased: they asked to be forgotten.
    """
    token = token or secrets.token_hex(16)
    visitor_id, known_as, apart_from = _seen(token)
    if user_id and known_as and known_as != user_id:
        token = secrets.token_hex(16)
        visitor_id, known_as, apart_from = _seen(token)
    if user_id and not known_as and user_id != apart_from:
        merge(visitor_id, user_id)
    return Recognised(visitor_id, token)


def _seen(token: str) -> tuple[int, str, str]:
    """The visitor's id, the user that it was known as before, and whom it is kept apart from."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(SEEN, [key_of(token)])
        row = cursor.fetchone()
    if row is None:
        raise VisitorErased
    return int(row[0]), str(row[1]), str(row[2])


def merge(visitor_id: int, user_id: str) -> None:
    """Note whose browser it is; what the user did elsewhere and here becomes one profile.

    Whoever has opted out anywhere has done so everywhere."""
    with transaction.atomic(using=write_alias()):
        visitors = Visitor.objects.using(write_alias()).filter(erased_at=None)
        others = visitors.select_for_update().filter(user_id=user_id).exclude(pk=visitor_id)
        roots = [each.pk for each in others.order_by("pk") if each.merged_into_id is None]
        visitors.filter(pk=visitor_id).update(
            user_id=user_id,
            merged_into=roots[0] if roots else None,
            apart_from="",
            version=F("version") + 1,
        )
        if visitors.filter(user_id=user_id, opted_out=True).exists():
            visitors.filter(user_id=user_id).update(opted_out=True)


def take_apart(visitor: Visitor) -> None:
    """Take a browser out of the profile of its user, and keep it out until it is merged again.

    What was done there stays with the browser, and is of nobody; what the user did elsewhere stays
    one profile. Events of the user's account stay events of the user."""
    with transaction.atomic(using=write_alias()):
        visitors = Visitor.objects.using(write_alias())
        first = visitor.merged_into_id or visitor.pk
        # In the order of their keys, so that two who do it at once wait for each other.
        person = list(
            visitors.select_for_update()
            .filter(Q(pk=first) | Q(merged_into=first), erased_at=None)
            .order_by("pk")
        )
        rest = [each.pk for each in person if each.pk != visitor.pk]
        if first == visitor.pk and rest:
            visitors.filter(pk__in=rest).update(merged_into=rest[0])
            visitors.filter(pk=rest[0]).update(merged_into=None)
        visitors.filter(pk=visitor.pk, erased_at=None).update(
            user_id="", merged_into=None, apart_from=F("user_id")
        )
        visitors.filter(pk__in=[visitor.pk, *rest]).update(version=F("version") + 1)
