"""The pages of the admin: what they show, to whom, and with how many queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import AdminSite, site
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.text import capfirst

from demo_shop.models import Product
from shopreco import services
from shopreco.admin import register
from shopreco.catalogues import get_catalogues
from shopreco.models import (
    EmbeddingSpace,
    EncoderSpecification,
    Item,
    ModalitySpecification,
    Outcome,
    Run,
    SpaceSpecification,
)
from tests.helpers.demo import CATALOGUE

pytestmark = pytest.mark.usefixtures("shop")

CHANGELISTS = ["item", "embeddingspace", "run"]
HOSTILE = [
    "%",
    "_",
    "\\",
    "'; DROP TABLE shopreco_item; --",
    "\x00",
    "  ",
    "💡",
    "\u202eمصباح",
    "a" * 10_000,
    "--",
    "🪑" * 300,
]


@pytest.fixture
def admin(admin_client: Client) -> Client:
    return admin_client


@pytest.fixture
def staff(client: Client) -> Client:
    """Staff with the right to see everything of shopreco and to change nothing."""
    user = User.objects.create_user("viewer", is_staff=True)
    mine = Permission.objects.filter(content_type__app_label="shopreco")
    user.user_permissions.set(mine.filter(codename__startswith="view_"))
    client.force_login(user)
    return client


@pytest.fixture
def item() -> Item:
    return Item.objects.get(catalogue=CATALOGUE, title="Brass desk lamp")


def changelist(model: str) -> str:
    return reverse(f"admin:shopreco_{model}_changelist")


def page(model: str, pk: int) -> str:
    return reverse(f"admin:shopreco_{model}_change", args=[pk])


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return response.content.decode()


@pytest.mark.parametrize("model", CHANGELISTS)
def test_lists_are_for_staff_with_the_permission(model: str, client: Client) -> None:
    assert client.get(changelist(model)).status_code == 302
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    assert client.get(changelist(model)).status_code == 403


@pytest.mark.parametrize("model", CHANGELISTS)
def test_a_viewer_sees_the_pages_and_no_button(model: str, staff: Client) -> None:
    shown = text(staff.get(changelist(model)))
    assert "Search console" in shown
    for button in ("Re-index the catalogue", "Rebuild with", "Re-index selected", "addlink"):
        assert button not in shown


def test_nothing_is_edited_by_hand(admin: Client, item: Item) -> None:
    shown = text(admin.get(page("item", item.pk)))
    assert 'name="_save"' not in shown
    assert admin.post(page("item", item.pk), {"title": "other"}).status_code == 403
    assert admin.get(reverse("admin:shopreco_item_add")).status_code == 403
    assert admin.post(reverse("admin:shopreco_item_delete", args=[item.pk])).status_code == 403


def test_items_are_listed_by_state(admin: Client, item: Item) -> None:
    Item.objects.filter(pk=item.pk).update(outcome=Outcome.SKIPPED, reason="sold by weight")
    other = Item.objects.get(title="Velvet cushion")
    services.reindex_objects(CATALOGUE, [other.object_id])

    skipped = text(admin.get(changelist("item"), {"state": "skipped"}))
    assert "Brass desk lamp" in skipped
    assert "sold by weight" in skipped
    pending = text(admin.get(changelist("item"), {"state": "pending"}))
    assert other.title in pending
    assert "Brass desk lamp" not in pending
    assert other.title not in text(admin.get(changelist("item"), {"state": "indexed"}))
    assert text(admin.get(changelist("item"), {"state": "nonsense"}))


@pytest.mark.parametrize("asked", ["ass DESK la", "al-0001", "AL 0001"])
def test_items_are_found_by_title_and_identifier(asked: str, admin: Client) -> None:
    shown = text(admin.get(changelist("item"), {"q": asked}))
    assert "Brass desk lamp" in shown
    assert "Linen cushion" not in shown


def test_an_item_is_found_by_its_object_id(admin: Client, item: Item) -> None:
    assert "1 indexed product" in text(admin.get(changelist("item"), {"q": item.object_id}))


def test_item_search_is_served_by_indexes() -> None:
    admin_of_items = site.get_model_admin(Item)
    every = Item.objects.all()
    found, _distinct = admin_of_items.get_search_results(RequestFactory().get("/"), every, "brass")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = found.order_by().explain()
    for index in ("shopreco_item_typed", "shopreco_item_object", "shopreco_item_identifiers"):
        assert index in plan


@pytest.mark.parametrize("asked", HOSTILE)
def test_item_search_takes_anything_literally(asked: str, admin: Client) -> None:
    shown = text(admin.get(changelist("item"), {"q": asked}))
    if asked in {"%", "_", "\\"}:
        assert "0 indexed products" in shown


def test_lists_cost_a_fixed_number_of_queries(
    admin: Client, django_assert_max_num_queries: Any
) -> None:
    ids = list(Item.objects.values_list("object_id", flat=True))
    services.reindex_objects(CATALOGUE, ids)
    admin.get(changelist("item"))
    for model, most in (
        ("item", 8),
        ("embeddingspace", 12),
        ("run", 8 + 9 * len(get_catalogues())),
    ):
        with django_assert_max_num_queries(most):
            admin.get(changelist(model))


def test_a_page_of_an_item_shows_its_place_in_the_index(
    admin: Client, item: Item, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(30):
        shown = text(admin.get(page("item", item.pk)))
    product = Product.objects.get(pk=item.object_id)
    assert reverse("admin:demo_shop_product_change", args=[product.pk]) in shown
    assert product.get_absolute_url() in shown
    assert "Home &gt; Lighting &gt; Desk lamps" in shown
    assert "shopreco-term" in shown  # its words, with weights
    neighbours = shown[shown.index("shopreco-neighbours") :]
    assert "desk lamp" in neighbours
    assert page("item", item.pk) not in neighbours


def test_a_page_of_an_item_without_object_or_vector(admin: Client) -> None:
    gone = Item.objects.create(
        catalogue=CATALOGUE, object_id="not a key", group_id=0, outcome=Outcome.DELETED
    )
    foreign = Item.objects.create(
        catalogue="shop.gone", object_id="1", group_id=0, outcome=Outcome.FAILED
    )
    assert "not in the shop any more" in text(admin.get(page("item", gone.pk)))
    assert "This product is not in the version of the index" in text(
        admin.get(page("item", foreign.pk))
    )
    assert admin.get(page("item", 999_999_999)).status_code == 302
    assert admin.get("/admin/shopreco/item/abc/change/").status_code == 302


def test_spaces_show_model_size_and_whether_they_match_the_settings(
    admin: Client, settings: Any
) -> None:
    shown = text(admin.get(changelist("embeddingspace")))
    assert "HashingEncoder" in shown
    assert "as in the settings" in shown
    assert "KB" in shown
    other = {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 64}
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": other}
    assert "differs from the settings" in text(admin.get(changelist("embeddingspace")))
    missing = {"CLASS": "shopreco.encoders.SentenceTransformerEncoder", "MODEL": "/nowhere/at/all"}
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": missing}
    assert "/nowhere/at/all" in text(admin.get(changelist("embeddingspace")))


def test_a_page_of_a_space(admin: Client) -> None:
    space = EmbeddingSpace.objects.get(catalogue=CATALOGUE)
    shown = text(admin.get(page("embeddingspace", space.pk)))
    assert space.fingerprint in shown
    assert "average words per field" in shown.lower()


def test_runs_show_every_catalogue_and_its_problems(admin: Client) -> None:
    Item.objects.filter(title="Brass desk lamp").update(failures=1)
    shown = text(admin.get(changelist("run")))
    assert CATALOGUE in shown
    assert "1 product failed" in shown
    assert reverse("admin:shopreco_run_start", args=["reindex", CATALOGUE]) in shown
    assert reverse("admin:shopreco_run_start", args=["rebuild", CATALOGUE]) in shown


def test_a_page_of_a_run_that_is_over(admin: Client) -> None:
    run = Run.objects.get()
    shown = text(admin.get(page("run", run.pk)))
    assert "Answers come from the new version" in shown
    assert 'data-shopreco-live="false"' in shown


@pytest.mark.parametrize("model", CHANGELISTS)
def test_pages_speak_the_language_of_the_reader(model: str, admin: Client) -> None:
    assert admin.get(changelist(model), headers={"accept-language": "zh-hans"}).status_code == 200


def test_a_space_of_a_catalogue_that_is_gone(admin: Client) -> None:
    encoder = EncoderSpecification({"CLASS": "shopreco.encoders.HashingEncoder"}, "e" * 64, 256)
    space = EmbeddingSpace.objects.create(
        catalogue="shop.gone",
        fingerprint="f" * 32,
        specification=SpaceSpecification((ModalitySpecification("text", encoder, 1.0),)),
        state="retired",
    )
    shown = text(admin.get(page("embeddingspace", space.pk)))
    assert "its catalogue is not registered any more" in shown


# The front page of the admin


@pytest.mark.parametrize("front", ["admin:index", "shopreco"])
def test_the_front_page_begins_with_the_search_index_and_its_buttons(
    front: str, admin: Client
) -> None:
    url = reverse("admin:app_list", args=[front]) if front == "shopreco" else reverse(front)
    shown = text(admin.get(url))
    panel = shown[shown.index('id="shopreco-overview"') : shown.index('id="content-main"')]
    assert "Search answers" in panel
    assert "12 products" in panel
    assert reverse("admin:shopreco_run_start", args=["reindex", CATALOGUE]) in panel
    assert f"{reverse('admin:shopreco_item_console')}?catalogue={CATALOGUE}" in panel


def test_the_front_page_says_that_a_run_is_on_and_leads_to_it(admin: Client) -> None:
    run = services.reindex(CATALOGUE)
    shown = text(admin.get(reverse("admin:index")))
    assert "A run is on" in shown
    assert page("run", run.pk) in shown
    assert reverse("admin:shopreco_run_start", args=["reindex", CATALOGUE]) not in shown


def test_who_may_not_see_the_index_has_the_front_page_as_it_was(client: Client) -> None:
    user = User.objects.create_user("clerk", is_staff=True)
    client.force_login(user)
    assert "shopreco-overview" not in text(client.get(reverse("admin:index")))
    user.user_permissions.add(Permission.objects.get(codename="view_item"))
    shown = text(client.get(reverse("admin:index")))
    assert "Search console" in shown
    assert "Re-index" not in shown


def test_a_site_with_a_front_page_of_its_own_keeps_it() -> None:
    site = AdminSite()
    site.index_template = "shop/front.html"
    register(site)
    assert site.index_template == "shop/front.html"


def test_an_owner_reads_no_hashes_unless_technical_details_are_opened(
    admin: Client, item: Item
) -> None:
    space = EmbeddingSpace.objects.get(catalogue=CATALOGUE)
    for url, mark in (
        (page("item", item.pk), item.hashes["document"]),
        (page("embeddingspace", space.pk), space.fingerprint),
    ):
        open_part, _summary, folded = text(admin.get(url)).partition("Technical details")
        assert mark in folded
        assert mark not in open_part
        assert open_part.rindex("<details") > open_part.rindex("</fieldset>")


# The list of runs


def test_the_list_of_runs_says_why_a_catalogue_under_way_has_no_buttons(admin: Client) -> None:
    run = services.reindex(CATALOGUE)
    shown = text(admin.get(changelist("run")))
    assert (
        f"{capfirst(run)} is on: the catalogue can be re-indexed or rebuilt when it is over"
        in shown
    )
    assert "data-shopreco-live" in shown  # which has the page refresh itself
    services.cancel(run)
    assert "data-shopreco-live" not in text(admin.get(changelist("run")))
