"""`GET health/live` and `health/ready`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from shopreco.models import EmbeddingSpace, EncoderSpecification, SpaceState
from shopreco.queries.query_vectors import ENCODERS
from tests.helpers.catalogues import only_catalogues
from tests.helpers.demo import CATALOGUE


@pytest.fixture(autouse=True)
def _one_catalogue() -> Iterator[None]:
    """Not those of the hostile host, which are not indexed here."""
    with only_catalogues(CATALOGUE):
        yield


def test_live_asks_nothing(client: Client) -> None:
    """No `db` fixture: a query would fail the test."""
    response = client.get(reverse("shopreco:live"))
    assert (response.status_code, response.json()) == (200, {"status": "live"})


@pytest.mark.usefixtures("shop")
def test_ready_loads_the_query_encoder(client: Client) -> None:
    ENCODERS.forget(bool)
    response = client.get(reverse("shopreco:ready"))
    assert (response.status_code, response.json()) == (200, {"status": "ready", "reasons": []})
    assert len(ENCODERS) == 1


@pytest.mark.usefixtures("shop")
def test_without_an_active_space_it_is_not_ready(client: Client) -> None:
    EmbeddingSpace.objects.update(state=SpaceState.RETIRED)
    response = client.get(reverse("shopreco:ready"))
    assert response.status_code == 503
    answer = response.json()
    assert answer["status"] == "unavailable"
    assert any(CATALOGUE in reason and "shopreco_reindex" in reason for reason in answer["reasons"])


@pytest.mark.usefixtures("shop")
def test_a_broken_encoder_is_named_without_a_trace(client: Client) -> None:
    space = EmbeddingSpace.objects.get()
    encoder = EncoderSpecification(
        {"CLASS": "shopreco.encoders.NoSuchEncoder"}, "f" * 64, space.dimension
    )
    text = replace(space.specification.text, encoder=encoder)
    space.specification = replace(space.specification, modalities=(text,))
    space.save()
    response = client.get(reverse("shopreco:ready"))
    assert response.status_code == 503
    (reason,) = response.json()["reasons"]
    assert "query encoder" in reason
    assert "NoSuchEncoder" not in reason


@pytest.mark.usefixtures("shop")
def test_missing_tables_and_extensions_are_named(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shopreco_embeddingspace RENAME TO elsewhere")
        cursor.execute("UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'")
    response = client.get(reverse("shopreco:ready"))
    assert response.status_code == 503
    reasons = response.json()["reasons"]
    assert any("vector is 0.7.4" in reason for reason in reasons)
    assert any("migrate" in reason for reason in reasons)
