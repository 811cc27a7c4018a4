"""A query finds what has the things that it mentions: by name, another name, or meaning."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from shopreco import services
from shopreco.answers.results import Result
from shopreco.catalogues import get_catalogue
from shopreco.graph import merges
from shopreco.indexing import node_vectors, reindex
from shopreco.models import Edge, EdgeState, Node, NodeVector, SpaceState
from shopreco.models.spaces import EmbeddingSpace
from shopreco.queries.entities import VOCABULARIES
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

GADGET = "testapp.gadget"


@pytest.fixture
def shop() -> None:
    made = [
        ("Rectangular table", {"material": "walnut"}),
        ("Round table", {"material": "walnut"}),
        ("Folding table", {"material": "steel"}),
        ("Desk lamp", {"material": "steel"}),
        ("Garden hose", {}),
    ]
    for name, attributes in made:
        Gadget.objects.create(name=name, attributes=attributes)
    services.run_inline(reindex.start(get_catalogue(GADGET)))


def space() -> EmbeddingSpace:
    return EmbeddingSpace.objects.get(catalogue=GADGET, state=SpaceState.ACTIVE)


def found(query: str) -> dict[str, Result]:
    page = services.search(query, catalogue=GADGET)
    assert page.degraded == {}
    return {result.object.name: result for result in page}


def node(label: str) -> Node:
    return Node.objects.get(catalogue=GADGET, label=label)


def test_what_a_query_names_counts(shop: None) -> None:
    results = found("walnut table")
    assert results["Round table"].parts["mentions"] == pytest.approx(0.03)
    assert results["Folding table"].parts["mentions"] == 0
    for result in results.values():
        assert sum(result.parts.values()) == pytest.approx(result.score, abs=1e-5)


def test_a_name_that_no_product_writes_finds_by_the_node_it_was_merged_into(shop: None) -> None:
    assert not any(each.parts["mentions"] for each in found("juglans").values())
    alias = Node.objects.create(catalogue=GADGET, kind="material", key="juglans", label="Juglans")
    merges.merge_nodes(alias, node("walnut"))
    VOCABULARIES.load(space())
    assert set(list(found("juglans"))[:2]) == {"Rectangular table", "Round table"}


def test_what_is_mentioned_is_found_however_far_it_is(
    shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopreco.retrieval.dense.NEIGHBOURS", 1)
    alias = Node.objects.create(catalogue=GADGET, kind="material", key="juglans", label="Juglans")
    merges.merge_nodes(alias, node("walnut"))
    VOCABULARIES.load(space())
    results = found("juglans")
    assert {"Rectangular table", "Round table"} <= set(results)
    for name in ("Rectangular table", "Round table"):
        assert results[name].parts["mentions"] == pytest.approx(0.03)


def test_a_wrong_spelling_mentions_what_was_meant(shop: None) -> None:
    names = VOCABULARIES.of(space())
    assert names.named("walnut", "", "en") == {node("walnut").pk: 1.0}
    assert names.named("wallnut", "walnut", "en") == {node("walnut").pk: 0.7}
    assert found("wallnut table")["Round table"].parts["mentions"] == pytest.approx(0.03)


def test_a_rejected_edge_is_not_found_by(shop: None) -> None:
    edges = Edge.objects.filter(source__label="Round table", target=node("walnut"))
    assert edges.update(state=EdgeState.REJECTED) == 1
    VOCABULARIES.load(space())
    assert found("walnut table")["Round table"].parts["mentions"] == 0


def test_nodes_that_products_share_have_vectors_of_their_labels(shop: None) -> None:
    vectors = NodeVector.objects.filter(encoder=space().encoder_fingerprint)
    assert set(vectors.values_list("label", flat=True)) == {"walnut", "steel"}
    names = VOCABULARIES.of(space())
    walnut = names.vectors[names.node_ids.tolist().index(node("walnut").pk)]
    assert names.meant(walnut) == {node("walnut").pk: pytest.approx(1, abs=2e-3)}
    assert node_vectors.encode_nodes(space()) == 0, "nothing is encoded twice"


def test_names_that_changed_are_read_again_beside_the_searches(
    shop: None, monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., None]
) -> None:
    before = VOCABULARIES.of(space())
    Node.objects.filter(pk=node("walnut").pk).update(label="Nussbaum")
    assert VOCABULARIES.of(space()) is before, "known for a while"
    monkeypatch.setattr("shopreco.db.process_cache.monotonic", lambda: float("inf"))
    assert VOCABULARIES.of(space()) is before, "and while the names are read again"
    wait_until(lambda: not VOCABULARIES._readings)
    assert VOCABULARIES.of(space()).named("nussbaum", "", "en") == {node("Nussbaum").pk: 1.0}


def test_a_graph_that_is_away_costs_what_it_finds_and_is_named(shop: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shopreco_edge RENAME TO shopreco_edge_away")
        try:
            page = services.search("walnut table", catalogue=GADGET)
        finally:
            cursor.execute("ALTER TABLE shopreco_edge_away RENAME TO shopreco_edge")
    assert page.degraded.keys() == {"mentions"}
    assert "Round table" in {result.object.name for result in page}
