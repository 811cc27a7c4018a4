"""Visitors: recognised by a first-party cookie, merged at login, and erased."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from django.db import connections
from django.http import HttpRequest

from shopreco.conf import get_settings
from shopreco.db.routing import write_alias
from shopreco.models import Visitor

_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)

SEEN = """
    INSERT INTO shopreco_visitor (key, user_id) VALUES (%s, '')
    ON CONFLICT (key) DO UPDATE SET version = shopreco_visitor.version + 1, seen_at = now()
    WHERE shopreco_visitor.erased_at IS NULL
    RETURNING id, user_id
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


def key_of(token: str) -> UUID:
    """The key of the visitor whose cookie says `token`."""
    return UUID(bytes=sha256(token.encode()).digest()[:16])


def user_of(request: HttpRequest | None) -> str:
    """The key of the shop's user who is signed in; empty where nobody is."""
    user = getattr(request, "user", None)
    return str(user.pk) if user is not None and user.is_authenticated else ""


def recognise(token: str, user_id: str = "") -> Recognised:
    """Note that a visitor was seen, and return who it is. A first visit makes a visitor.

    A user who logs in is merged with the visitor that the user was before. A browser that another
    user has used becomes another visitor.

    Raises:
        VisitorErased: they asked to be forgotten.
    """
    token = token or secrets.token_hex(16)
    visitor_id, known_as = _seen(token)
    if user_id and known_as and known_as != user_id:
        token = secrets.token_hex(16)
        visitor_id, known_as = _seen(token)
        _merge(visitor_id, user_id)
    elif user_id and not known_as:
        _merge(visitor_id, user_id)
    return Recognised(visitor_id, token)


def _seen(token: str) -> tuple[int, str]:
    """The visitor's id, and the user that it was known as before."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(SEEN, [key_of(token)])
        row = cursor.fetchone()
    if row is None:
        raise VisitorErased
    return int(row[0]), str(row[1])


def _merge(visitor_id: int, user_id: str) -> None:
    """Note whose browser it is; what the user did elsewhere and here becomes one profile."""
    visitors = Visitor.objects.using(write_alias())
    first = (
        visitors.filter(user_id=user_id, merged_into=None, erased_at=None)
        .exclude(pk=visitor_id)
        .order_by("pk")
        .values_list("pk", flat=True)
        .first()
    )
    visitors.filter(pk=visitor_id, erased_at=None).update(user_id=user_id, merged_into=first)
