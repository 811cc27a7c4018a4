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

from shopreco.answers.placements import recipes_of
from shopreco.behaviour import exports, imports, log, parquet, readiness, senders
from shopreco.behaviour.automation import PERSON, automation_of
from shopreco.behaviour.consent import consent_of
from shopreco.behaviour.events import EventError, Sending, read_events, read_time
from shopreco.behaviour.files import READERS
from shopreco.behaviour.imports import ImportedEvents
from shopreco.behaviour.readiness import EventFaults, SourceReadiness
from shopreco.behaviour.senders import DoubleSender
from shopreco.behaviour.visitors import (
    Recognised,
    VisitorErased,
    recognise,
    token_of,
    user_key,
    user_of,
)
from shopreco.catalogues import catalogue_of, get_catalogue
from shopreco.db.routing import write_alias
from shopreco.exceptions import InvalidEvent
from shopreco.models import EventConsent, EventName, EventSource

__all__ = [
    "EVENT_FORMATS",
    "BlockReadiness",
    "DataReadiness",
    "DoubleSender",
    "EventError",
    "EventFaults",
    "ImportedEvents",
    "Received",
    "SourceReadiness",
    "consent_of",
    "data_readiness",
    "double_senders",
    "event_labels",
    "export_events",
    "export_parquet",
    "import_events",
    "receive_events",
    "track",
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


@dataclass(frozen=True, slots=True)
class BlockReadiness:
    """How much data a source of a block has and needs, and which sources fill the block without.

    placement: empty where no block has the source."""

    source: SourceReadiness
    placement: str = ""
    instead: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class DataReadiness:
    """What behaviour says enough of, and what is wrong with the events."""

    catalogue: str
    blocks: Sequence[BlockReadiness]
    faults: EventFaults
    double_senders: Sequence[DoubleSender]
    """Of all catalogues."""


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
                user_id=user_key(user) if user is not None else user_of(request),
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


def export_parquet(file: BinaryIO) -> int:
    """Write all events to a Parquet file, the oldest first; return their number.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """
    return parquet.write(exports.all_events(), file)


def double_senders() -> Sequence[DoubleSender]:
    """Pairs of senders that have reported the same events within the last day, such as a script of
    a tag manager and shopreco's own. Counted twice is what both send: switch one of them off."""
    return senders.double_senders(timezone.now())


def data_readiness(catalogue: str | None = None) -> DataReadiness:
    """How much data the blocks have that are made of behaviour, and what is wrong with the events.

    catalogue: by default the first.
    """
    name = get_catalogue(catalogue).name
    recipes, blocks = recipes_of(name).values(), []
    for source in readiness.sources(name, timezone.now()):
        used = [
            BlockReadiness(source, each.name, order[order.index(source.source) + 1 :])
            for each in recipes
            if source.source in (order := (*each.sources, *each.fallback))
        ]
        blocks += used or [BlockReadiness(source)]
    return DataReadiness(name, blocks, readiness.faults(name), double_senders())


def event_labels() -> dict[str, str]:
    """What people call the events that are understood, by name, in the language of the moment."""
    return {name: str(label) for name, label in EventName.choices}


def _recognised(request: HttpRequest | None, consent: EventConsent) -> Recognised | None:
    """Who a request is of. None is made who has no cookie: no answer would bring it."""
    if request is None or consent != EventConsent.PERSONAL or not (token := token_of(request)):
        return None
    try:
        return recognise(token, user_of(request))
    except VisitorErased:
        return None


def _object_of(given: object) -> object:
    return given[0] if isinstance(given, tuple) else given


def _item(given: object) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    found, *more = given if isinstance(given, tuple) else (given,)
    key = str(found.pk) if isinstance(found, models.Model) else found
    return {"item_id": key, **dict(zip(("quantity", "price"), more, strict=False))}
