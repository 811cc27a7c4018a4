"""Names of the graph that change, or are away, while others search."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from shopreco import services
from shopreco.db.process_cache import FRESH_SECONDS, SpaceCache
from shopreco.graph import merges
from shopreco.models import Node, SpaceState
from shopreco.models.spaces import EmbeddingSpace
from shopreco.queries.entities import VOCABULARIES, read_vocabulary
from shopreco.retrieval import dense
from tests.helpers.gadgets import tables_and_lamps
from tests.helpers.index import GADGET, index
from tests.helpers.large_shop import copy
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


def space() -> EmbeddingSpace:
    return EmbeddingSpace.objects.get(catalogue=GADGET, state=SpaceState.ACTIVE)


def node(label: str) -> Node:
    return Node.objects.get(catalogue=GADGET, label=label)


def test_names_that_changed_are_read_again_beside_the_searches(
    wait_until: Callable[..., None],
) -> None:
    tables_and_lamps()
    index()
    now = [0.0]
    cache = SpaceCache(
        read_vocabulary, max_size=100, size=lambda read: read.size, clock=lambda: now[0]
    )
    before = cache.of(space(), patience=30)
    Node.objects.filter(pk=node("walnut").pk).update(label="Nussbaum")
    assert cache.of(space(), patience=0) is before, "known for a while"
    now[0] += FRESH_SECONDS + 1
    assert cache.of(space(), patience=0) is before, "and while the names are read again"
    wait_until(lambda: cache.of(space(), patience=0) is not before)
    after = cache.of(space(), patience=0)
    assert after.named("nussbaum", "", "en") == {node("Nussbaum").pk: 1.0}


def test_what_is_mentioned_is_found_however_far_it_is() -> None:
    tables_and_lamps()
    near = Gadget.objects.create(name="juglandine")
    index()
    copy(near, 2 * dense.NEIGHBOURS, vectors=True)
    alias = Node.objects.create(catalogue=GADGET, kind="material", key="juglans", label="Juglans")
    merges.merge_nodes(alias, node("walnut"))
    VOCABULARIES.load(space())
    page = services.search("juglans", catalogue=GADGET, limit=100)
    assert page.degraded == {}
    mentions = {result.object.name: result.parts["mentions"] for result in page}
    for name in ("Rectangular table", "Round table"):
        assert mentions[name] == pytest.approx(0.03)


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
