"""Search by photo when nobody can look at it: a sentence, in time, and the words' answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from devtools.embedded import EmbeddedServers
from shopreco import services
from tests.helpers.demo import CATALOGUE
from tests.helpers.photos import photo
from tests.helpers.processes import Process

pytestmark = [pytest.mark.usefixtures("photo_shop"), pytest.mark.slow]

DEADLINE = 1.0
SLACK = 2.0
"""Seconds that a busy machine may take for the rest of the answer."""


@pytest.fixture(autouse=True)
def _deadline(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "PHOTO_DEADLINE": DEADLINE}


@pytest.fixture
def broker_down(photo_shop: None, servers: EmbeddedServers) -> Iterator[None]:
    servers.valkey.stop()
    yield
    servers.valkey.start()


def assert_a_sentence_comes_in_time(client: Client) -> None:
    started = monotonic()
    response = client.post(reverse("shopreco:search-image"), {"image": photo()})
    assert monotonic() - started < DEADLINE + SLACK
    answer = response.json()
    assert response.status_code == 200
    assert answer["degraded"] == ["photo"]
    assert answer["notice"].startswith("Your photo could not be read in time.")
    assert (answer["total"], answer["photo"]) == (0, "")


def test_without_a_worker_there_is_a_sentence(client: Client) -> None:
    assert_a_sentence_comes_in_time(client)


@pytest.mark.usefixtures("broker_down")
def test_without_the_broker_there_is_a_sentence(client: Client) -> None:
    assert_a_sentence_comes_in_time(client)


def test_words_answer_alone_meanwhile() -> None:
    page = services.search("cushion", photo=photo(), catalogue=CATALOGUE, facets=["brand"])
    assert page.degraded.keys() == {"photo"}
    assert all("Cushion" in result.object.title for result in page)
    assert page.facets


def test_the_demo_says_it_above_the_products(client: Client) -> None:
    response = client.post("/search/photo/", {"photo": photo(), "q": "cushion"}, follow=True)
    assert response.redirect_chain == [("/search/?q=cushion", 303)]
    page = response.content.decode()
    assert "Your photo could not be read in time." in page
    assert "Results for “cushion”" in page


def test_a_worker_is_ready_before_the_first_photo(
    start_photo_worker: Callable[..., Process],
) -> None:
    start_photo_worker().wait_for_log(f"ready for photos of {CATALOGUE}")
    elsewhere = start_photo_worker("mail")
    services.search(photo=photo(size=44), catalogue=CATALOGUE)
    assert "photos" not in elsewhere.log


def test_a_worker_leaves_alone_what_nobody_waits_for(
    start_photo_worker: Callable[[], Process],
    servers: EmbeddedServers,
    settings: Any,
) -> None:
    for size in (40, 41, 42):
        services.search(photo=photo(size=size), catalogue=CATALOGUE)
    worker = start_photo_worker()
    settings.SHOPRECO = {**settings.SHOPRECO, "PHOTO_DEADLINE": 20.0}
    assert services.search(photo=photo(size=43), catalogue=CATALOGUE).total
    worker.wait_for_log("succeeded")
    assert worker.log.count("shopreco.tasks.encode_photo") >= 4
    assert worker.log.count("succeeded") == 1
    with servers.valkey.client() as client:
        assert [key for key in client.keys("*") if b"shopreco.reply" in key] == []
