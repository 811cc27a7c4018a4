"""Behaviour: what visitors do, as browsers and the shop itself tell it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from django.db import DatabaseError, models, transaction
from django.http import HttpRequest
from django.utils import timezone

from shopreco.behaviour import exports, imports, log, personal_data
from shopreco.behaviour.automation import PERSON, automation_of
from shopreco.behaviour.consent import consent_of
from shopreco.behaviour.events import EventError, Sending, read_events, read_time
from shopreco.behaviour.files import READERS
from shopreco.behaviour.imports import ImportedEvents
from shopreco.behaviour.visitors import (
    Recognised,
    VisitorErased,
    key_of,
    recognise,
    token_of,
    user_of,
)
from shopreco.catalogues import catalogue_of, get_catalogue
from shopreco.db.routing import write_alias
from shopreco.exceptions import InvalidEvent
from shopreco.models import EventConsent, EventName, EventSource, Visitor

__all__ = [
    "EVENT_FORMATS",
    "EventError",
    "ImportedEvents",
    "Received",
    "consent_of",
    "erase_visitor",
    "event_counts",
    "event_labels",
    "export_events",
    "import_events",
    "receive_events",
    "track",
    "visitor_data",
]

logger = logging.getLogger(__name__)

EVENT_FORMATS = tuple(READERS)
"""Forms of files that `import_events` reads."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of the events of one request."""

    accepted: int = 0
    repeated: int = 0
    """Events that were taken in before: senders repeat what they have no answer to."""
    errors: Sequence[EventError] = ()
    remember: bool = False
    """Whether the visitor allows that something is kept on the device."""
    token: str = ""
    """What the visitor's cookie has to say; empty if there must be none."""


def receive_events(
    events: Sequence[object],
    *,
    request: HttpRequest,
    catalogue: str | None = None,
    sent_at: object = None,
) -> Received:
    """Take in the events that a browser sends: each once, however often it is sent.

    Args:
        events: objects as `POST events/` takes them; one that is wrong is an error of its own.
        request: says who sends them, and what they have allowed. The user is that of the session.
        catalogue: of the items; by default the first.
        sent_at: when they were sent, by the clock that their times are of.
    """
    consent = consent_of(request)
    visitor = None
    if consent == EventConsent.PERSONAL:
        try:
            visitor = recognise(token_of(request), user_of(request))
        except VisitorErased:
            errors = [
                EventError(n, "This visitor was erased.", "erased") for n in range(len(events))
            ]
            return Received(errors=errors)
    automation = automation_of(request.headers.get("User-Agent", ""))
    sending = Sending(
        catalogue=get_catalogue(catalogue).name,
        source=EventSource.BROWSER,
        received=timezone.now(),
        sent_at=read_time(sent_at),
        visitor_id=visitor.visitor_id if visitor else None,
        user_id=user_of(request),
        consent=consent,
        is_bot=automation.is_bot,
        is_agent=automation.is_agent,
    )
    reading = read_events(events, sending)
    written = log.write(reading.rows, sending)
    return Received(
        written.accepted,
        written.repeated + reading.repeated,
        reading.errors,
        consent != EventConsent.NONE,
        visitor.token if visitor else "",
    )


def track(
    name: str,
    items: Iterable[object] = (),
    *,
    request: HttpRequest | None = None,
    catalogue: str | None = None,
    user: Any = None,
    consent: str | None = None,
    time: datetime | None = None,
    **fields: Any,
) -> bool:
    """Record what the shop itself knows that a visitor did: a purchase that is paid, above all.

        services.track(
            "purchase",
            [(line.product, line.quantity, line.price) for line in order.lines.all()],
            request=request, transaction_id=order.number, value=order.total, currency="EUR",
        )

    The same order is one purchase, however often it is reported; what the browser reports of it is
    merged into it. Inside a transaction it is recorded if the transaction commits. It never breaks
    what calls it: what the database refuses is logged.

    Args:
        name: of the event, as Google Analytics 4 calls it, such as "purchase" or "refund".
        items: objects of the shop, their keys, or tuples of one of these, a quantity and a price.
        request: where there is one: says who it is, and what they have allowed.
        catalogue: of the items; by default that of the first object, else the first.
        user: of the shop, where there is no request. Kept if `consent` is "personal".
        consent: what they have allowed, where there is no request: "none", "statistics" or
            "personal".
        fields: as `POST events/` takes them: `transaction_id`, `value`, `currency`, `uuid`, …

    Returns:
        Whether it is new.

    Raises:
        InvalidEvent: a field that is none, or cannot be what it is.
    """
    listed = list(items)
    objects = [each for each in map(_object_of, listed) if isinstance(each, models.Model)]
    shop = catalogue_of(objects[0]) if objects and not catalogue else get_catalogue(catalogue)
    allowed = EventConsent(consent or (consent_of(request) if request else EventConsent.NONE))
    automation = automation_of(request.headers.get("User-Agent", "")) if request else PERSON
    event = {**fields, "name": name, "items": [_item(each) for each in listed]}
    try:
        with transaction.atomic(using=write_alias()):
            visitor = _recognised(request, allowed)
            sending = Sending(
                catalogue=shop.name,
                source=EventSource.SERVER,
                received=timezone.now(),
                visitor_id=visitor.visitor_id if visitor else None,
                user_id=_key(user) if user is not None else user_of(request),
                consent=allowed,
                is_bot=automation.is_bot,
                is_agent=automation.is_agent,
            )
            if time is not None:
                event["time"] = time.isoformat()
            reading = read_events([event], sending)
            for error in reading.errors:
                raise InvalidEvent(error.detail)
            return bool(log.write(reading.rows, sending).accepted)
    except DatabaseError:
        logger.exception("the event %s was not recorded", name)
        return False


def import_events(
    file: BinaryIO,
    format: str,
    *,
    consent: str,
    catalogue: str | None = None,
    progress: Callable[[ImportedEvents], None] | None = None,
) -> ImportedEvents:
    """Take in the events of a file. It may be read again: what was there is not there twice.

    Args:
        format: "csv", "jsonl" (also the BigQuery export of Google Analytics 4), or "inter".
        consent: what those in the file have allowed: "none", "statistics" or "personal".
        catalogue: of the items; by default the first.

    Raises:
        EventFileError: the file is of no such form. Lines that are wrong are errors of their own.
    """
    return imports.import_events(
        READERS[format](file),
        catalogue=get_catalogue(catalogue).name,
        consent=EventConsent(consent),
        now=timezone.now(),
        progress=progress,
    )


def export_events() -> Iterator[dict[str, Any]]:
    """All events, the oldest first, as `import_events` reads them from JSON lines."""
    return exports.all_events()


def event_labels() -> dict[str, str]:
    """What people call the events that are understood, by name, in the language of the moment."""
    return {name: str(label) for name, label in EventName.choices}


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


def event_counts(visitors: Sequence[Visitor]) -> dict[int, int]:
    """The number of events of each visitor, by key."""
    return personal_data.event_counts(visitors)


def _person(
    request: HttpRequest | None, user: Any, visitor: Visitor | None
) -> tuple[list[Visitor], str]:
    """The visitors that somebody is, and the key of the user."""
    user_id = _key(user) if user is not None else user_of(request)
    known = Visitor.objects.using(write_alias()).filter(erased_at=None)
    if visitor is None and request is not None and (token := token_of(request)):
        visitor = known.filter(key=key_of(token)).first()
    found = personal_data.visitors_of_user(user_id) if user_id else []
    if visitor is not None:
        found += personal_data.visitors_of(visitor)
    return list({each.pk: each for each in found}.values()), user_id


def _recognised(request: HttpRequest | None, consent: EventConsent) -> Recognised | None:
    """Who a request is of. None is made who has no cookie: no answer would bring it."""
    if request is None or consent != EventConsent.PERSONAL or not (token := token_of(request)):
        return None
    try:
        return recognise(token, user_of(request))
    except VisitorErased:
        return None


def _key(user: Any) -> str:
    return str(user.pk)


def _object_of(given: object) -> object:
    return given[0] if isinstance(given, tuple) else given


def _item(given: object) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    found, *more = given if isinstance(given, tuple) else (given,)
    key = str(found.pk) if isinstance(found, models.Model) else found
    return {"item_id": key, **dict(zip(("quantity", "price"), more, strict=False))}
