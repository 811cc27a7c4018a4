"""Index states: where the objects of a shop stand in the index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.db.models import Value
from django.utils.translation import gettext as _

from shopreco.models import Change, Item, Mark, Outcome
from shopreco.services import savepoint

PENDING = "pending"
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class IndexState:
    """Where an object stands in the index. `state`: pending, missing or an outcome."""

    state: str
    reason: str = ""
    item_id: int | None = None

    @property
    def label(self) -> str:
        if self.state == PENDING:
            return _("pending")
        if self.state == MISSING:
            return _("not indexed")
        return str(Outcome(self.state).label)


def index_states(catalogue: str, object_ids: Iterable[str]) -> dict[str, IndexState]:
    """The state of each object by its id, in one query; unknown objects are left out."""
    ids = list(object_ids)
    nothing = Value(None, models.BigIntegerField()), Value(PENDING), Value("")
    waiting = Change.objects.filter(catalogue=catalogue, object_id__in=ids).values_list(
        "object_id", *nothing
    )
    marked = Mark.objects.filter(catalogue=catalogue, path="", key__in=ids).values_list(
        "key", *nothing
    )
    known = Item.objects.filter(catalogue=catalogue, object_id__in=ids).values_list(
        "object_id", "id", "outcome", "reason"
    )
    states: dict[str, IndexState] = {}
    with savepoint():
        rows = list(known.union(waiting, marked, all=True))
    for object_id, item_id, state, reason in sorted(rows, key=lambda row: row[2] == PENDING):
        before = states.get(object_id)
        states[object_id] = IndexState(state, reason, before.item_id if before else item_id)
    return states
