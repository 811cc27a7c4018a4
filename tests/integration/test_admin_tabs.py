"""An app adds pages to the admin of shopreco by tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import AppConfig
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.test import Client
from django.urls import path

import tests.testapp
from shopreco.admin import AdminTab, admin_tabs, register
from shopreco.admin.pages import ShopRecoAdmin
from shopreco.exceptions import ConfigurationError
from shopreco.models import Item
from tests.testapp.models import Maker

pytestmark = pytest.mark.usefixtures("shop")

ADDED = ("makers", "returns")


def returns(page: ShopRecoAdmin, request: HttpRequest) -> HttpResponse:
    """A page without a model, in the frame of the others."""
    context = page.page_context(request, title="What comes back")
    return TemplateResponse(request, "admin/shopreco/confirmation.html", context)


class MakerAdmin(ShopRecoAdmin):
    change_list_template = "admin/shopreco/change_list.html"
    change_form_template = "admin/shopreco/change_form.html"


class MakersConfig(AppConfig):
    """A throw-away app: a list of a model of its own, and a view below the list of items."""

    name = "makers"

    def ready(self) -> None:
        admin_tabs.register("makers", AdminTab(Maker, position=15))
        admin_tabs.register(
            "returns", AdminTab(Item, "Returns", returns, permission="testapp.change_maker")
        )


@pytest.fixture(autouse=True)
def app(settings: Any) -> Iterator[None]:
    """The app is installed, and an admin site has its model."""
    MakersConfig("makers", tests.testapp).ready()
    site = admin.AdminSite()
    register(site)
    site.register(Maker, MakerAdmin)
    settings.ROOT_URLCONF = SimpleUrls([path("admin/", site.urls)])
    yield
    for name in ADDED:
        admin_tabs.unregister(name)


class SimpleUrls(SimpleNamespace):
    """A URLconf that is not a module."""

    __hash__ = object.__hash__

    def __init__(self, urlpatterns: list[Any]) -> None:
        super().__init__(urlpatterns=urlpatterns)


@pytest.fixture
def staff(client: Client) -> Callable[..., Client]:
    def log_in(*codenames: str) -> Client:
        user = User.objects.create_user("clerk", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return log_in


def tabs(response: Any) -> dict[str, str]:
    assert response.status_code == 200, response.status_code
    return {link.label: link.url for link in response.context["tabs"]}


def current(response: Any) -> list[str]:
    return [link.label for link in response.context["tabs"] if link.current]


def test_the_tabs_stand_among_those_of_shopreco_in_their_places(admin_client: Client) -> None:
    found = tabs(admin_client.get("/admin/shopreco/item/"))
    assert list(found)[:3] == ["Indexed products", "Makers", "Runs"]
    assert list(found)[-2:] == ["Search console", "Returns"]
    assert found["Makers"] == "/admin/testapp/maker/"
    assert found["Returns"] == "/admin/shopreco/item/returns/"


def test_the_pages_of_the_app_have_the_tabs_too(admin_client: Client) -> None:
    for url in ("/admin/testapp/maker/", "/admin/testapp/maker/add/"):
        response = admin_client.get(url)
        assert current(response) == ["Makers"]
        assert "/admin/shopreco/item/console/" in response.content.decode()


def test_a_page_of_its_own_has_the_tabs_with_its_own_as_the_current_one(
    admin_client: Client,
) -> None:
    response = admin_client.get("/admin/shopreco/item/returns/")
    assert "What comes back" in response.content.decode()
    assert current(response) == ["Returns"]
    assert current(admin_client.get("/admin/shopreco/item/console/")) == ["Search console"]
    assert current(admin_client.get("/admin/shopreco/item/")) == ["Indexed products"]


def test_tabs_are_for_those_with_the_permission(staff: Callable[..., Client]) -> None:
    client = staff("view_item", "view_maker")
    assert list(tabs(client.get("/admin/shopreco/item/"))) == [
        "Indexed products",
        "Makers",
        "Search console",
    ]
    assert client.get("/admin/shopreco/item/returns/").status_code == 403


def test_without_the_permission_there_is_no_tab_and_with_another_there_is_another(
    staff: Callable[..., Client],
) -> None:
    client = staff("view_run", "change_maker")
    assert list(tabs(client.get("/admin/shopreco/run/"))) == ["Makers", "Runs", "Returns"]
    assert client.get("/admin/shopreco/item/returns/").status_code == 200
    assert client.get("/admin/shopreco/item/console/").status_code == 403


def test_a_site_without_the_model_has_no_tab(admin_client: Client, settings: Any) -> None:
    site = admin.AdminSite()
    register(site)
    settings.ROOT_URLCONF = SimpleUrls([path("admin/", site.urls)])
    assert "Makers" not in tabs(admin_client.get("/admin/shopreco/item/"))


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ConfigurationError, match="two of the admin tab 'console'"):
        admin_tabs.register("console", AdminTab(Maker))
