"""What the admin pages of shopreco share: they show, and change only through confirmed steps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import models, router, transaction
from django.db.models import F, Func, Value
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shopreco.catalogues import Catalogue, get_catalogues
from shopreco.models import Edge, EmbeddingSpace, IndexRun, Item, Node, RelationType

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

logger = logging.getLogger(__name__)

STYLESHEET = "shopreco/admin/admin.css"
EMPTY = "–"
TECHNICAL = gettext_lazy("Technical details")
"""Of what an owner need not see, folded away."""


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What an admin reads before pressing the button. `facts` are (label, value) pairs.

    `choices` are boxes to tick: (name in the POST, label, what it does) each.
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
    """What all lists and pages of shopreco have: their tabs, their style, their addresses."""

    show_full_result_count = False
    list_per_page = 50

    class Media:
        css = {"all": [STYLESHEET]}

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Without the catalogue where there is only one."""
        columns = list(super().get_list_display(request))
        return [c for c in columns if c != "catalogue" or len(get_catalogues()) > 1]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        filters = list(super().get_list_filter(request))
        return [CatalogueFilter, *filters] if len(get_catalogues()) > 1 else filters

    def may(self, request: HttpRequest, action: str) -> bool:
        """Whether the user has Django's permission (change, delete, view) on this model."""
        return may(request, action, self.model)

    def require(self, request: HttpRequest, action: str) -> None:
        require(request, action, self.model)

    def url(self, name: str, *args: object) -> str:
        """Address of a page of this admin site; `name` as in `shopreco_item_changelist`."""
        return reverse(f"admin:{name}", args=args, current_app=self.admin_site.name)

    def page_context(self, request: HttpRequest, **context: object) -> dict[str, Any]:
        """Context of a page that Django does not make."""
        request.current_app = self.admin_site.name
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "tabs": self.tabs(request),
            **context,
        }

    def tabs(self, request: HttpRequest, current: str = "") -> list[Tab]:
        """The pages of shopreco that this user may see on this site."""
        current = current or f"shopreco_{self.opts.model_name}_changelist"
        found = []
        for model in (Item, IndexRun, EmbeddingSpace, Node, Edge, RelationType):
            if self.admin_site.is_registered(model) and may(request, "view", model):
                name = f"shopreco_{model._meta.model_name}_changelist"
                found.append((name, str(capfirst(model._meta.verbose_name_plural))))
        if found and found[0][0] == "shopreco_item_changelist":
            found.append(("shopreco_item_console", _("Search console")))
        return [Tab(label, self.url(name), name == current) for name, label in found]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = str(capfirst(self.opts.verbose_name_plural))
        context = {"tabs": self.tabs(request), "title": title, **(extra_context or {})}
        return super().changelist_view(request, context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"tabs": self.tabs(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

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


def may(request: HttpRequest, action: str, model: type[models.Model]) -> bool:
    name = model._meta.model_name
    if action == "view" and request.user.has_perm(f"shopreco.change_{name}"):
        return True
    return request.user.has_perm(f"shopreco.{action}_{name}")


def require(request: HttpRequest, action: str, model: type[models.Model]) -> None:
    """Raises PermissionDenied without Django's permission on a model."""
    if not may(request, action, model):
        raise PermissionDenied


def outside_transactions(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep ATOMIC_REQUESTS away: indexes are created and dropped CONCURRENTLY."""

    @wraps(view)
    def outside(*args: Any, **kwargs: Any) -> HttpResponse:
        return view(*args, **kwargs)

    for alias in settings.DATABASES:
        outside = transaction.non_atomic_requests(using=alias)(outside)
    return outside


def prepared(base: type[ChangeList], prepare: Callable[[list[Any]], None]) -> type[ChangeList]:
    """A change list of the same kind that hands the rows of its page to `prepare`."""

    class Prepared(base):  # type: ignore[valid-type, misc]  # the host's own class
        def get_results(self, request: HttpRequest) -> None:
            super().get_results(request)
            # Iterating fills the queryset's cache: the templates see the same instances.
            prepare(list(self.result_list))

    return Prepared


def contains(column: str, text: str) -> Func:
    """ILIKE on the bare column, which its trigram index serves; `icontains` asks for UPPER()."""
    literal = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return Func(
        F(column),
        Value(f"%{literal}%"),
        template="(%(expressions)s)",
        arg_joiner=" ILIKE ",
        output_field=models.BooleanField(),
    )


def shop_page(catalogue: Catalogue, obj: Any) -> str:
    """Address of an object in the shop; empty if the shop's own hook has none or fails.

    An admin on a host of its own has URLs of its own, where the shop's cannot be reversed.
    """
    try:
        return catalogue.get_url(obj)
    except Exception as error:  # noqa: BLE001 (whatever the shop's code raises)
        logger.info("%s %s has no address here: %s", catalogue.name, obj.pk, error)
        return ""


def badge(state: str, label: str) -> SafeString:
    """A state as a word with a coloured dot: never by colour alone."""
    return format_html('<span class="shopreco-state shopreco-{}">{}</span>', state, label)


def change_page(site: admin.AdminSite, obj_or_model: Any, pk: object) -> str:
    """Address of an object's change page, empty if its model is not in this admin."""
    opts = obj_or_model._meta
    if not site.is_registered(opts.model):
        return ""
    try:
        name = f"admin:{opts.app_label}_{opts.model_name}_change"
        return reverse(name, args=[pk], current_app=site.name)
    except NoReverseMatch:
        return ""
