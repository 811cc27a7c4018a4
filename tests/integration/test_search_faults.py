"""What fails while a shop is searched is named, and the rest answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from threading import current_thread
from time import sleep
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction

from shopreco import services
from shopreco.models import EmbeddingSpace, EncoderSpecification, SpaceState
from shopreco.queries import query_vectors
from shopreco.queries.entities import VOCABULARIES
from tests.helpers.answers import names, search
from tests.helpers.gadgets import desks_and_lamps
from tests.helpers.index import GADGET, index
from tests.testapp.encoders import WatchedEncoder
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


@pytest.fixture
def shop() -> dict[str, Gadget]:
    made = desks_and_lamps()
    index()
    return made


def test_without_an_index_the_page_is_empty_and_says_why() -> None:
    page = services.search("lamp", catalogue=GADGET)
    assert (page.total, list(page.degraded)) == (0, ["index"])


def test_without_a_query_encoder_words_answer(shop: dict[str, Gadget]) -> None:
    """A space whose exported model is not on this machine."""
    space = EmbeddingSpace.objects.get(state=SpaceState.ACTIVE)
    encoder = EncoderSpecification(
        {"CLASS": "shopreco.encoders.SentenceTransformerEncoder"}, "f" * 64, space.dimension
    )
    text = replace(space.specification.text, encoder=encoder)
    space.specification = replace(space.specification, modalities=(text,))
    space.save()
    page = services.search("walnut lamp", catalogue=GADGET)
    assert list(page.degraded) == ["encode"]
    assert names(page)[0] == "Walnut desk lamp"


@pytest.fixture
def encoder(request: pytest.FixtureRequest, settings: Any) -> WatchedEncoder:
    """That of a shop of desks and lamps. What takes it more than 25 ms was not quick."""
    named = {"CLASS": "tests.testapp.encoders.WatchedEncoder", "NAME": request.node.name}
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": named, "QUERY_DEADLINE": 0.5}
    cache.clear()
    desks_and_lamps()
    space = index().space
    assert space is not None
    VOCABULARIES.load(space)
    found = query_vectors.query_encoder(space)
    assert isinstance(found, WatchedEncoder)
    return found


def test_a_late_query_vector_is_not_waited_for_and_there_the_next_time(
    settings: Any, encoder: WatchedEncoder
) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "QUERY_DEADLINE": 0.05}
    encoder.seconds = 0.5
    page = services.search("walnut desk lamp", catalogue=GADGET)
    assert page.degraded.keys() == {"encode"}
    assert page.timings["total"] < 400
    assert names(page)[0] == "Walnut desk lamp"
    sleep(0.7)
    page = services.search("walnut desk lamp", catalogue=GADGET)
    assert page.degraded == {}


def test_a_quick_encoder_answers_in_the_thread_that_asks(encoder: WatchedEncoder) -> None:
    for text in ("oak", "walnut", "walnut " * 100):
        search(text)
    here = current_thread().name
    assert [thread == here for thread in encoder.threads] == [False, True, False]
    encoder.seconds = 0.05
    for text in ("oak lamp", "oak desk"):
        search(text)
    assert encoder.threads[-2] == here
    assert encoder.threads[-1] != here, "it was not quick the last time"


@pytest.mark.parametrize(
    ("table", "stage"), [("shopreco_embedding", "dense"), ("shopreco_lexicalentry", "lexical")]
)
@pytest.mark.parametrize("host", [transaction.atomic, nullcontext])  # under ATOMIC_REQUESTS or not
def test_a_broken_stage_is_named_and_the_rest_answers(
    shop: dict[str, Gadget], table: str, stage: str, host: Callable[[], Any]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        with host():
            page = services.search("walnut desk lamp", catalogue=GADGET)
            assert Gadget.objects.count() == 5, "the host's transaction goes on"
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE away RENAME TO {table}")
    assert stage in page.degraded
    assert "Walnut desk lamp" in names(page)


def test_a_wholly_broken_index_gives_an_empty_page(shop: dict[str, Gadget]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shopreco_embeddingspace RENAME TO away")
    try:
        page = services.search("lamp", catalogue=GADGET)
        assert services.autocomplete("lam", catalogue=GADGET) == []
        assert services.recommend(seed=shop["Oak desk"]).results == ()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO shopreco_embeddingspace")
    assert page.results == ()
    assert "search" in page.degraded
