"""Events for files: JSON lines, as an import reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from shopreco.db.routing import write_alias
from shopreco.models import Event

FIELDS: Final = (
    *("name", "catalogue", "items", "value", "currency", "transaction_id", "query", "total"),
    *("query_id", "rec_id", "placement", "session", "page", "arms", "propensity", "consent"),
    *("source", "sender", "is_bot", "is_agent"),
)
"""What a file says of an event beside its key and its time."""


def as_json(event: Event) -> dict[str, Any]:
    """What is kept of an event, without what is empty."""
    kept = {name: getattr(event, name) for name in FIELDS}
    filled = {name: value for name, value in kept.items() if value or value == 0.0}
    return {"uuid": str(event.uuid), "time": event.time.isoformat(), **filled}


def all_events() -> Iterator[dict[str, Any]]:
    """Yield every event, the oldest first, with its visitor by number and its user."""
    events = Event.objects.using(write_alias()).order_by("time")
    for event in events.iterator(chunk_size=2_000):
        who = {"visitor": str(event.visitor_id or ""), "user": event.user_id}
        yield {**as_json(event), **{name: text for name, text in who.items() if text}}
