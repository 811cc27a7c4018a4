"""The mixin in a shop's own admin, on an admin site of the shop's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, connection, models
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path, reverse

from demo_shop.models import Brand, Product
from shopreco import services
from shopreco.admin import IndexStateAdminMixin, register
from shopreco.models import Change, Item, Node, Outcome
from tests.helpers.demo import CATALOGUE
from tests.helpers.outbox import forget_changes, waiting
from tests.integration.test_admin_pages import text
from tests.testapp.models import Book, Media

back_office = admin.AdminSite(name="backoffice")
register(back_office)


class ProductAdmin(IndexStateAdminMixin, admin.ModelAdmin):  # type: ignore[type-arg, misc]  # ModelAdmin takes no parameter at run time
    list_display = ("title", "price", "stock")
    list_editable = ("stock",)
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    actions = ("put_away",)
    change_list_template = "admin/change_list.html"

    class Media:
        css = {"all": ["shop/own.css"]}

    @admin.action(description="Put away")
    def put_away(self, request: HttpRequest, queryset: Any) -> None:
        queryset.update(stock=0)


class BookAdmin(IndexStateAdminMixin, admin.ModelAdmin):  # type: ignore[type-arg, misc]  # ModelAdmin takes no parameter at run time
    """A child of multi-table inheritance, whose parent has a catalogue too."""


class BrandAdmin(IndexStateAdminMixin, admin.ModelAdmin):  # type: ignore[type-arg, misc]  # ModelAdmin takes no parameter at run time
    """A model without a catalogue."""


back_office.register(Product, ProductAdmin)
back_office.register(Book, BookAdmin)
back_office.register(Media, BookAdmin)
back_office.register(Brand, BrandAdmin)

urlpatterns = [path("office/", back_office.urls), path("other/", admin.site.urls)]

pytestmark = [pytest.mark.usefixtures("shop"), pytest.mark.urls(__name__)]


def changelist(model: str = "demo_shop_product") -> str:
    return reverse(f"backoffice:{model}_changelist")


def reindex(client: Client, objects: list[Any], model: str = "demo_shop_product") -> Any:
    data = {"action": "shopreco_reindex", "_selected_action": [each.pk for each in objects]}
    return client.post(changelist(model), data, follow=True)


def test_the_column_shows_the_state_of_every_row(admin_client: Client) -> None:
    brass = Product.objects.get(title="Brass desk lamp")
    steel = Product.objects.get(title="Steel desk lamp")
    Item.objects.filter(object_id=str(brass.pk)).update(outcome="skipped", reason="by weight only")
    services.reindex_objects(CATALOGUE, [str(steel.pk)])
    shown = text(admin_client.get(changelist()))
    assert "by weight only" in shown
    assert shown.count("shopreco-state shopreco-pending") == 1
    assert shown.count("shopreco-state shopreco-missing") == 1  # the one that is taken down
    item = Item.objects.get(object_id=str(brass.pk))
    assert reverse("backoffice:shopreco_item_change", args=[item.pk]) in shown


def test_the_shops_own_admin_stays_as_it_is(admin_client: Client) -> None:
    shown = text(admin_client.get(changelist()))
    assert "Put away" in shown
    assert "Delete selected" in shown
    assert "shop/own.css" in shown
    assert 'name="form-0-stock"' in shown  # list_editable
    assert "shopreco/admin/admin.css" in shown


def test_the_column_costs_one_query_per_page(admin_client: Client) -> None:
    admin_client.get(changelist())
    with CaptureQueriesContext(
        connection,
    ) as queries:
        admin_client.get(changelist())
    ours = [query["sql"] for query in queries if "shopreco_" in query["sql"]]
    assert len(ours) == 1


def test_the_page_of_an_object_may_show_the_column_too(rf: Any) -> None:
    product = Product.objects.get(title="Brass desk lamp")
    shown = ProductAdmin(Product, back_office).index_state(product)
    assert "indexed" in shown


def test_selected_objects_are_reindexed(admin_client: Client) -> None:
    products = list(Product.objects.filter(title__contains="cushion"))
    response = reindex(admin_client, products)
    assert "2 objects will be indexed again." in text(response)
    assert waiting() == {str(product.pk) for product in products}
    entries = LogEntry.objects.filter(object_id__in=waiting())
    assert {entry.content_type.model for entry in entries} == {"product"}
    assert entries.count() == 2


def test_it_needs_the_permission_of_shopreco(client: Client) -> None:
    user = User.objects.create_user("editor", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_product"))
    client.force_login(user)
    assert "Re-index selected" not in text(client.get(changelist()))
    reindex(client, [Product.objects.latest("pk")])
    assert not waiting()
    user.user_permissions.add(Permission.objects.get(codename="change_item"))
    assert "Re-index selected products" in text(client.get(changelist()))


def test_too_many_at_once_are_sent_to_the_catalogue(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProductAdmin, "max_selected", 1)
    response = reindex(admin_client, list(Product.objects.all()[:2]))
    assert "Re-index the catalogue instead" in text(response)
    assert not waiting()


def test_a_child_of_multi_table_inheritance(admin_client: Client) -> None:
    book = Book.objects.create(title="Lamps of the north", author="A. Lund")
    forget_changes()
    assert "shopreco-missing" in text(admin_client.get(changelist("testapp_book")))
    reindex(admin_client, [book], "testapp_book")
    assert "shopreco-pending" in text(admin_client.get(changelist("testapp_book")))
    assert waiting() == {str(book.pk)}
    assert Change.objects.get().catalogue == "testapp.book"
    assert "shopreco-pending" in text(admin_client.get(changelist("testapp_book")))


def test_a_model_without_a_catalogue(admin_client: Client) -> None:
    shown = text(admin_client.get(changelist("demo_shop_brand")))
    assert "Fennel" in shown
    assert "shopreco-state" not in shown
    assert "Re-index selected" not in shown


def test_the_shops_page_comes_without_our_tables(
    admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shopreco_change RENAME TO shopreco_change_gone")
    shown = text(admin_client.get(changelist()))
    assert "Brass desk lamp" in shown
    assert "no index states" in caplog.text
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT FROM shopreco_change")


@pytest.mark.parametrize("model", ["item", "embeddingspace", "run", "node", "edge", "relationtype"])
def test_the_pages_stay_on_the_site_they_were_opened_on(model: str, admin_client: Client) -> None:
    shown = text(admin_client.get(changelist(f"shopreco_{model}"), follow=True))
    assert "/office/shopreco/item/console/" in shown
    assert "/other/" not in shown


def test_the_console_and_items_link_to_this_site(admin_client: Client) -> None:
    asked = {"q": "lamp", "catalogue": CATALOGUE}
    console = text(admin_client.get(reverse("backoffice:shopreco_item_console"), asked))
    assert "/office/demo_shop/product/" in console
    item = Item.objects.filter(outcome=Outcome.INDEXED).latest("id")
    page = text(admin_client.get(reverse("backoffice:shopreco_item_change", args=[item.pk])))
    assert "/office/demo_shop/product/" in page
    assert "/other/" not in page + console
    node = Node.objects.get(item=item)
    graph = text(admin_client.get(reverse("backoffice:shopreco_node_change", args=[node.pk])))
    assert "/office/autocomplete/" in graph
    assert "/other/" not in graph
