"""The hostile host's gadgets for tests: index them, drain the outbox, work in another thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connections

from shopreco import services
from shopreco.catalogues import get_catalogue, get_catalogues
from shopreco.indexing import marks, reindex
from shopreco.indexing.pipeline import index_batch
from shopreco.models import Change, IndexRun, Mark

GADGET = "testapp.gadget"

T = TypeVar("T")


def index(name: str = GADGET, **options: Any) -> IndexRun:
    """A whole run, to its end, in this process."""
    return services.run_inline(reindex.start(get_catalogue(name), **options))


def drain(name: str = GADGET) -> None:
    """Index all that waits."""
    while index_batch(get_catalogue(name)).claimed:
        pass


def waiting() -> set[str]:
    """Ids of all objects that wait, after workers have collected what saves have marked."""
    for catalogue in get_catalogues():
        marks.collect(catalogue)
    return set(Change.objects.values_list("object_id", flat=True))


def forget_changes() -> None:
    """As if nothing waited."""
    Mark.objects.all().delete()
    Change.objects.all().delete()


def found(query: str = "", name: str = GADGET, **options: Any) -> list[str]:
    """What a search shows, by name."""
    return [str(result.object) for result in services.search(query, catalogue=name, **options)]


def in_thread(work: Callable[[], T]) -> Future[T]:
    """Do something beside the test, on connections of its own; `result(timeout=…)` has it."""

    def run() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    pool = ThreadPoolExecutor(1)
    future = pool.submit(run)
    pool.shutdown(wait=False)
    return future
