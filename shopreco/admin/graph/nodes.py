"""Nodes: the neighbourhood of each, drawn and listed, with the means to put it right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, DELETION
from django.contrib.admin.utils import unquote
from django.db import models
from django.db.models import Case, Count, Q, When
from django.db.models.functions import Length
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from shopreco import services
from shopreco.admin.appearance import EMPTY
from shopreco.admin.graph.edges import decide, kind_name, nodes_named
from shopreco.admin.graph.neighbourhood import EdgeFilter, EdgeForm, NodeSelect, neighbourhood
from shopreco.admin.log_entries import log
from shopreco.admin.pages import Confirmation, ReadOnlyAdmin
from shopreco.admin.permissions import may, require
from shopreco.admin.selections import reindexed
from shopreco.exceptions import ShopRecoError
from shopreco.models import Edge, EdgeState, Item, Node

DECISIONS = {
    "confirm": EdgeState.CONFIRMED,
    "reject": EdgeState.REJECTED,
    "undo": EdgeState.ACTIVE,
}
"""What an edge becomes, by the button that was pressed."""


class KindFilter(admin.SimpleListFilter):
    """Products, which have a list of their own, are shown only when they are asked for."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = Node.objects.values_list("kind", flat=True).distinct().order_by("kind")
        return [(kind, kind_name(kind)) for kind in kinds]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Node]
    ) -> models.QuerySet[Node]:
        return queryset.filter(kind=self.value()) if self.value() else without_items(queryset)


class MergedFilter(admin.SimpleListFilter):
    title = gettext_lazy("merged")
    parameter_name = "merged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", _("no")), ("yes", _("yes"))]

    def queryset(
        self, request: HttpRequest, queryset: models.QuerySet[Node]
    ) -> models.QuerySet[Node]:
        if self.value() in {"no", "yes"}:
            return queryset.filter(merged_into__isnull=self.value() == "no")
        return queryset


class MergeForm(forms.Form):
    into = forms.ModelChoiceField(Node.objects.none(), label=gettext_lazy("Merge into"))

    def __init__(self, node: Node, site: admin.AdminSite, data: Any = None) -> None:
        super().__init__(data)
        values = Node.objects.filter(catalogue=node.catalogue, merged_into=None)
        values = values.exclude(kind=Node.ITEM).exclude(pk=node.pk)
        self.fields["into"].widget = NodeSelect("merged_into", site, node.catalogue)
        self.fields["into"].queryset = values  # type: ignore[attr-defined]  # declared as a choice of rows


class NodeAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind_name", "catalogue", "edge_count", "merged")
    list_select_related = ("merged_into",)
    list_filter = (KindFilter, MergedFilter)
    search_fields = ("label", "key")
    ordering = ("-id",)
    fields = ("kind",)

    def get_urls(self) -> list[URLPattern]:
        def at(step: str, view: Callable[..., HttpResponse]) -> URLPattern:
            name = f"shopreco_node_{step}"
            return path(f"<int:pk>/{step}/", self.admin_site.admin_view(view), name=name)

        return [
            at("edges", require_POST(self.edges_view)),
            at("add_edge", require_POST(self.add_edge_view)),
            at("texts", require_POST(self.texts_view)),
            at("merge", self.merge_view),
            *super().get_urls(),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Node], search_term: str
    ) -> tuple[models.QuerySet[Node], bool]:
        text = search_term.replace("\x00", "").strip()
        if text:
            queryset = queryset.filter(pk__in=nodes_named(text))
        match = request.resolver_match
        if match is not None and match.url_name == "autocomplete":
            queryset = self._suggested(request, queryset)
        return queryset, False

    def _suggested(
        self, request: HttpRequest, queryset: models.QuerySet[Node]
    ) -> models.QuerySet[Node]:
        """For a field of suggestions: values before items, and the shortest, likeliest first."""
        queryset = queryset.filter(merged_into=None, catalogue=request.GET.get("catalogue", ""))
        if request.GET.get("field_name") == "merged_into":
            queryset = queryset.exclude(kind=Node.ITEM)
        return queryset.order_by(
            Case(When(kind=Node.ITEM, then=1), default=0), Length("label"), "label", "pk"
        )

    # Columns

    @admin.display(description=gettext_lazy("value or brand"), ordering="label")
    def name(self, node: Node) -> str:
        return Truncator(node.label or node.key).chars(90)

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_name(self, node: Node) -> str:
        return kind_name(node.kind)

    @admin.display(description=gettext_lazy("relations"))
    def edge_count(self, node: Node) -> str:
        return number_format(getattr(node, "_shopreco_edges", 0), force_grouping=True)

    @admin.display(description=gettext_lazy("merged into"))
    def merged(self, node: Node) -> SafeString | str:
        return self._link(node.merged_into) if node.merged_into else EMPTY

    def prepare(self, rows: list[Node]) -> None:
        counts: dict[int, int] = {}
        for end in ("source", "target"):
            edges = Edge.objects.filter(**{f"{end}__in": [node.pk for node in rows]})
            for pk, count in edges.values_list(end).annotate(Count("pk")):
                counts[pk] = counts.get(pk, 0) + count
        for node in rows:
            node._shopreco_edges = counts.get(node.pk, 0)  # type: ignore[attr-defined]  # kept for one page

    def _link(self, node: Node) -> SafeString:
        return format_html('<a href="{}">{}</a>', self._address(node), node)

    def _address(self, node: Node) -> str:
        return self.url("shopreco_node_change", node.pk)

    # The page of one node

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        node = self.get_object(request, unquote(object_id))
        context = dict(extra_context or {})
        if isinstance(node, Node) and request.method == "GET":
            context |= self._page(request, node)
        return super().change_view(request, object_id, form_url, context)

    def _page(self, request: HttpRequest, node: Node) -> dict[str, Any]:
        filters = EdgeFilter(node, request.GET)
        after = request.GET.get("after", "")
        around = neighbourhood(node, filters, after, self._address)
        may_add = may(request, "add", Edge) and node.merged_into is None
        form = EdgeForm(node, self.admin_site)
        return {
            "title": node.label or node.key,
            "subtitle": None,
            "facts": self._facts(request, node),
            "filters": filters,
            "around": around,
            "may": {
                "change": may(request, "change", Edge),
                "remove": may(request, "delete", Edge),
                "merge": self.may(request, "change") and _is_mergeable(node),
                "texts": self.may(request, "change") and _is_read(node),
            },
            "form": form if may_add else None,
            "media": self.media + form.media,
        }

    def _facts(self, request: HttpRequest, node: Node) -> list[tuple[str, object]]:
        facts: list[tuple[str, object]] = [
            (_("Kind"), kind_name(node.kind)),
            (_("Catalogue"), node.catalogue),
        ]
        if node.kind == Node.ITEM:
            facts.append((_("Object id"), format_html("<code>{}</code>", node.key)))
            if node.item_id is None:
                facts.append((_("Indexed product"), _("not indexed")))
            elif self.admin_site.is_registered(Item) and may(request, "view", Item):
                url = self.url("shopreco_item_change", node.item_id)
                facts.append(
                    (_("Indexed product"), format_html('<a href="{}">{}</a>', url, node.item))
                )
            return facts
        if node.merged_into:
            return [*facts, (_("Merged into"), self._link(node.merged_into))]
        names = [(self._address(other), other.label) for other in node.other_names.all()]
        if names:
            shown = format_html_join(", ", '<a href="{}">{}</a>', names)
            facts.append((_("Other names"), shown))
        if _is_read(node):
            facts.append((_("Looked for in texts"), _("yes") if node.in_texts else _("no")))
        return facts

    # Steering

    def edges_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Confirm, reject, undo or remove the edge that the pressed button names."""
        node = self._node(pk)
        step, key = next(
            ((name, request.POST[name]) for name in (*DECISIONS, "remove") if name in request.POST),
            ("", ""),
        )
        self._require_on_edges(request, "delete" if step == "remove" else "change")
        edges = Edge.objects.filter(Q(source=node) | Q(target=node))
        edges = edges.select_related("source", "relation", "target")
        edge = edges.filter(pk=key).first() if key.isdecimal() else None
        if edge is None:
            raise Http404
        if step == "remove":
            self._remove(request, edge)
        else:
            decide(self, request, [edge], DECISIONS[step])
        return self._back(request, node)

    def _remove(self, request: HttpRequest, edge: Edge) -> None:
        try:
            marked = services.remove_edges([edge])
        except ShopRecoError as error:
            self.fail(request, error)
            return
        log(request, [edge], DELETION, _("Removed."))
        text = _("“%s” is removed.") % edge
        self.message_user(request, f"{text} {reindexed(marked)}", messages.SUCCESS)

    def add_edge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        node = self._node(pk)
        self._require_on_edges(request, "add")
        form = EdgeForm(node, self.admin_site, request.POST)
        if not form.is_valid():
            text = _("Choose a relation, and a product or value of the same catalogue.")
            self.message_user(request, text, messages.ERROR)
            return self._back(request, node)
        try:
            edge, marked = services.add_edge(*form.edge())
        except ShopRecoError as error:
            self.fail(request, error)
            return self._back(request, node)
        log(request, [edge], ADDITION, _("Added."))
        text = _("“%s” is added.") % edge
        self.message_user(request, f"{text} {reindexed(marked)}", messages.SUCCESS)
        return self._back(request, node)

    def texts_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Look for the words of a value in texts, or no more."""
        self.require(request, "change")
        node = self._node(pk)
        wanted = request.POST.get("wanted") == "yes"
        extract = services.start_extraction if wanted else services.stop_extraction
        marked = extract(node)
        written = _("Looked for in texts.") if wanted else _("Not looked for in texts any more.")
        self.log_change(request, node, written)
        self.message_user(request, f"{node}: {written} {reindexed(marked)}", messages.SUCCESS)
        return self._back(request, node)

    def merge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Choose the other node; then the confirm page, whose POST merges."""
        self.require(request, "change")
        node = self._node(pk)
        if not _is_mergeable(node):
            text = _("%s cannot be merged: it is a product, or merged already.") % node
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(self._address(node))
        form = MergeForm(node, self.admin_site, request.GET)
        if not form.is_valid():
            if "into" in request.GET:
                text = _("Choose a value of the same catalogue that is not merged itself.")
                self.message_user(request, text, messages.ERROR)
            form = MergeForm(node, self.admin_site)
            context = self.page_context(
                request,
                title=_("Merge %s into another value") % node,
                form=form,
                node=node,
                media=self.media + form.media,
            )
            return TemplateResponse(request, "admin/shopreco/node/merge.html", context)
        into = form.cleaned_data["into"]
        if request.method == "POST":
            return self._merge(request, node, into)
        confirmation = _merge_confirmation(node, into)
        return self.confirm(request, confirmation, self.url("shopreco_node_merge", pk))

    def _merge(self, request: HttpRequest, node: Node, into: Node) -> HttpResponse:
        try:
            marked = services.merge_nodes(node, into)
        except ShopRecoError as error:
            self.fail(request, error)
            return HttpResponseRedirect(self._address(node))
        self.log_change(request, node, _("Merged into %s.") % into)
        self.log_change(request, into, _("Took over the relations of %s.") % node)
        text = _("%(node)s is %(into)s now.") % {"node": node, "into": into}
        self.message_user(request, f"{text} {reindexed(marked)}", messages.SUCCESS)
        if marked >= services.MERGE_LIMIT:
            text = _("More products belong to it: re-index the catalogue for the others.")
            self.message_user(request, text, messages.WARNING)
        return HttpResponseRedirect(self._address(into))

    def _node(self, pk: int) -> Node:
        node = Node.objects.select_related("merged_into").filter(pk=pk).first()
        if node is None:
            raise Http404
        return node

    def _require_on_edges(self, request: HttpRequest, action: str) -> None:
        self.require(request, "view")
        require(request, action, Edge)

    def _back(self, request: HttpRequest, node: Node) -> HttpResponseRedirect:
        """To the page, filtered as it was."""
        query = request.GET.urlencode()
        return HttpResponseRedirect(f"{self._address(node)}{'?' if query else ''}{query}#edges")


def without_items(nodes: models.QuerySet[Node]) -> models.QuerySet[Node]:
    return nodes.exclude(kind=Node.ITEM)


def _is_mergeable(node: Node) -> bool:
    return node.kind != Node.ITEM and node.merged_into_id is None


def _is_read(node: Node) -> bool:
    """Whether texts are searched for values of its kind, which may be switched off for it."""
    relation = services.value_relation(node) if _is_mergeable(node) else None
    return relation is not None and relation.in_texts


def _merge_confirmation(node: Node, into: Node) -> Confirmation:
    count = partial(number_format, force_grouping=True)
    moving = Edge.objects.filter(Q(source=node) | Q(target=node)).count()
    there = Edge.objects.filter(Q(source=into) | Q(target=into)).count()
    warnings = []
    if node.kind != into.kind:
        text = _("They are of different kinds: %(one)s and %(other)s.")
        warnings.append(text % {"one": node.kind, "other": into.kind})
    return Confirmation(
        title=_("Merge %(node)s into %(into)s") % {"node": node, "into": into},
        text=_(
            "All relations move to the other value, and whatever is called by this name from now "
            "on means the other. Of two relations that become one, the one that a person decided "
            "on stays. A merge cannot be undone."
        ),
        button=_("Merge"),
        facts=[
            (_("Relations that move"), count(moving)),
            (_("Relations that %s has") % into, count(there)),
            (_("Names that it gets"), ", ".join([node.label, *_names(node)])),
        ],
        warnings=warnings,
        dangerous=True,
    )


def _names(node: Node) -> list[str]:
    return list(node.other_names.values_list("label", flat=True))
