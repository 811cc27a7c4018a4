"""Events as senders write them, read into rows: checked one by one, so that none spoils another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from math import isfinite
from typing import Any, Final, TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from shopreco.behaviour.vocabulary import name_of
from shopreco.models import EventConsent, EventName, EventSource

MAX_ITEMS: Final = 200
"""Items of one event."""
MAX_ARMS: Final = 20
"""Experiments that one event may name."""
MAX_QUANTITY: Final = 1_000_000
MAX_AMOUNT: Final = 1e11
TOLERANCE: Final = timedelta(seconds=2)
"""Difference of two clocks that is as well the time that a request took."""
MAX_SKEW: Final = timedelta(days=36_525)
"""Difference of two clocks from which what the sender's says is no time at all."""
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Times outside of which nothing happens that is an event."""
MAX_AGE: Final = timedelta(days=7)
"""Age from which a browser's event is refused. What is imported may be older."""

ORDERS: Final = uuid5(NAMESPACE_URL, "https://github.com/shopreco/shopreco#orders")
"""Namespace of the keys of purchases: one order is one purchase, whoever reports it."""

_CANONICAL = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
"""A UUID as `str` writes it."""

Row: TypeAlias = dict[str, Any]
"""What an event says of itself, by column of `Event`: as JSON has it, without what is empty."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What holds for all events of one request."""

    catalogue: str
    source: EventSource
    received: datetime
    sent_at: datetime | None = None
    """When they were sent, by the sender's clock."""
    visitor_id: int | None = None
    user_id: str = ""
    consent: EventConsent = EventConsent.NONE
    is_bot: bool = False
    is_agent: bool = False

    @property
    def skew(self) -> timedelta:
        """How much the sender's clock is behind that of the server."""
        behind = self.received - self.sent_at if self.sent_at else timedelta()
        return behind if TOLERANCE < abs(behind) < MAX_SKEW else timedelta()

    @property
    def person(self) -> Row:
        """Who it was, as far as they allow it to be kept."""
        if self.consent == EventConsent.NONE:
            return {}
        who = {"visitor_id": self.visitor_id, "user_id": self.user_id or None}
        return {name: key for name, key in who.items() if key is not None}


@dataclass(frozen=True, slots=True)
class EventError:
    """Why an event was not taken in. index: its place in the request, from 0."""

    index: int
    detail: str
    code: str = "invalid_event"


@dataclass(slots=True)
class Reading:
    """Events that were read: rows by their key, and what is wrong with the others."""

    rows: dict[str, Row] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    """Place of each row's event among those that were given."""
    errors: list[EventError] = field(default_factory=list)
    repeated: int = 0
    """Events whose key an event before them has."""


class InvalidEventField(ValueError):
    """A field of an event that cannot be what it is."""


def read_events(given: Sequence[object], sending: Sending) -> Reading:
    """Read the events of one request. One that is wrong is an error, and no obstacle to others."""
    reading, skew, person = Reading(), sending.skew, sending.person
    for index, event in enumerate(given):
        try:
            row = _row(event, sending, skew)
        except InvalidEventField as error:
            reading.errors.append(EventError(index, str(error)))
            continue
        key = row["uuid"]
        if key in reading.rows:
            reading.repeated += 1
        else:
            row.update(person)
            reading.rows[key], reading.places[key] = row, index
    return reading


def _row(event: object, sending: Sending, skew: timedelta) -> Row:
    if not isinstance(event, dict):
        raise InvalidEventField("an event is an object with `name` and, for products, `items`.")
    if isinstance(event.get("params"), dict):
        event = {**event["params"], **event}
    get = event.get
    given = get("name") or get("event") or get("eventType")
    name = name_of(given) if isinstance(given, str) else None
    if name is None:
        raise InvalidEventField(
            f"name: {given!r:.80} is no name of an event, such as `view_item` or `purchase`."
        )
    items = _items(get("items"))
    transaction_id = _text(get("transaction_id"), "transaction_id", 100)
    row: Row = {
        "uuid": _uuid(get("uuid"), name, transaction_id, items),
        "name": name,
        "time": _time(event, sending, skew).isoformat(),
        "items": items,
    }
    if transaction_id:
        row["transaction_id"] = transaction_id
    for field_name, given in event.items():
        if field_name in FIELDS and given is not None and given != "":
            column, read = FIELDS[field_name]
            row[column] = read(given, field_name)
    if sending.consent == EventConsent.NONE:
        row.pop("session", None)
    return row


def _uuid(given: object, name: str, transaction_id: str, items: list[Row]) -> str:
    """The key of an event. That of a purchase is its order's, for browser and server alike."""
    if name == EventName.PURCHASE:
        if not transaction_id:
            raise InvalidEventField(
                "transaction_id: a purchase needs the number of its order, so that it counts once."
            )
        return purchase_key(transaction_id)
    if given is None or given == "":
        if name == EventName.REFUND and transaction_id:
            return str(uuid5(ORDERS, f"refund {transaction_id} {items}"))
        return str(uuid4())
    if isinstance(given, str) and _CANONICAL.fullmatch(given):
        return given
    try:
        return str(UUID(str(given)))
    except ValueError:
        raise InvalidEventField(f"uuid: {given!r:.80} is no UUID.") from None


def purchase_key(transaction_id: str) -> str:
    """The key of the purchase of an order."""
    return str(uuid5(ORDERS, transaction_id))


def _time(event: Mapping[str, Any], sending: Sending, skew: timedelta) -> datetime:
    """When it happened by the server's clock: never in the future."""
    given = event.get("time") or event.get("timestamp_micros") or event.get("timestamp")
    if given is None or given == "":
        return sending.received
    stated = read_time(given)
    if stated is None or not EARLIEST < stated < LATEST:
        raise InvalidEventField(
            f"time: {given!r:.80} is no time. Write 2026-11-29T08:00:00Z, or milliseconds since "
            "1970."
        )
    happened = min(stated + skew, sending.received)
    if sending.source == EventSource.BROWSER and sending.received - happened > MAX_AGE:
        raise InvalidEventField(
            f"time: {given!r:.80} is more than {MAX_AGE.days} days ago. Import older events with "
            "`shopreco_events`."
        )
    return happened


def read_time(given: object) -> datetime | None:
    """Read ISO 8601, or a number of seconds, milliseconds or microseconds since 1970."""
    try:
        if isinstance(given, str) and not given.strip().isdigit():
            stated = datetime.fromisoformat(given.strip())
            return stated if stated.tzinfo else stated.replace(tzinfo=UTC)
        if isinstance(given, bool) or not isinstance(given, (str, int, float)):
            return None
        number = float(given)
        if not isfinite(number):
            return None
        for unit in (1e14, 1e11):
            if abs(number) >= unit:
                return datetime.fromtimestamp(number / (1e6 if unit == 1e14 else 1e3), UTC)
        return datetime.fromtimestamp(number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _items(given: object) -> list[Row]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise InvalidEventField("items: a list of objects with `item_id` is needed.")
    if len(given) > MAX_ITEMS:
        raise InvalidEventField(f"items: {len(given)} items; at most {MAX_ITEMS} are read.")
    return [_item(each) for each in given]


def _item(given: object) -> Row:
    if not isinstance(given, dict):
        given = {"item_id": given}
    get = given.get
    object_id = get("item_id") or get("id") or get("product_id")
    if isinstance(object_id, bool) or not isinstance(object_id, (str, int)):
        raise InvalidEventField(f"items: {object_id!r:.80} is no `item_id`.")
    item: Row = {"id": _text(str(object_id), "item_id", 255)}
    if (quantity := _whole(get("quantity"), "quantity", 1)) is not None:
        item["quantity"] = quantity
    if (price := _amount(get("price"), "price")) is not None:
        item["price"] = price
    if (position := _whole(get("position", get("index")), "position", 0)) is not None:
        item["position"] = position
    return item


def _text(given: object, name: str, longest: int, *, cut: bool = False) -> str:
    if type(given) is str and len(given) <= longest and given.isascii() and "\x00" not in given:
        return given
    if given is None:
        return ""
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        raise InvalidEventField(f"{name}: {given!r:.80} is no text.")
    text = str(given)
    if len(text) > longest:
        if not cut:
            raise InvalidEventField(f"{name}: {text!r:.80} is longer than {longest} characters.")
        text = text[:longest]
    if not text.isascii() or "\x00" in text:
        # What PostgreSQL keeps in no text.
        text = text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    return text


def _number(given: object, name: str) -> float | None:
    if given is None or given == "":
        return None
    if type(given) is float and isfinite(given):
        return given
    try:
        number = float(given) if not isinstance(given, bool) else float("nan")  # type: ignore[arg-type]  # checked by float
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not isfinite(number):
        raise InvalidEventField(f"{name}: {given!r:.80} is no number.")
    return number


def _whole(given: object, name: str, least: int) -> int | None:
    if type(given) is int and least <= given <= MAX_QUANTITY:
        return given
    number = _number(given, name)
    if number is None:
        return None
    if number != int(number) or not least <= number <= MAX_QUANTITY:
        raise InvalidEventField(
            f"{name}: {given!r:.80} is no whole number from {least} to {MAX_QUANTITY:,}."
        )
    return int(number)


def _amount(given: object, name: str) -> float | None:
    number = _number(given, name)
    if number is not None and not 0 <= number < MAX_AMOUNT:
        raise InvalidEventField(f"{name}: {given!r:.80} is no amount from 0.")
    return number


def _currency(given: object, name: str) -> str:
    code = _text(given, name, 3).upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise InvalidEventField(f"{name}: {given!r:.80} is no code of ISO 4217, such as EUR.")
    return code


def _propensity(given: object, name: str) -> float | None:
    number = _number(given, name)
    if number is not None and not 0 < number <= 1:
        raise InvalidEventField(f"{name}: {given!r:.80} is no probability above 0, up to 1.")
    return number


def _arms(given: object, name: str) -> dict[str, str]:
    if not given:
        return {}
    if not isinstance(given, dict) or len(given) > MAX_ARMS:
        raise InvalidEventField(f"{name}: an object with the arm of each experiment is needed.")
    return {
        _text(experiment, name, 100): _text(arm, name, 100) for experiment, arm in given.items()
    }


_KEY = partial(_text, longest=64)
_CUT = partial(_text, cut=True)

FIELDS: Final[Mapping[str, tuple[str, Callable[[Any, str], Any]]]] = {
    "session": ("session", _KEY),
    "page": ("page", _KEY),
    "value": ("value", _amount),
    "currency": ("currency", _currency),
    "query": ("query", partial(_CUT, longest=400)),
    "search_term": ("query", partial(_CUT, longest=400)),
    "total": ("total", partial(_whole, least=0)),
    "query_id": ("query_id", _KEY),
    "rec_id": ("rec_id", _KEY),
    "placement": ("placement", partial(_text, longest=100)),
    "arms": ("arms", _arms),
    "propensity": ("propensity", _propensity),
    "sender": ("sender", partial(_CUT, longest=40)),
}
"""The fields that an event may have, and may not: the column of each, and what reads it."""
