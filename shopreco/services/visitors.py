"""Visitors: what is kept of somebody, whose browser it is, and what they have chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpRequest

from shopreco.behaviour import personal_data
from shopreco.behaviour.consent import consent_of
from shopreco.behaviour.personal_data import VisitorStatus
from shopreco.behaviour.visitors import (
    VisitorErased,
    key_of,
    merge,
    recognise,
    take_apart,
    token_of,
    user_key,
    user_of,
)
from shopreco.db.routing import write_alias
from shopreco.models import EventConsent, Visitor

__all__ = [
    "VisitorStatus",
    "erase_visitor",
    "event_counts",
    "merge_visitor",
    "opt_in",
    "opt_out",
    "unmerge_visitor",
    "visitor_data",
    "visitor_status",
]


def visitor_data(
    request: HttpRequest | None = None, *, user: Any = None, visitor: Visitor | None = None
) -> Iterator[dict[str, Any]]:
    """All that is kept of whoever sends a request, of a user of the shop, or of a visitor.

    Yields objects for JSON: `kind` is "visitor" or "event".
    """
    return personal_data.export(*_person(request, user, visitor))


def erase_visitor(
    request: HttpRequest | None = None, *, user: Any = None, visitor: Visitor | None = None
) -> int:
    """Erase all that is kept of whoever sends a request, of a user of the shop, or of a visitor.

    Events that arrive late are refused. Returns the number of events that are gone.
    """
    return personal_data.erase(*_person(request, user, visitor))


def visitor_status(
    request: HttpRequest | None = None, *, user: Any = None, visitor: Visitor | None = None
) -> VisitorStatus:
    """What there is of whoever sends a request, of a user of the shop, or of a visitor."""
    return personal_data.status(*_person(request, user, visitor))


def opt_out(
    request: HttpRequest | None = None, *, user: Any = None, visitor: Visitor | None = None
) -> bool:
    """Switch personal ranking off for somebody, in all browsers that are merged.

    Returns whether there is somebody: who is not remembered has nothing that ranks for them.
    """
    return personal_data.set_opted_out(_person(request, user, visitor)[0], True) > 0


def opt_in(
    request: HttpRequest | None = None, *, user: Any = None, visitor: Visitor | None = None
) -> bool:
    """Switch personal ranking on again. Returns whether there is somebody."""
    return personal_data.set_opted_out(_person(request, user, visitor)[0], False) > 0


def merge_visitor(request: HttpRequest) -> str:
    """Make this browser one with the others of the user who is signed in, at once.

    The first event after a login does the same, unless the browser was taken apart.

    Returns:
        What the visitor's cookie has to say from now on; empty if nobody is signed in, or does not
        allow to be remembered.
    """
    user_id = user_of(request)
    if not user_id or consent_of(request) != EventConsent.PERSONAL:
        return ""
    try:
        found = recognise(token_of(request), user_id)
    except VisitorErased:
        return ""
    merge(found.visitor_id, user_id)
    return found.token


def unmerge_visitor(request: HttpRequest | None = None, *, visitor: Visitor | None = None) -> bool:
    """Take this browser, or a visitor, out of the profile of its user: somebody else has used it.

    It stays apart until `merge_visitor`, also if the user signs in there.

    Returns:
        Whether it was part of a profile.
    """
    if visitor is None and request is not None and (token := token_of(request)):
        visitor = Visitor.objects.using(write_alias()).filter(key=key_of(token)).first()
    if visitor is None or not visitor.user_id:
        return False
    take_apart(visitor)
    return True


def event_counts(visitors: Sequence[Visitor]) -> dict[int, int]:
    """The number of events of each visitor, by key."""
    return personal_data.event_counts(visitors)


def _person(
    request: HttpRequest | None, user: Any, visitor: Visitor | None
) -> tuple[list[Visitor], str]:
    """The visitors that somebody is, and the key of the user."""
    user_id = user_key(user) if user is not None else user_of(request)
    known = Visitor.objects.using(write_alias()).filter(erased_at=None)
    if visitor is None and request is not None and (token := token_of(request)):
        visitor = known.filter(key=key_of(token)).first()
    found = personal_data.visitors_of_user(user_id) if user_id else []
    if visitor is not None:
        found += personal_data.visitors_of(visitor)
    return list({each.pk: each for each in found}.values()), user_id
