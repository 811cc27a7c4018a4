"""Edges one by one: what was found in texts and waits for a decision, and what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from shopreco import services
from shopreco.admin.appearance import badge
from shopreco.admin.changelists import contains
from shopreco.admin.graph import extracted
from shopreco.admin.log_entries import log
from shopreco.admin.pages import ReadOnlyAdmin
from shopreco.admin.selections import reindexed
from shopreco.catalogues import get_catalogues
from shopreco.models import Edge, EdgeState, Item, Node, Provenance, RelationType

WAITING = "waiting"


class DecisionFilter(admin.SimpleListFilter):
    """What people decided. Without a choice the list is of what was found in texts and waits."""

    title = gettext_lazy("decision")
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (WAITING, _("to confirm")),
            (EdgeState.CONFIRMED.value, str(EdgeState.CONFIRMED.label)),
            (EdgeState.REJECTED.value, str(EdgeState.REJECTED.label)),
            ("all", _("all relations")),
        ]

    def choices(self, changelist: Any) -> Iterator[Any]:
        _every, waiting, *others = super().choices(changelist)
        yield {**waiting, "selected": waiting["selected"] or self.value() is None}
        yield from others

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Edge]
    ) -> models.QuerySet[Edge]:
        if self.value() in {None, WAITING}:
            return queryset.filter(provenance=Provenance.EXTRACTED, state=EdgeState.ACTIVE)
        if self.value() in EdgeState.values:
            return queryset.filter(state=self.value())
        return queryset


class RelationFilter(admin.SimpleListFilter):
    """Relation types by their words; which of them occur would cost a look at every edge."""

    title = gettext_lazy("relation")
    parameter_name = "relation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = [(str(each.pk), each.get_label()) for each in RelationType.objects.all()]
        return sorted(found, key=lambda choice: choice[1])

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Edge]
    ) -> models.QuerySet[Edge]:
        value = self.value() or ""
        return queryset.filter(relation=int(value)) if value.isdecimal() else queryset


class EdgeAdmin(ReadOnlyAdmin):
    list_display = ("item", "value", "confidence", "state_badge")
    list_display_links = None
    list_select_related = ("source", "relation", "target")
    list_filter = (DecisionFilter, RelationFilter, "provenance")
    search_fields = ("source__label", "target__label")
    ordering = ("-weight", "-id")
    actions = ("confirm_selected", "reject_selected", "leave_selected")
    fields = ("source", "relation", "target", "confidence", "provenance", "state_badge")

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Edge], search_term: str
    ) -> tuple[models.QuerySet[Edge], bool]:
        text = search_term.replace("\x00", "").strip()
        if not text:
            return queryset, False
        nodes = nodes_named(text)
        found = models.Q(source__in=nodes) | models.Q(target__in=nodes)
        return queryset.filter(found), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.extracted_view)
        return [path("extracted/", view, name="shopreco_edge_extracted"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Leads to the values found in texts, unless something is asked of the list."""
        if request.method == "GET" and not request.GET:
            self.require(request, "view")
            return HttpResponseRedirect(self.url("shopreco_edge_extracted"))
        return super().changelist_view(request, extra_context)

    def extracted_view(self, request: HttpRequest) -> HttpResponse:
        return extracted.view(self, request)

    # Columns

    @admin.display(description=gettext_lazy("from"))
    def item(self, edge: Edge) -> SafeString:
        return self._link(edge.source)

    @admin.display(description=gettext_lazy("value"), ordering="target__label")
    def value(self, edge: Edge) -> SafeString:
        said = edge.relation.get_label()
        return format_html(
            '<span class="shopreco-quiet">{}</span><br>{}', said, self._link(edge.target)
        )

    @admin.display(description=gettext_lazy("confidence"), ordering="weight")
    def confidence(self, edge: Edge) -> str:
        return number_format(edge.weight, 2)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, edge: Edge) -> SafeString:
        return format_html(
            '{}<br><small class="shopreco-quiet">{}</small>',
            state_of(edge),
            edge.get_provenance_display(),
        )

    def _link(self, node: Node) -> SafeString:
        label = Truncator(node.label or node.key).chars(90)
        return format_html('<a href="{}">{}</a>', self.url("shopreco_node_change", node.pk), label)

    # Steering

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "change")

    @admin.action(description=gettext_lazy("Confirm selected relations"), permissions=["decide"])
    def confirm_selected(self, request: HttpRequest, queryset: models.QuerySet[Edge]) -> None:
        self._decide(request, queryset, EdgeState.CONFIRMED)

    @admin.action(description=gettext_lazy("Reject selected relations"), permissions=["decide"])
    def reject_selected(self, request: HttpRequest, queryset: models.QuerySet[Edge]) -> None:
        self._decide(request, queryset, EdgeState.REJECTED)

    @admin.action(description=gettext_lazy("Undo decisions"), permissions=["decide"])
    def leave_selected(self, request: HttpRequest, queryset: models.QuerySet[Edge]) -> None:
        self._decide(request, queryset, EdgeState.ACTIVE)

    def _decide(
        self, request: HttpRequest, queryset: models.QuerySet[Edge], state: EdgeState
    ) -> None:
        selected = queryset.select_related("source", "relation", "target")
        edges = list(selected[: self.max_selected + 1])
        if len(edges) > self.max_selected:
            text = _("More than %d are selected: choose fewer, by a filter or a search.")
            self.message_user(request, text % self.max_selected, messages.ERROR)
            return
        decide(self, request, edges, state)


def state_of(edge: Edge) -> SafeString:
    return badge(f"edge-{edge.state}", edge.get_state_display())


def kind_name(kind: str) -> str:
    """What an owner calls the kind of a node: that of an attribute is the attribute's own name."""
    return _("product") if kind == Node.ITEM else kind


def nodes_named(text: str) -> models.QuerySet[Any]:
    """Nodes by a part of their label, items also by their object id; each by an index of its own,
    which one condition over both kinds could not use."""
    nodes, names = Node.objects.values("pk"), [catalogue.name for catalogue in get_catalogues()]
    values = nodes.filter(~models.Q(kind=Node.ITEM), contains("label", text))
    titled = nodes.filter(item__in=Item.objects.filter(contains("title", text)).values("pk"))
    exact = nodes.filter(catalogue__in=names, kind=Node.ITEM, key=text[:255])
    return values.union(titled, exact)


def decide(model_admin: Any, request: HttpRequest, edges: Sequence[Edge], state: EdgeState) -> None:
    """Decide on edges, write down who did, and say what follows."""
    marked = services.decide_edges(edges, state)
    written, said = {
        EdgeState.CONFIRMED: (
            _("Confirmed."),
            ngettext("%d relation is confirmed.", "%d relations are confirmed.", len(edges)),
        ),
        EdgeState.REJECTED: (
            _("Rejected."),
            ngettext(
                "%d relation is rejected and will not be found again.",
                "%d relations are rejected and will not be found again.",
                len(edges),
            ),
        ),
        EdgeState.ACTIVE: (
            _("Decision undone."),
            ngettext("%d decision is undone.", "%d decisions are undone.", len(edges)),
        ),
    }[state]
    log(request, edges, CHANGE, written)
    model_admin.message_user(request, f"{said % len(edges)} {reindexed(marked)}", messages.SUCCESS)
