"""Values found in texts: each is decided on for all products that say it at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from demo_shop.models import Product
from shopreco.catalogues import get_catalogue
from shopreco.graph.quotes import Quote, quote
from shopreco.models import Edge, EdgeState, Node, Provenance, RelationType
from tests.helpers.demo import CATALOGUE
from tests.helpers.outbox import waiting

pytestmark = pytest.mark.usefixtures("shop")

EXTRACTED = reverse("admin:shopreco_edge_extracted")


def relation_of(kind: str) -> RelationType:
    made, _new = RelationType.objects.get_or_create(code=f"has_{kind}", defaults={"label": kind})
    return made


def said_of(label: str, *, kind: str, titles: str, weight: float = 0.45) -> Node:
    """A value that the texts of products with these words in their titles say."""
    value, _created = Node.objects.get_or_create(
        catalogue=CATALOGUE, kind=kind, key=label.casefold(), defaults={"label": label}
    )
    relation = relation_of(kind)
    Edge.objects.bulk_create(
        Edge(
            source=node,
            relation=relation,
            target=value,
            provenance=Provenance.EXTRACTED,
            weight=weight,
        )
        for node in Node.objects.filter(item__title__icontains=titles).order_by("item__title")
    )
    return value


@pytest.fixture
def garden() -> Node:
    """What the chair and its three colours say."""
    return said_of("Garden", kind="style", titles="garden chair", weight=0.9)


@pytest.fixture
def staff(client: Client) -> Callable[..., Client]:
    def log_in(*codenames: str) -> Client:
        user = User.objects.create_user("reviewer", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return log_in


def values(client: Client, **asked: str) -> list[Any]:
    response = client.get(EXTRACTED, asked)
    assert response.status_code == 200
    found: list[Any] = response.context["values"]
    return found


def key(value: Node) -> str:
    return f"{relation_of(value.kind).pk}:{value.pk}"


def test_the_list_of_relations_opens_with_what_was_found_in_texts(admin_client: Client) -> None:
    response = admin_client.get(reverse("admin:shopreco_edge_changelist"))
    assert response.url == EXTRACTED  # type: ignore[attr-defined]  # a redirect
    assert "Nothing waits for a decision" in admin_client.get(EXTRACTED).content.decode()


def test_a_value_is_one_line_that_counts_a_parent_and_its_variants_once(
    admin_client: Client, garden: Node
) -> None:
    said_of("desk", kind="style", titles="desk lamp")
    first, second = values(admin_client)  # the surest first
    assert (first.value, first.products, first.relations) == (garden, "1", "4")
    assert (second.products, second.relations) == ("6", "")


def test_a_line_quotes_the_sentence_with_the_words_that_say_it(
    admin_client: Client, garden: Node
) -> None:
    shown = admin_client.get(EXTRACTED).content.decode()
    assert "<q><mark>Garden</mark> chair" in shown
    Product.objects.filter(title__startswith="Garden").update(title="Chair")
    assert "do not say it any more" in admin_client.get(EXTRACTED).content.decode()


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("It folds. Made of solid oak! For rooms.", ["Oak"], ("Made of solid ", "oak", "!")),
        ("A 2.5 l jug, hand-made of stoneware", ["stonewares"], (None, "stoneware", "")),
        ("Faux leather, but the strap is real leather.", ["leather"], (None, "leather", None)),
        ("实木桌子。桌面采用胡桃木制成。", ["胡桃木"], ("桌面采用", "胡桃木", "制成。")),
        ("Without oak.", ["oak"], None),
    ],
)
def test_words_are_quoted_as_they_are_read(
    text: str, names: list[str], expected: tuple[str | None, ...] | None
) -> None:
    catalogue = get_catalogue(CATALOGUE)
    product = Product(title="Thing", description=text, price=1)
    found = quote(catalogue, catalogue.document(product), names)
    if expected is None:
        assert found is None
        return
    assert isinstance(found, Quote)
    for part, wanted in zip(found, expected, strict=True):
        assert wanted is None or part == wanted


@pytest.mark.parametrize(("step", "state"), [("confirm", "confirmed"), ("reject", "rejected")])
def test_a_decision_holds_for_all_products_and_is_written_down(
    step: str, state: str, admin_client: Client, garden: Node
) -> None:
    said_of("desk", kind="style", titles="desk lamp")
    response = admin_client.post(EXTRACTED, {step: key(garden)}, follow=True)
    assert f"“style: Garden” is {state} for 1 product" in response.content.decode()
    assert set(garden.incoming_edges.values_list("state", flat=True)) == {state}
    assert [each.value.label for each in values(admin_client)] == ["desk"]
    assert LogEntry.objects.get().object_id == str(garden.pk)
    assert len(waiting()) == 4  # the chair and its variants are indexed again


def test_only_who_may_change_relations_decides(staff: Callable[..., Client], garden: Node) -> None:
    client = staff("view_edge")
    assert 'name="reject"' not in client.get(EXTRACTED).content.decode()
    assert client.post(EXTRACTED, {"reject": key(garden)}).status_code == 403
    assert set(garden.incoming_edges.values_list("state", flat=True)) == {EdgeState.ACTIVE}
    assert not LogEntry.objects.exists()


def test_the_page_is_for_those_who_may_see_relations(staff: Callable[..., Client]) -> None:
    assert staff("view_item").get(EXTRACTED).status_code == 403


def test_a_value_that_was_decided_meanwhile_is_no_failure(
    admin_client: Client, garden: Node
) -> None:
    garden.incoming_edges.update(state=EdgeState.CONFIRMED)
    response = admin_client.post(EXTRACTED, {"reject": key(garden)}, follow=True)
    assert "Nothing waits there any more" in response.content.decode()
    assert set(garden.incoming_edges.values_list("state", flat=True)) == {EdgeState.CONFIRMED}


@pytest.mark.parametrize("posted", ["", "1", "x:y", f"1:{'9' * 30}", ":"])
def test_a_key_that_cannot_be_changes_nothing(posted: str, admin_client: Client) -> None:
    assert admin_client.post(EXTRACTED, {"reject": posted}).status_code in {302, 404}


def test_values_are_narrowed_by_relation_and_name(admin_client: Client, garden: Node) -> None:
    oak = said_of("Oak_50%", kind="material", titles="desk lamp")
    material = relation_of("material")
    assert [each.value for each in values(admin_client, relation=str(material.pk))] == [oak]
    assert [each.value for each in values(admin_client, q="GARD")] == [garden]
    assert [each.value for each in values(admin_client, q="%")] == [oak]
    assert len(values(admin_client, relation="nonsense", q="\x00", page="x")) == 2


def test_a_page_of_many_values_takes_a_fixed_number_of_queries(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        said_of(f"Style {number}", kind="style", titles="desk lamp")
    values(admin_client)
    with django_assert_max_num_queries(25):
        assert len(values(admin_client)) == 25
    assert len(values(admin_client, page="2")) == 5
