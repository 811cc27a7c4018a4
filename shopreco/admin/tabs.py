"""Tabs: the row of links above all pages of shopreco, to which an app adds its own.

In the app's `AppConfig.ready`, if Django's admin is installed, or in its module `admin`:

    admin_tabs.register("opinions", AdminTab(Opinion, position=95))

To show the tabs above its own pages as well, the app's `ModelAdmin` extends `ShopRecoAdmin`, with
`change_list_template = "admin/shopreco/change_list.html"`, and the like for `change_form`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst

from shopreco.admin.permissions import may
from shopreco.registries import Registry


@dataclass(frozen=True, slots=True)
class AdminTab:
    """A page of the admin that has a tab: the list of a model, or a view beside that list.

    model: a site has the tab if the model is registered with it.
    title: the plural of the model, unless given.
    view: called with the `ShopRecoAdmin` of the model and the request. Its address is the tab's
        name, below the list of the model. None: the tab leads to the list itself.
    permission: what a user needs to see and open it, as "shopreco.view_item"; the permission to
        view the model, unless given.
    position: tabs stand in ascending order; those of shopreco have 10, 20, … 80.
    """

    model: type[models.Model]
    title: str | Promise = ""
    view: Callable[[Any, HttpRequest], HttpResponse] | None = None
    permission: str = ""
    position: int = 100

    def url_name(self, name: str) -> str:
        opts = self.model._meta
        return f"{opts.app_label}_{opts.model_name}_{name if self.view else 'changelist'}"

    def may_open(self, request: HttpRequest) -> bool:
        if self.permission:
            return request.user.has_perm(self.permission)
        return may(request, "view", self.model)


@dataclass(frozen=True, slots=True)
class TabLink:
    """A tab as the template shows it."""

    label: str
    url: str
    current: bool


admin_tabs = Registry[AdminTab]("admin tab")


def tab_links(site: admin.AdminSite, request: HttpRequest, current: str) -> list[TabLink]:
    """The tabs that the user may open on a site. `current`: URL name of the page that is shown."""
    links = []
    for name, tab in sorted(admin_tabs.items(), key=lambda each: each[1].position):
        if site.is_registered(tab.model) and tab.may_open(request):
            url_name = tab.url_name(name)
            label = str(tab.title or capfirst(tab.model._meta.verbose_name_plural))
            url = reverse(f"admin:{url_name}", current_app=site.name)
            links.append(TabLink(label, url, url_name == current))
    return links
