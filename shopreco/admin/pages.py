"""Pages of the admin: what all share. They show, and change only through confirmed steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import models, router
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from shopreco.admin.appearance import EMPTY, STYLESHEET
from shopreco.admin.changelists import prepared
from shopreco.admin.permissions import may, require
from shopreco.admin.selections import MAX_SELECTED
from shopreco.admin.tabs import AdminTab, TabLink, admin_tabs, tab_links
from shopreco.catalogues import get_catalogues

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a user reads before pressing the button.

    facts: (label, value) pairs.
    choices: boxes to tick, each (name in the POST, label, what it does).
    """

    title: str
    text: str
    button: str
    facts: Sequence[tuple[str, object]] = ()
    warnings: Sequence[str] = field(default_factory=list)
    choices: Sequence[tuple[str, str, str]] = ()
    dangerous: bool = False
    possible: bool = True


class CatalogueFilter(admin.SimpleListFilter):
    title = gettext_lazy("catalogue")
    parameter_name = "catalogue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(catalogue.name, catalogue.name) for catalogue in get_catalogues()]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        return queryset.filter(catalogue=self.value()) if self.value() else queryset


class ShopRecoAdmin(ModelAdmin):
    """What all lists and pages of shopreco have: their tabs, their style, their addresses.

    max_selected: rows that one action works on at most.
    """

    show_full_result_count = False
    list_per_page = 50
    empty_value_display = EMPTY
    max_selected = MAX_SELECTED

    class Media:
        css = {"all": [STYLESHEET]}

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Without the catalogue where there is only one."""
        columns = list(super().get_list_display(request))
        return [c for c in columns if c != "catalogue" or len(get_catalogues()) > 1]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """By catalogue too, where there are several and the rows are of one."""
        filters = list(super().get_list_filter(request))
        is_of_one = any(field.name == "catalogue" for field in self.opts.get_fields())
        return [CatalogueFilter, *filters] if is_of_one and len(get_catalogues()) > 1 else filters

    def get_urls(self) -> list[URLPattern]:
        """The views of the tabs of this model come before Django's own pages."""
        own = [
            path(
                f"{name}/",
                self.admin_site.admin_view(partial(self._tab_view, tab)),
                name=tab.url_name(name),
            )
            for name, tab in admin_tabs.items()
            if tab.view and tab.model is self.model
        ]
        return own + super().get_urls()

    def _tab_view(self, tab: AdminTab, request: HttpRequest) -> HttpResponse:
        if tab.view is None or not tab.may_open(request):
            raise PermissionDenied
        return tab.view(self, request)

    def may(self, request: HttpRequest, action: str) -> bool:
        """Whether the user has Django's permission (change, delete, view) on this model."""
        return may(request, action, self.model)

    def require(self, request: HttpRequest, action: str) -> None:
        require(request, action, self.model)

    def url(self, name: str, *args: object) -> str:
        """Address of a page of this admin site; `name` as in `shopreco_item_changelist`."""
        return reverse(f"admin:{name}", args=args, current_app=self.admin_site.name)

    def page_context(self, request: HttpRequest, **context: object) -> dict[str, Any]:
        """Context of a page that is not Django's own."""
        request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "tabs": self.tabs(request),
            **context,
        }

    def tabs(self, request: HttpRequest) -> list[TabLink]:
        """The tabs of this site that the user may open; the list of the model is the current one,
        unless the page has a tab of its own."""
        own = {tab.url_name(name) for name, tab in admin_tabs.items()}
        shown = request.resolver_match.url_name if request.resolver_match else ""
        current = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return tab_links(self.admin_site, request, shown if shown in own else current)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = str(capfirst(self.opts.verbose_name_plural))
        context = {"tabs": self.tabs(request), "title": title, **(extra_context or {})}
        return super().changelist_view(request, context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"tabs": self.tabs(request), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return prepared(super().get_changelist(request, **kwargs), self.prepare)

    def prepare(self, rows: list[Any]) -> None:
        """Attach to the rows of one page what their columns show, in a few queries for all."""

    def confirm(
        self, request: HttpRequest, confirmation: Confirmation, back: str
    ) -> TemplateResponse:
        context = self.page_context(
            request, title=confirmation.title, confirmation=confirmation, back=back
        )
        return TemplateResponse(request, "admin/shopreco/confirmation.html", context)

    def fail(self, request: HttpRequest, error: Exception) -> None:
        """Show an error whose message names the fix."""
        self.message_user(request, str(error), messages.ERROR)


class ReadOnlyAdmin(ShopRecoAdmin):
    """Rows of the index are written by workers only; people look, and steer by buttons.

    What they see is what they steer: it is read where it is written, and not from a replica.
    """

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).using(router.db_for_write(self.model))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def written(model: type[M]) -> models.QuerySet[M]:
    """All rows of a model from where they are written, which no replica lags behind."""
    return model._default_manager.using(router.db_for_write(model))
