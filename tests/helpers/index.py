"""What is in the index: run it, work off what waits, read what it holds."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.indexing import runs
from shopreco.indexing.pipeline import Report, index_batch
from shopreco.models import EmbeddingSpace, IndexRun, Item, SpaceState

GADGET = "testapp.gadget"


def index(name: str = GADGET, **options: Any) -> IndexRun:
    """A whole run, to its end, in this process."""
    return services.run_inline(runs.start(get_catalogue(name), **options))


def drain(name: str = GADGET) -> Report:
    """Index all that waits, and add up what was done."""
    total = Report()
    while (report := index_batch(get_catalogue(name))).claimed:
        total.add(report)
    return total


def item_of(obj: Model, name: str = "") -> Item:
    """The item of an object, in the catalogue that is named like its model or `name`."""
    catalogue = name or obj._meta.label_lower
    return Item.objects.get(catalogue=catalogue, object_id=str(obj.pk))


def active_space(name: str = GADGET) -> EmbeddingSpace:
    return EmbeddingSpace.objects.get(catalogue=name, state=SpaceState.ACTIVE)
