"""Django's cache is a help: without it all is answered, and it is not asked again at once."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import BaseCache
from django.test import Client
from django.urls import reverse

from shopreco import services
from shopreco.db import shared_cache
from tests.helpers.answers import found
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget, Maker

pytestmark = pytest.mark.django_db(transaction=True)

asked: list[str] = []


class Broken(BaseCache):
    """As a server that is away: it takes its time limit to say so."""

    def __init__(self, location: str, options: dict[str, Any]) -> None:
        super().__init__(options)

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        self._fail(key)

    def set(self, key: str, *args: Any, **kwargs: Any) -> None:
        self._fail(key)

    def _fail(self, key: str) -> None:
        asked.append(key)
        time.sleep(0.05)
        raise ConnectionError("no cache here")


@pytest.fixture
def broken_cache(settings: LazySettings) -> None:
    maker = Maker.objects.create(name="Desmond")
    Gadget.objects.bulk_create([Gadget(name=f"desk lamp {n}", maker=maker) for n in range(5)])
    index()
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": f"{__name__}.Broken"}}
    asked.clear()


@pytest.mark.usefixtures("broken_cache")
def test_blocks_suggestions_and_search_are_answered() -> None:
    page = services.recommend(seed=Gadget.objects.earliest("pk"))
    assert (len(page), page.degraded) == (4, {})
    shared_cache._silent_until.clear()
    suggested = services.autocomplete("des", catalogue=GADGET)
    assert {each.kind for each in suggested} >= {"query", "brand", "product"}
    shared_cache._silent_until.clear()
    assert len(found("desk lamp")) == 5


@pytest.mark.usefixtures("broken_cache")
def test_nobody_is_counted_and_nobody_turned_away() -> None:
    for name in ("search", "autocomplete"):
        answer = Client().get(reverse(f"shopreco:{name}"), {"catalogue": GADGET, "q": "desk"})
        assert answer.status_code == 200


@pytest.mark.usefixtures("broken_cache")
def test_a_cache_that_failed_is_left_alone() -> None:
    for number in range(3):
        found(f"desk lamp {number}")
        services.recommend(seed=Gadget.objects.earliest("pk"))
    assert len(asked) == 1


@pytest.mark.usefixtures("broken_cache")
def test_it_is_asked_again_after_some_seconds() -> None:
    broken = shared_cache.GuardedCache("default", silent_seconds=0.2)
    assert broken.get("a", "nothing") == broken.get("b", "nothing") == "nothing"
    time.sleep(0.3)
    broken.set("c", 1)
    assert asked == ["a", "c"]
