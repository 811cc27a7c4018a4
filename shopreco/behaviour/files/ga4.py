"""JSON Lines: events as `POST events/` takes them, or rows of the BigQuery export of GA4.

In an export whole numbers are texts, and times are microseconds. The values of parameters lie in a
field named after their type. Source: the schema "GA4 BigQuery Export".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from shopreco.behaviour.files.base import FileEvent, numbered_lines

VALUES = ("string_value", "int_value", "double_value", "float_value")
OF_ITEMS = {"item_id": "item_id", "quantity": "quantity", "price": "price"}


def read_json_lines(file: BinaryIO) -> Iterator[FileEvent]:
    for number, text in numbered_lines(file):
        if text is None:
            yield FileEvent(number, {}, problem="the line is not UTF-8.")
            continue
        if not text.strip():
            continue
        try:
            given = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield FileEvent(number, {}, problem=f"the line is no JSON: {error}.")
            continue
        if not isinstance(given, dict):
            yield FileEvent(number, {}, problem="the line is no object.")
        elif "event_name" in given:
            yield _exported(number, given)
        else:
            visitor, user = given.pop("visitor", "") or "", given.pop("user", "") or ""
            yield FileEvent(number, given, str(visitor), str(user))


def _exported(line: int, row: Mapping[str, Any]) -> FileEvent:
    parameters = _parameters(row.get("event_params"))
    order = row.get("ecommerce") or {}
    name = str(row["event_name"])
    event = {
        "name": name,
        "time": row.get("event_timestamp"),
        "session": str(parameters.get("ga_session_id") or ""),
        "items": [_item(each) for each in row.get("items") or [] if isinstance(each, Mapping)],
        "value": _first(parameters.get("value"), order.get("purchase_revenue")),
        "currency": parameters.get("currency") or "",
        "transaction_id": _first(parameters.get("transaction_id"), order.get("transaction_id")),
        "search_term": parameters.get("search_term") or "",
    }
    if event["transaction_id"] == "(not set)":
        event["transaction_id"] = None
    visitor, user = row.get("user_pseudo_id") or "", row.get("user_id") or ""
    return FileEvent(line, event, str(visitor), str(user))


def _parameters(given: object) -> dict[str, Any]:
    """Parameters by name; each has its value in one of four fields, the others are null."""
    found: dict[str, Any] = {}
    for each in given if isinstance(given, list) else ():
        if isinstance(each, Mapping) and isinstance(values := each.get("value"), Mapping):
            found[str(each.get("key"))] = _first(*(values.get(name) for name in VALUES))
    return found


def _item(given: Mapping[str, Any]) -> dict[str, Any]:
    item = {ours: given[theirs] for theirs, ours in OF_ITEMS.items() if given.get(theirs)}
    position = given.get("item_list_index")
    if isinstance(position, int) or (isinstance(position, str) and position.isdigit()):
        item["position"] = position
    return item


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
