"""In an async view a service says what to write, instead of answering with nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections

from shopreco import services
from shopreco.services import ResultPage
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def lamp() -> Gadget:
    gadget = Gadget.objects.create(name="lamp")
    index()
    return gadget


@pytest.mark.parametrize("service", ["search", "autocomplete", "recommend", "status", "reindex"])
def test_a_service_in_an_event_loop_names_the_fix(service: str, lamp: Gadget) -> None:
    calls: dict[str, Any] = {
        "search": lambda: services.search("lamp", catalogue=GADGET),
        "autocomplete": lambda: services.autocomplete("la", catalogue=GADGET),
        "recommend": lambda: services.recommend(seed=lamp),
        "status": services.status,
        "reindex": lambda: services.reindex(GADGET),
    }

    async def view() -> None:
        calls[service]()

    with pytest.raises(SynchronousOnlyOperation, match="sync_to_async"):
        asyncio.run(view())


def test_the_fix_works() -> None:
    async def view() -> ResultPage:
        page = await sync_to_async(services.search)("lamp", catalogue=GADGET)
        await sync_to_async(connections.close_all)()
        return page

    assert asyncio.run(view()).degraded == {}
