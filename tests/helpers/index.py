"""What is in the index: run it, work off what waits, read what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db.models import Model
from pytest_django import DjangoDbBlocker

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.indexing import reindex
from shopreco.indexing.pipeline import BatchReport, index_batch
from shopreco.models import EmbeddingSpace, Item, Run, SpaceState

GADGET = "testapp.gadget"

T = TypeVar("T")


def index(name: str = GADGET, **options: Any) -> Run:
    """A whole run, to its end, in this process."""
    return services.run_inline(reindex.start(get_catalogue(name), **options))


def drain(name: str = GADGET) -> BatchReport:
    """Index all that waits, and add up what was done."""
    total = BatchReport()
    while (report := index_batch(get_catalogue(name))).claimed:
        total.add(report)
    return total


def item_of(obj: Model, name: str = "") -> Item:
    """The item of an object, in the catalogue that is named like its model or `name`."""
    catalogue = name or obj._meta.label_lower
    return Item.objects.get(catalogue=catalogue, object_id=str(obj.pk))


def active_space(name: str = GADGET) -> EmbeddingSpace:
    return EmbeddingSpace.objects.get(catalogue=name, state=SpaceState.ACTIVE)


@contextmanager
def committed(fill: Callable[[], T], blocker: DjangoDbBlocker, name: str = GADGET) -> Iterator[T]:
    """A shop that is filled, indexed and committed for many tests, until the block ends.

    Gives what `fill` returned.
    """
    with blocker.unblock():
        cache.clear()
        try:
            filled = fill()
            run = index(name)
            assert (run.state, run.failed) == ("done", 0), run.error
            yield filled
        finally:
            call_command("flush", interactive=False, verbosity=0)


def committed_shop(fill: Callable[[], object], name: str = GADGET) -> Any:
    """A fixture of a module, `_shop = committed_shop(furniture)`, as `committed` fills a shop."""

    @pytest.fixture(scope="module")
    def shop(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[object]:
        with committed(fill, django_db_blocker, name) as filled:
            yield filled

    return shop
