"""A slow encoder costs what it is late with, and leaves nothing behind for those who come later."""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import Event

import pytest
from django.conf import LazySettings
from django.core.cache import cache

from shopreco import services
from shopreco.queries import query_vectors
from shopreco.queries.entities import VOCABULARIES
from shopreco.queries.short_queue import ShortQueue, TooBusy
from shopreco.spaces.serving import active_space
from tests.helpers.index import GADGET, index
from tests.helpers.threads import in_thread
from tests.testapp.encoders import WatchedEncoder
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def slow_encoder(
    request: pytest.FixtureRequest, settings: LazySettings
) -> Iterator[WatchedEncoder]:
    encoder = {"CLASS": "tests.testapp.encoders.WatchedEncoder", "NAME": request.node.name}
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": encoder, "QUERY_DEADLINE": 0.05}
    cache.clear()
    Gadget.objects.create(name="lamp")
    index()
    space = active_space(GADGET)
    assert space is not None
    VOCABULARIES.load(space)
    slow = query_vectors.query_encoder(space)
    assert isinstance(slow, WatchedEncoder)
    slow.seconds = 0.5
    query_vectors.threads.cache_clear()
    yield slow
    query_vectors.threads.cache_clear()


def test_searches_that_gave_up_leave_nothing_behind(slow_encoder: WatchedEncoder) -> None:
    for number in range(40):
        page = services.search(f"lamp {number}", catalogue=GADGET)
        assert (page.total, page.degraded.keys()) == (1, {"encode"})
    assert len(query_vectors.threads("query", os.getpid())) == 0
    assert len(slow_encoder.queries) < 40


def test_more_than_a_few_are_refused_at_once(
    slow_encoder: WatchedEncoder, settings: LazySettings
) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "QUERY_DEADLINE": 8.0}
    searches = [
        in_thread(lambda n=n: services.search(f"lamp no. {n}", catalogue=GADGET)) for n in range(12)
    ]
    pages = [search.result(timeout=60) for search in searches]
    refused = [page for page in pages if "wait for an encoder" in page.degraded.get("encode", "")]
    assert refused
    assert all(page.total == 1 for page in pages)
    assert len(slow_encoder.queries) == 12 - len(refused)


def test_what_is_cancelled_makes_room_and_what_fails_is_raised_where_it_is_awaited() -> None:
    queue, go = ShortQueue("test", threads=1, places=1), Event()
    first, second = queue.submit(lambda: go.wait(20)), queue.submit(lambda: 1 / 0)
    with pytest.raises(TooBusy):
        queue.submit(lambda: 3).result()
    with pytest.raises(TimeoutError):
        second.result(timeout=0.01)
    assert second.cancelled()
    third = queue.submit(lambda: 1 / 0)
    go.set()
    assert first.result(timeout=20)
    with pytest.raises(ZeroDivisionError):
        third.result(timeout=20)
    assert queue.submit(lambda: 4).result(timeout=20) == 4
