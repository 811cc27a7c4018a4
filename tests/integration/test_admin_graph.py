"""The knowledge graph in the admin: what is drawn and listed, and what people change in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from demo_shop.models import Product
from shopreco import services
from shopreco.admin.graph.drawing import Group, Leaf, draw, shortened, wrapped
from shopreco.admin.graph.edges import EdgeAdmin, nodes_named
from shopreco.catalogues import get_catalogue
from shopreco.graph.edges import update_edges
from shopreco.models import Edge, EdgeState, Item, Node, Provenance, RelationType
from tests.helpers.demo import CATALOGUE
from tests.helpers.outbox import forget_changes, waiting
from tests.integration.test_admin_pages import HOSTILE, text

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def admin(admin_client: Client) -> Client:
    return admin_client


@pytest.fixture
def staff(client: Client) -> Callable[..., Client]:
    """`staff(*codenames)`: who may see everything of shopreco, and what is named besides."""

    def log_in(*codenames: str) -> Client:
        user = User.objects.create_user("viewer", is_staff=True)
        mine = Permission.objects.filter(content_type__app_label="shopreco")
        user.user_permissions.set(mine.filter(codename__startswith="view_"))
        user.user_permissions.add(*mine.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return log_in


def node_of(title: str) -> Node:
    return Node.objects.get(item__title=title)


def value(label: str, kind: str = "material") -> Node:
    return Node.objects.get(catalogue=CATALOGUE, label=label, kind=kind)


def relation(code: str) -> RelationType:
    """A test of a process and a server before may have emptied the table."""
    return RelationType.objects.get_or_create(code=code, defaults={"label": code})[0]


def edge(title: str, code: str = "has_material") -> Edge:
    return Edge.objects.get(source__item__title=title, relation__code=code)


def new_edge(source: Node, code: str, target: Node, provenance: str, **fields: Any) -> Edge:
    return Edge.objects.create(
        source=source, relation=relation(code), target=target, provenance=provenance, **fields
    )


@pytest.fixture
def found() -> Edge:
    """An edge that a text said, waiting for a decision."""
    steel = value("steel")
    brass_lamp = node_of("Brass desk lamp")
    return new_edge(brass_lamp, "has_material", steel, Provenance.EXTRACTED, weight=0.45)


def address(name: str, *args: object) -> str:
    return reverse(f"admin:shopreco_{name}", args=args)


def page(node: Node) -> str:
    return address("node_change", node.pk)


def press(client: Client, node: Node, step: str, edge: Edge, **query: str) -> Any:
    url = address("node_edges", node.pk)
    if query:
        url += "?" + "&".join(f"{name}={each}" for name, each in query.items())
    return client.post(url, {step: edge.pk})


def said(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def object_id(title: str) -> str:
    return str(Product.objects.get(title=title).pk)


def logged() -> tuple[str, int, str]:
    entry = LogEntry.objects.latest("id")
    return entry.content_type.model, entry.action_flag, entry.get_change_message()


# The page of a node


def test_the_page_of_a_product_draws_and_lists_its_edges(admin: Client, found: Edge) -> None:
    shown = text(admin.get(page(node_of("Brass desk lamp"))))
    drawing = shown[shown.index("shopreco-graph-title") : shown.index("shopreco-legend")]
    table = shown[shown.index("<tbody>") : shown.index("</tbody>")]
    for label in ("Fennel", "brass", "steel"):
        assert label in drawing
        assert label in table
    assert page(value("brass")) in drawing
    assert "shopreco-curve shopreco-value shopreco-extracted shopreco-edge-active" in drawing
    assert "found in a text · 0.45 · not confirmed" in drawing
    assert "declared by the catalogue" in table
    assert 'name="confirm"' in table
    assert page(node_of("Steel desk lamp")) not in shown
    assert "style=" not in shown.split('id="content-main"')[1]


def test_the_page_of_a_value_shows_who_has_it_in_its_own_words(admin: Client) -> None:
    shown = text(admin.get(page(value("brass"))))
    assert "material of" in shown
    assert page(node_of("Brass desk lamp")) in shown
    assert "Looked for in texts" in shown
    assert address("node_merge", value("brass").pk) in shown


def test_only_values_that_are_read_in_texts_can_be_switched_off(admin: Client) -> None:
    assert "Do not look for it" in text(admin.get(page(value("brass"))))
    assert "ook for it" not in text(admin.get(page(value("Fennel", "brand"))))
    services.stop_extraction(value("brass"))
    assert "Look for it in texts" in text(admin.get(page(value("brass"))))


def test_products_are_not_merged(admin: Client) -> None:
    lamp = node_of("Brass desk lamp")
    assert address("node_merge", lamp.pk) not in text(admin.get(page(lamp)))
    response = admin.get(address("node_merge", lamp.pk), follow=True)
    assert "cannot be merged" in said(response)


def test_filters_choose_relation_provenance_and_state(admin: Client, found: Edge) -> None:
    lamp = node_of("Brass desk lamp")

    def listed(**chosen: object) -> str:
        shown = text(admin.get(page(lamp), chosen))
        return shown[shown.index("shopreco-graph-title") : shown.rindex("</tbody>")]

    assert "Fennel" not in listed(relation=relation("has_material").pk)
    assert "brass" not in listed(provenance="extracted").lower().replace("brass desk lamp", "")
    assert "steel" not in listed(provenance="declared")
    services.decide_edges([found], EdgeState.REJECTED)
    assert "Fennel" not in listed(state="rejected")
    empty = text(admin.get(page(lamp), {"state": "rejected", "provenance": "mined"}))
    assert "No relation passes the filter" in empty


@pytest.mark.parametrize("asked", HOSTILE)
@pytest.mark.parametrize("name", ["relation", "provenance", "state", "after"])
def test_no_filter_breaks_the_page(asked: str, name: str, admin: Client) -> None:
    text(admin.get(page(value("brass")), {name: asked}))


def test_an_impossible_page_of_edges_is_empty(admin: Client) -> None:
    assert "It has no relations" in text(admin.get(page(value("brass")), {"after": "9" * 30}))


def test_a_node_with_many_edges_is_drawn_in_part_and_listed_in_pages(
    admin: Client, django_assert_max_num_queries: Any
) -> None:
    steel = value("steel")
    nodes = Node.objects.bulk_create(
        Node(catalogue=CATALOGUE, kind="item", key=f"k{n}", label=f"Lamp {n}") for n in range(150)
    )
    material = relation("has_material")
    Edge.objects.bulk_create(
        Edge(source=each, relation=material, target=steel, provenance="imported") for each in nodes
    )
    total = Edge.objects.filter(target=steel).count()
    admin.get(page(steel))
    with django_assert_max_num_queries(25):
        response = admin.get(page(steel))
    around = response.context["around"]
    leaves = [box for box in around.drawing.boxes if "shopreco-item" in box.style]
    assert (len(leaves), around.total, len(around.rows)) == (40, total, 50)
    assert f"and {total - 40} more" in text(response)
    ids = [row.edge.pk for row in around.rows]
    while around.after:
        around = admin.get(page(steel), {"after": around.after}).context["around"]
        ids += [row.edge.pk for row in around.rows]
    assert len(ids) == len(set(ids)) == total


def test_a_value_is_drawn_with_products_and_not_with_their_variants(admin: Client) -> None:
    garden = Node.objects.create(catalogue=CATALOGUE, kind="style", key="garden", label="Garden")
    chairs = Node.objects.filter(item__title__startswith="Garden chair ")
    for each in chairs:
        new_edge(each, "has_style", garden, Provenance.DECLARED)
    new_edge(node_of("Brass desk lamp"), "has_style", garden, Provenance.DECLARED)
    around = admin.get(page(garden)).context["around"]
    drawn = {box.lines[0][1] for box in around.drawing.boxes if "shopreco-item" in box.style}
    assert drawn == {"Garden chair", "Brass desk lamp"}
    assert (around.total, len(around.rows)) == (4, 4)  # all are listed
    chair = admin.get(page(node_of("Garden chair"))).context["around"]
    variants = [box for box in chair.drawing.boxes if "shopreco-item" in box.style]
    assert len(variants) == 3  # between them the relation is the point


def test_an_item_leads_to_its_graph_and_back(admin: Client) -> None:
    node = node_of("Brass desk lamp")
    item_page = address("item_change", node.item_id)
    assert page(node) in text(admin.get(item_page))
    assert item_page in text(admin.get(page(node)))


# Deciding


def test_an_edge_is_rejected_and_stays_rejected_when_it_is_built_again(
    admin: Client, found: Edge
) -> None:
    rejected = edge("Steel desk lamp")
    lamp = node_of("Steel desk lamp")
    response = press(admin, lamp, "reject", rejected, provenance="declared")
    assert response.url == f"{page(lamp)}?provenance=declared#edges"
    assert logged() == ("edge", CHANGE, "Rejected.")
    assert waiting() == {object_id("Steel desk lamp")}
    catalogue = get_catalogue(CATALOGUE)
    product = Product.objects.get(title="Steel desk lamp")
    update_edges(catalogue, [catalogue.document(product)])
    rejected.refresh_from_db()
    assert (rejected.state, rejected.provenance) == (EdgeState.REJECTED, Provenance.DECLARED)
    assert "Undo" in text(admin.get(page(lamp)))


def test_an_edge_is_confirmed_and_the_decision_undone(admin: Client, found: Edge) -> None:
    press(admin, found.target, "confirm", found)
    found.refresh_from_db()
    assert found.state == EdgeState.CONFIRMED
    assert logged() == ("edge", CHANGE, "Confirmed.")
    press(admin, found.source, "undo", found)
    found.refresh_from_db()
    assert found.state == EdgeState.ACTIVE


def test_both_directions_of_a_symmetric_edge_are_decided() -> None:
    services.add_edge(*(some := _pair("complements")))
    back = new_edge(some[2], "complements", some[0], Provenance.DECLARED)
    there = Edge.objects.get(source=some[0], target=some[2])
    services.decide_edges([there], EdgeState.REJECTED)
    back.refresh_from_db()
    assert back.state == EdgeState.REJECTED


def _pair(code: str) -> tuple[Node, RelationType, Node]:
    made, _new = RelationType.objects.get_or_create(
        code=code, defaults={"label": code, "symmetric": code == "complements"}
    )
    return node_of("Brass desk lamp"), made, node_of("Linen cushion")


def test_the_edge_of_another_node_is_not_decided_here(admin: Client, found: Edge) -> None:
    other = edge("Steel desk lamp")
    assert press(admin, value("brass"), "reject", other).status_code == 404
    assert press(admin, value("brass"), "eat", other).status_code == 404
    other.refresh_from_db()
    assert other.state == EdgeState.ACTIVE


STEPS = ["node_edges", "node_add_edge", "node_texts"]


@pytest.mark.parametrize("step", STEPS)
def test_a_get_changes_nothing(step: str, admin: Client) -> None:
    before = list(Edge.objects.order_by("pk").values())
    assert admin.get(address(step, value("brass").pk)).status_code == 405
    assert list(Edge.objects.order_by("pk").values()) == before


def test_without_permission_nothing_changes(staff: Callable[..., Client], found: Edge) -> None:
    viewer = staff()
    steel, brass = value("steel"), value("brass")
    shown = text(viewer.get(page(steel)))
    for button in ('name="confirm"', "Add a relation", "Merge into", "Do not look"):
        assert button not in shown
    before = list(Edge.objects.order_by("pk").values()), list(Node.objects.order_by("pk").values())
    answers = [
        press(viewer, steel, "reject", found),
        press(viewer, steel, "remove", found),
        viewer.post(address("node_add_edge", steel.pk), {"relation": "1:to", "other": brass.pk}),
        viewer.post(address("node_texts", steel.pk), {"wanted": "no"}),
        viewer.get(address("node_merge", steel.pk)),
        viewer.post(address("node_merge", steel.pk) + f"?into={brass.pk}"),
        viewer.post(page(steel), {"label": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert before == (
        list(Edge.objects.order_by("pk").values()), list(Node.objects.order_by("pk").values())
    )  # fmt: skip
    assert not LogEntry.objects.exists()


def test_who_may_decide_may_not_remove(staff: Callable[..., Client], found: Edge) -> None:
    client = staff("change_edge")
    assert press(client, found.source, "confirm", found).status_code == 302
    assert press(client, found.source, "remove", found).status_code == 403
    assert Edge.objects.filter(pk=found.pk, state=EdgeState.CONFIRMED).exists()


# Adding and removing


def test_an_edge_is_added_by_hand_and_survives_the_next_build(admin: Client) -> None:
    lamp, steel = node_of("Brass desk lamp"), value("steel")
    form = {"relation": f"{relation('has_material').pk}:from", "other": steel.pk}
    response = admin.post(address("node_add_edge", lamp.pk), form, follow=True)
    assert "is added. 1 object will be indexed again." in said(response)
    catalogue = get_catalogue(CATALOGUE)
    product = Product.objects.get(title="Brass desk lamp")
    update_edges(catalogue, [catalogue.document(product)])
    added = Edge.objects.get(source=lamp, target=steel)
    assert (added.provenance, added.state, added.weight) == ("curated", "confirmed", 1.0)
    assert logged() == ("edge", ADDITION, "Added.")
    assert waiting() == {object_id("Brass desk lamp")}


def test_an_edge_is_added_from_its_other_end(admin: Client) -> None:
    lamp, steel = node_of("Brass desk lamp"), value("steel")
    form = {"relation": f"{relation('has_material').pk}:to", "other": lamp.pk}
    admin.post(address("node_add_edge", steel.pk), form)
    assert Edge.objects.filter(source=lamp, target=steel, provenance="curated").exists()


def test_an_edge_that_is_there_becomes_one_made_by_hand(admin: Client, found: Edge) -> None:
    services.decide_edges([found], EdgeState.REJECTED)
    services.add_edge(found.source, found.relation, found.target)
    found.refresh_from_db()
    assert (found.provenance, found.state) == ("curated", "confirmed")


def test_a_symmetric_edge_is_added_once() -> None:
    one, complements, two = _pair("complements")
    services.add_edge(one, complements, two)
    services.add_edge(two, complements, one)
    assert Edge.objects.filter(relation=complements).count() == 1


@pytest.mark.parametrize(
    ("kind", "other"), [("0:from", "brass"), ("x", "brass"), ("has", "itself"), ("has", "foreign")]
)
def test_what_makes_no_edge_is_refused(kind: str, other: str, admin: Client) -> None:
    lamp = node_of("Brass desk lamp")
    foreign = Node.objects.create(catalogue="testapp.gadget", kind="material", key="x", label="x")
    chosen = {"brass": value("brass"), "itself": lamp, "foreign": foreign}[other]
    code = f"{relation('has_material').pk}:from" if kind == "has" else kind
    before = Edge.objects.count()
    response = admin.post(
        address("node_add_edge", lamp.pk), {"relation": code, "other": chosen.pk}, follow=True
    )
    assert "Choose a relation" in said(response)
    assert Edge.objects.count() == before


def test_only_what_people_or_files_made_is_removed(admin: Client, found: Edge) -> None:
    lamp = node_of("Brass desk lamp")
    response = admin.post(address("node_edges", lamp.pk), {"remove": found.pk}, follow=True)
    assert "reject it instead" in said(response)
    added, _marked = services.add_edge(found.source, found.relation, found.target)
    forget_changes()
    assert 'name="remove"' in text(admin.get(page(lamp)))
    press(admin, lamp, "remove", added)
    assert not Edge.objects.filter(pk=found.pk).exists()
    assert logged() == ("edge", DELETION, "Removed.")
    assert waiting() == {object_id("Brass desk lamp")}


# Suggestions


def suggested(client: Client, term: str, field: str = "target", catalogue: str = CATALOGUE) -> Any:
    model = "node" if field == "merged_into" else "edge"
    response = client.get(
        reverse("admin:autocomplete"),
        {
            "app_label": "shopreco",
            "model_name": model,
            "field_name": field,
            "term": term,
            "catalogue": catalogue,
        },
    )
    return [each["text"] for each in response.json()["results"]]


def test_suggestions_are_values_first_of_one_catalogue(admin: Client) -> None:
    Node.objects.create(catalogue="testapp.gadget", kind="material", key="brass", label="brass")
    assert suggested(admin, "bra") == ["brass (material)", "Brass desk lamp"]
    assert suggested(admin, "bra", "merged_into") == ["brass (material)"]
    assert suggested(admin, object_id("Brass desk lamp")) == ["Brass desk lamp"]
    services.merge_nodes(value("brass"), value("steel"))
    assert suggested(admin, "bra") == ["Brass desk lamp"]


@pytest.mark.parametrize("asked", HOSTILE)
def test_suggestions_and_searches_take_anything_literally(asked: str, admin: Client) -> None:
    suggested(admin, asked)
    text(admin.get(address("node_changelist"), {"q": asked}))
    text(admin.get(address("edge_changelist"), {"q": asked, "decision": "all"}))


def test_node_search_is_served_by_indexes() -> None:
    with connection.cursor() as cursor:
        # As many as make a difference: of few the planner reads all, whatever it is offered.
        cursor.execute(
            "INSERT INTO shopreco_node (catalogue, kind, key, label, in_texts, holders) "
            "SELECT 'testapp.gadget', 'material', md5(n::text), md5(n::text), true, 0 "
            "FROM generate_series(1, 20000) AS n"
        )
        cursor.execute("ANALYZE shopreco_node")
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = nodes_named("brass").explain()
    for index in ("shopreco_node_label", "shopreco_node_item", "shopreco_node_key"):
        assert index in plan


# Merging


def test_a_merge_is_confirmed_and_written_down(admin: Client) -> None:
    brass, steel = value("brass"), value("steel")
    before = Edge.objects.filter(target=steel).count()
    chosen = {"into": steel.pk}
    assert "Merge into" in text(admin.get(address("node_merge", brass.pk)))
    response = admin.get(address("node_merge", brass.pk), chosen)
    facts = dict(response.context["confirmation"].facts)
    assert facts["Relations that move"] == "1"
    assert Edge.objects.filter(target=brass).exists()  # a GET merges nothing
    response = admin.post(address("node_merge", brass.pk) + f"?into={steel.pk}", follow=True)
    assert response.redirect_chain == [(page(steel), 302)]
    assert "1 object will be indexed again" in said(response)
    assert Edge.objects.filter(target=steel).count() == before + 1
    assert waiting() == {object_id("Brass desk lamp")}
    entries = LogEntry.objects.filter(content_type__model="node").order_by("id")
    assert [(e.object_id, e.action_flag) for e in entries] == [
        (str(brass.pk), CHANGE),
        (str(steel.pk), CHANGE),
    ]
    merged = text(admin.get(page(brass)))
    assert "Merged into" in merged
    assert "Add a relation" not in merged
    assert page(brass) in text(admin.get(page(steel)))  # as one of its names


def test_a_merge_of_two_kinds_warns(admin: Client) -> None:
    response = admin.get(
        address("node_merge", value("brass").pk), {"into": value("Fennel", "brand").pk}
    )
    assert "different kinds" in text(response)


@pytest.mark.parametrize("into", ["", "x", "9" * 30, "itself", "item"])
def test_a_merge_into_what_cannot_be_is_asked_again(into: str, admin: Client) -> None:
    brass = value("brass")
    chosen = {"itself": brass.pk, "item": node_of("Brass desk lamp").pk}.get(into, into)
    url = address("node_merge", brass.pk) + f"?into={chosen}"
    for response in (admin.get(url), admin.post(url)):
        assert "Choose a value of the same catalogue" in text(response)
    brass.refresh_from_db()
    assert brass.merged_into is None


def test_a_common_word_is_not_looked_for(admin: Client) -> None:
    brass = value("brass")
    response = admin.post(address("node_texts", brass.pk), {"wanted": "no"}, follow=True)
    assert "Not looked for in texts any more." in said(response)
    brass.refresh_from_db()
    assert not brass.in_texts
    assert waiting() == {object_id("Brass desk lamp")}
    assert logged()[:2] == ("node", CHANGE)


# Lists


def test_edges_that_wait_for_a_decision_are_listed_one_by_one(admin: Client, found: Edge) -> None:
    brand = new_edge(
        node_of("Linen cushion"), "has_material", value("brass"), Provenance.EXTRACTED, weight=0.9
    )
    shown = text(admin.get(address("edge_changelist"), {"decision": "waiting"}))
    rows = re.findall(r'name="_selected_action" value="(\d+)"', shown)
    assert rows == [str(brand.pk), str(found.pk)]  # the surest first
    assert page(found.source) in shown
    assert page(found.target) in shown
    services.decide_edges([brand], EdgeState.REJECTED)
    assert "1 relation" in text(admin.get(address("edge_changelist"), {"decision": "waiting"}))
    assert "Linen cushion" in text(admin.get(address("edge_changelist"), {"decision": "rejected"}))
    everything = {"decision": "all", "relation": relation("has_brand").pk}
    assert "8 relations" in text(admin.get(address("edge_changelist"), everything))
    assert "1 relation" in text(admin.get(address("edge_changelist"), {"q": "brass desk"}))


@pytest.mark.parametrize(
    ("action", "state"),
    [("confirm_selected", "confirmed"), ("reject_selected", "rejected")],
)
def test_selected_edges_are_decided(action: str, state: str, admin: Client, found: Edge) -> None:
    data = {"action": action, "_selected_action": [found.pk]}
    response = admin.post(address("edge_changelist"), data, follow=True)
    assert f"1 relation is {state}" in said(response)
    found.refresh_from_db()
    assert found.state == state
    assert LogEntry.objects.get().object_id == str(found.pk)
    assert waiting() == {object_id("Brass desk lamp")}


def test_actions_on_edges_need_a_permission(staff: Callable[..., Client], found: Edge) -> None:
    client = staff()
    assert "Reject selected" not in text(
        client.get(address("edge_changelist"), {"decision": "all"})
    )
    client.post(
        address("edge_changelist"), {"action": "reject_selected", "_selected_action": [found.pk]}
    )
    found.refresh_from_db()
    assert found.state == EdgeState.ACTIVE


def test_too_many_edges_are_not_decided_at_once(admin: Client, found: Edge) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH made AS (
                INSERT INTO shopreco_node (catalogue, kind, key, label, in_texts, holders)
                SELECT %s, 'material', 'm' || n, 'm' || n, true, 1
                FROM generate_series(1, %s) n RETURNING id
            )
            INSERT INTO shopreco_edge (source_id, relation_id, target_id, weight, provenance, state)
            SELECT e.source_id, e.relation_id, made.id, 1, e.provenance, e.state
            FROM shopreco_edge e, made WHERE e.id = %s
            """,
            [CATALOGUE, EdgeAdmin.max_selected, found.pk],
        )
    data = {"action": "reject_selected", "_selected_action": [found.pk], "select_across": "1"}
    answer = admin.post(address("edge_changelist"), data, follow=True)
    assert f"More than {EdgeAdmin.max_selected}" in said(answer)
    found.refresh_from_db()
    assert found.state == EdgeState.ACTIVE


def test_the_list_of_what_waits_is_served_by_an_index(found: Edge) -> None:
    waiting = Edge.objects.filter(provenance=Provenance.EXTRACTED, state=EdgeState.ACTIVE)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    assert "shopreco_edge_waiting" in waiting.order_by("-weight", "-id")[:50].explain()


def test_lists_of_the_graph_cost_a_fixed_number_of_queries(
    admin: Client, found: Edge, django_assert_max_num_queries: Any
) -> None:
    for model, asked in (("node", {}), ("edge", {"decision": "all"}), ("relationtype", {})):
        admin.get(address(f"{model}_changelist"), asked)
        with django_assert_max_num_queries(9):
            text(admin.get(address(f"{model}_changelist"), asked))


def test_nodes_are_found_by_label_and_kind(admin: Client) -> None:
    assert "1 value or brand" in text(admin.get(address("node_changelist"), {"q": "fenn"}))
    brands = text(admin.get(address("node_changelist"), {"kind": "brand"}))
    assert "2 values and brands" in brands
    counts = re.findall(r'class="field-edge_count">(\d+)<', brands)
    assert counts == ["4", "4"]


def test_relation_types_are_edited_but_their_code_stays(admin: Client) -> None:
    material = relation("has_material")
    url = address("relationtype_change", material.pk)
    admin.post(url, {"code": "x", "meaning": "attribute", "label": "made of", "weight": "1"})
    material.refresh_from_db()
    assert (material.code, material.label) == ("has_material", "made of")
    assert admin.post(address("relationtype_delete", material.pk)).status_code == 403


@pytest.mark.parametrize("model", ["node", "edge", "relationtype"])
def test_lists_are_for_those_who_may_see_them(model: str, client: Client, admin: Client) -> None:
    chinese = {"accept-language": "zh-hans"}
    assert (
        admin.get(address(f"{model}_changelist"), follow=True, headers=chinese).status_code == 200
    )
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    assert client.get(address(f"{model}_changelist")).status_code == 403
    if model == "node":
        assert client.get(page(value("brass"))).status_code == 403


def test_the_page_of_an_edge_says_what_it_joins(admin: Client, found: Edge) -> None:
    assert "Brass desk lamp has_material steel (material)" in text(
        admin.get(address("edge_change", found.pk))
    )


def test_nodes_of_a_catalogue_that_is_gone(admin: Client) -> None:
    foreign = [
        Node.objects.create(catalogue="shop.gone", kind="item", key=key, item=item)
        for key, item in (("1", Item.objects.create(
            catalogue="shop.gone", object_id="1", group_id=0, outcome="indexed"
        )), ("2", None))
    ]  # fmt: skip
    services.add_edge(foreign[0], _pair("complements")[1], foreign[1])
    assert waiting() == set()
    assert "shop.gone" in text(admin.get(page(foreign[0])))


# Drawing


def some_leaves(count: int) -> list[Leaf]:
    return [Leaf(f"n{n}", "/", "shopreco-item") for n in range(count)]


@pytest.mark.parametrize("counts", [[1], [2], [5], [40], [1] * 40, [3, 1, 20, 4, 12], [4, 4, 4]])
def test_no_two_boxes_overlap_and_all_are_inside_without_an_empty_side(counts: list[int]) -> None:
    groups = [Group(f"g{n}", "/", some_leaves(count)) for n, count in enumerate(counts)]
    drawing = draw("A node with a long name " * 5, groups)
    leaves = [box for box in drawing.boxes if box.style == "shopreco-item"]
    assert len(leaves) == sum(counts)
    assert min(box.x for box in drawing.boxes) == drawing.left
    for box in drawing.boxes:
        assert drawing.left <= box.x <= drawing.left + drawing.width - box.width
        assert 0 <= box.y <= drawing.height - box.height
    for n, one in enumerate(drawing.boxes):
        for two in drawing.boxes[n + 1 :]:
            apart = (
                one.x + one.width <= two.x
                or two.x + two.width <= one.x
                or one.y + one.height <= two.y
                or two.y + two.height <= one.y
            )
            assert apart, (one, two)


def test_labels_are_cut_by_the_width_of_their_characters() -> None:
    assert shortened("short", 10) == "short"
    assert shortened("a rather long label", 10) == "a rather…"
    assert shortened("北欧胡桃木台灯", 9) == "北欧胡…"
    assert wrapped("Home > Lighting > Desk lamps", 16, 3) == ["Home > Lighting", "> Desk lamps"]
    assert wrapped("北欧胡桃木台灯", 8, 2) == ["北欧胡桃", "木台灯"]
    assert wrapped("one two three four", 5, 2) == ["one", "two…"]


def test_what_a_relation_counts_is_edited_with_the_right_to_and_logged(
    staff: Callable[..., Client],
) -> None:
    made = {"meaning": "accessory", "label": "has accessory", "inverse_label": "accessory of"}
    accessory, _new = RelationType.objects.get_or_create(code="has_accessory", defaults=made)
    url = address("relationtype_change", accessory.pk)
    words = {name: getattr(accessory, name) for name in ("label", "inverse_label", "meaning")}
    words |= {"label_zh": "", "inverse_label_zh": "", "symmetric": ""}

    client = staff()
    assert client.post(url, {**words, "weight": "0.25"}).status_code == 403
    allowed = Permission.objects.get(codename="change_relationtype")
    User.objects.get(username="viewer").user_permissions.add(allowed)
    for wrong in ("1.5", "-0.1", "nan", ""):
        assert client.post(url, {**words, "weight": wrong}).status_code == 200
    assert relation("has_accessory").weight == accessory.weight

    answer = client.post(url, {**words, "weight": "0.25"}, follow=True)
    assert "from the next re-index on" in said(answer)
    assert relation("has_accessory").weight == 0.25
    model, flag, message = logged()
    assert (model, flag) == ("relationtype", CHANGE)
    assert "weight" in message.lower()
