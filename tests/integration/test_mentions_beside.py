"""Names of the graph that change, or are away, while others search."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from shopreco import services
from shopreco.models import Node, SpaceState
from shopreco.models.spaces import EmbeddingSpace
from shopreco.queries.entities import VOCABULARIES
from tests.helpers.gadgets import tables_and_lamps
from tests.helpers.index import GADGET, index

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


def space() -> EmbeddingSpace:
    return EmbeddingSpace.objects.get(catalogue=GADGET, state=SpaceState.ACTIVE)


def node(label: str) -> Node:
    return Node.objects.get(catalogue=GADGET, label=label)


def test_names_that_changed_are_read_again_beside_the_searches(
    monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., None]
) -> None:
    tables_and_lamps()
    index()
    before = VOCABULARIES.of(space())
    Node.objects.filter(pk=node("walnut").pk).update(label="Nussbaum")
    assert VOCABULARIES.of(space()) is before, "known for a while"
    monkeypatch.setattr("shopreco.db.process_cache.monotonic", lambda: float("inf"))
    assert VOCABULARIES.of(space()) is before, "and while the names are read again"
    wait_until(lambda: not VOCABULARIES._readings)
    assert VOCABULARIES.of(space()).named("nussbaum", "", "en") == {node("Nussbaum").pk: 1.0}


def test_a_graph_that_is_away_costs_what_it_finds_and_is_named() -> None:
    tables_and_lamps()
    index()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shopreco_edge RENAME TO shopreco_edge_away")
        try:
            page = services.search("walnut table", catalogue=GADGET)
        finally:
            cursor.execute("ALTER TABLE shopreco_edge_away RENAME TO shopreco_edge")
    assert page.degraded.keys() == {"mentions"}
    assert "Round table" in {result.object.name for result in page}
