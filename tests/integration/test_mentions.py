"""A query finds what has the things that it mentions: by name, another name, or meaning."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from shopreco import services
from shopreco.answers.results import Result
from shopreco.graph import merges
from shopreco.indexing import node_vectors
from shopreco.models import Edge, EdgeState, Node, NodeVector, SpaceState
from shopreco.models.spaces import EmbeddingSpace
from shopreco.queries.entities import VOCABULARIES
from tests.helpers.gadgets import tables_and_lamps
from tests.helpers.index import GADGET, committed_shop

pytestmark = pytest.mark.django_db(databases=["default", "shop"])


_shop = committed_shop(tables_and_lamps)


@pytest.fixture
def shop(_shop: None, db: None) -> None:
    """Indexed once for this file; what a test changes is rolled back."""
    cache.clear()


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


def test_a_wrong_spelling_mentions_what_was_meant(shop: None) -> None:
    names = VOCABULARIES.load(space())
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
    names = VOCABULARIES.load(space())
    walnut = names.vectors[names.node_ids.tolist().index(node("walnut").pk)]
    assert names.meant(walnut) == {node("walnut").pk: pytest.approx(1, abs=2e-3)}
    assert node_vectors.encode_nodes(space()) == 0, "nothing is encoded twice"
