"""Items: what the index knows of each object, why it is not in it, and what lies near it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shopreco.admin.appearance import EMPTY, TECHNICAL, badge
from shopreco.admin.changelists import contains
from shopreco.admin.index import details, media
from shopreco.admin.index.states import PENDING, index_states
from shopreco.admin.pages import ReadOnlyAdmin
from shopreco.admin.permissions import may
from shopreco.admin.selections import reindex_selected, reindexed, too_many
from shopreco.catalogues import get_catalogues
from shopreco.models import Item, Node, Outcome
from shopreco.text.identifiers import normalise_identifier
from shopreco.text.normalisation import typed_form


class StateFilter(admin.SimpleListFilter):
    """A changed item is pending whatever its last outcome was, as the column shows it."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(PENDING, _("pending")), *((o.value, str(o.label)) for o in Outcome)]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Any]
    ) -> models.QuerySet[Any]:
        if self.value() == PENDING:
            return queryset.filter(is_pending=True)
        if self.value() in Outcome.values:
            return queryset.filter(outcome=self.value(), is_pending=False)
        return queryset


class LanguageFilter(admin.SimpleListFilter):
    title = gettext_lazy("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        codes = Item.objects.values_list("language", flat=True).distinct().order_by("language")
        return [(code, code) for code in codes if code]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Item]
    ) -> models.QuerySet[Item]:
        return queryset.filter(language=self.value()) if self.value() else queryset


class MediaFilter(admin.SimpleListFilter):
    """Items with a picture or video that cannot be read."""

    title = gettext_lazy("pictures and videos")
    parameter_name = "media"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("unread", _("some cannot be read"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Item]
    ) -> models.QuerySet[Item]:
        return queryset.exclude(media_problems={}) if self.value() == "unread" else queryset


class ItemAdmin(ReadOnlyAdmin):
    list_display = (
        "name", "state_and_reason", "catalogue", "language", "amount", "indexed",
    )  # fmt: skip
    list_filter = (StateFilter, LanguageFilter, MediaFilter, "available")
    search_fields = ("title", "object_id", "identifiers")
    ordering = ("-id",)
    actions = ("reindex_selected",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "state", "why", "catalogue", "shop_object", "title", "indexed_at",
                )
            },
        ),
        (
            gettext_lazy("Filters"),
            {
                "fields": (
                    "amount", "available", "language", "site_id", "parent_id",
                    "identifier_list", "facet_list",
                )
            },
        ),
        (
            gettext_lazy("In the index"),
            {"fields": ("spaces", "media_list", "terms")},
        ),
        (TECHNICAL, {"classes": ("collapse",), "fields": ("vectors", "hash_list")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Item]:
        return Item.objects.with_pending()

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Item], search_term: str
    ) -> tuple[models.QuerySet[Item], bool]:
        text = search_term.replace("\x00", "").strip()
        if not text:
            return queryset, False
        # Each alternative in the words of an index: PostgreSQL combines them as bitmaps.
        names = [catalogue.name for catalogue in get_catalogues()]
        found = Q(contains("typed_title", typed_form(text) or text))
        found |= Q(catalogue__in=names, object_id=text[:255])
        if identifier := normalise_identifier(text):
            found |= ~Q(identifiers=[]) & Q(identifiers__contains=[identifier])
        return queryset.filter(found), False

    def has_reindex_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "change")

    # Columns

    @admin.display(description=gettext_lazy("title"), ordering="title")
    def name(self, item: Item) -> str:
        return Truncator(item.title or item.object_id).chars(90)

    @admin.display(description=gettext_lazy("state"))
    def state(self, item: Item) -> SafeString:
        if getattr(item, "is_pending", False):
            return badge(PENDING, _("pending"))
        return badge(item.outcome, str(Outcome(item.outcome).label))

    @admin.display(description=gettext_lazy("state"), ordering="outcome")
    def state_and_reason(self, item: Item) -> SafeString:
        shown, reason = self.state(item), self.why(item)
        if reason == EMPTY:
            return shown
        return format_html(
            '{}<br><small class="shopreco-quiet">{}</small>', shown, Truncator(reason).chars(80)
        )

    @admin.display(description=gettext_lazy("indexed"), ordering="indexed_at")
    def indexed(self, item: Item) -> str:
        if item.indexed_at is None:
            return EMPTY
        return date_format(localtime(item.indexed_at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=gettext_lazy("price"), ordering="price")
    def amount(self, item: Item) -> str:
        if item.price is None:
            return EMPTY
        return f"{number_format(item.price, 2)} {item.currency}"

    @admin.display(description=gettext_lazy("reason"))
    def why(self, item: Item) -> str:
        reason = item.reason
        if getattr(item, "is_pending", False):
            states = getattr(item, "_shopreco_waiting", None) or index_states(
                item.catalogue, [item.object_id]
            )
            waiting = states.get(item.object_id)
            reason = (waiting.reason if waiting else "") or reason
        return Truncator(reason).chars(200) or EMPTY

    def prepare(self, rows: list[Item]) -> None:
        for catalogue in {item.catalogue for item in rows if getattr(item, "is_pending", False)}:
            waiting = [item for item in rows if item.catalogue == catalogue]
            states = index_states(catalogue, [item.object_id for item in waiting])
            for item in waiting:
                item._shopreco_waiting = states  # type: ignore[attr-defined]  # kept for one page

    # The page of one item

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {
            "neighbours": partial(details.neighbours, object_id),
            "node": partial(self._node, request, object_id),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def _node(self, request: HttpRequest, object_id: str) -> Node | None:
        """What stands for the item in the knowledge graph, where the user may see that."""
        if not self.admin_site.is_registered(Node) or not may(request, "view", Node):
            return None
        return Node.objects.filter(item=int(object_id)).first()

    @admin.display(description=gettext_lazy("object in the shop"))
    def shop_object(self, item: Item) -> SafeString | str:
        return details.shop_object(self.admin_site, item)

    @admin.display(description=gettext_lazy("identifiers"))
    def identifier_list(self, item: Item) -> str:
        return ", ".join(item.identifiers) or EMPTY

    @admin.display(description=gettext_lazy("filter values"))
    def facet_list(self, item: Item) -> SafeString | str:
        return details.facets(item)

    @admin.display(description=gettext_lazy("versions of the index"))
    def spaces(self, item: Item) -> SafeString | str:
        return details.spaces(item, partial(self.url, "shopreco_embeddingspace_change"))

    @admin.display(description=gettext_lazy("encoded"))
    def vectors(self, item: Item) -> SafeString | str:
        return details.vectors(item)

    @admin.display(description=gettext_lazy("pictures and videos"))
    def media_list(self, item: Item) -> SafeString | str:
        return media.listed(item)

    @admin.display(description=gettext_lazy("words"))
    def terms(self, item: Item) -> SafeString | str:
        return details.terms(item)

    @admin.display(description=gettext_lazy("hashes"))
    def hash_list(self, item: Item) -> SafeString | str:
        return details.hashes(item)

    # Steering

    @admin.action(description=gettext_lazy("Re-index selected products"), permissions=["reindex"])
    def reindex_selected(self, request: HttpRequest, queryset: models.QuerySet[Item]) -> None:
        if too_many(self, request, queryset.count()):
            return
        by_catalogue: dict[str, list[Item]] = {}
        for item in queryset.defer("facet_codes", "hashes"):
            by_catalogue.setdefault(item.catalogue, []).append(item)
        known = {catalogue.name for catalogue in get_catalogues()}
        marked = 0
        for catalogue, items in by_catalogue.items():
            if catalogue not in known:
                self.fail(request, details.unknown_catalogue(catalogue))
                continue
            ids = [item.object_id for item in items]
            marked += reindex_selected(request, catalogue, ids, items)
        if marked:
            self.message_user(request, reindexed(marked), messages.SUCCESS)
