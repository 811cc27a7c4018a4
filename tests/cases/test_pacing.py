"""Workers index at once what a quiet shop saves, and gather what a busy one saves without end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from shopreco import tasks
from shopreco.indexing import pacing
from shopreco.models import Mark
from tests.helpers.answers import found
from tests.helpers.index import GADGET, index
from tests.helpers.outbox import waiting
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_pause() -> None:
    cache.clear()


@pytest.fixture
def lamp() -> Gadget:
    lamp = Gadget.objects.create(name="lamp")
    index()
    return lamp


def rename(gadget: Gadget, name: str) -> None:
    gadget.name = name
    gadget.save()


def test_a_hint_leaves_to_the_one_that_is_due_what_is_saved_in_a_pause(lamp: Gadget) -> None:
    rename(lamp, "lantern")
    tasks.drain(GADGET)
    assert found() == ["lantern"]
    rename(lamp, "candelabra")
    tasks.drain(GADGET)
    assert waiting() == {str(lamp.pk)}
    tasks.drain(GADGET, is_due=True)
    assert waiting() == set()


def test_the_pause_follows_the_work_within_bounds() -> None:
    assert [pacing.gather(GADGET, worked=seconds) for seconds in (0.01, 0.6, 60)] == [1, 3, 10]


def test_where_nothing_waited_there_is_no_pause(lamp: Gadget) -> None:
    tasks.drain(GADGET)
    assert not pacing.is_gathering(GADGET)


def test_a_cache_that_is_away_costs_the_pause_alone(lamp: Gadget, settings: Any) -> None:
    away = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://[::1]:1"}
    settings.CACHES = {**settings.CACHES, "default": away}
    for name in ("lantern", "candelabra"):
        rename(lamp, name)
        tasks.drain(GADGET)
        assert waiting() == set()


def test_what_is_saved_in_a_pause_is_found_after_it(
    lamp: Gadget, start_worker: Callable[..., Any], wait_until: Callable[..., None]
) -> None:
    start_worker()
    for number in range(8):
        rename(lamp, f"candelabra {number}")
        time.sleep(0.4)
    wait_until(lambda: found() == ["candelabra 7"], 20)


def test_a_drain_whose_time_is_over_hands_on_what_is_left(
    lamp: Gadget,
    settings: Any,
    start_worker: Callable[..., Any],
    wait_until: Callable[..., None],
) -> None:
    start_worker()
    gadgets = Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(3)])
    # Nobody is told of them but by the drain below.
    Mark.objects.bulk_create([Mark(catalogue=GADGET, path="", key=str(g.pk)) for g in gadgets])
    settings.SHOPRECO = {**settings.SHOPRECO, "SLICE_SECONDS": 1e-9}
    tasks.drain(GADGET)
    wait_until(lambda: len(found()) == 4, 20)
