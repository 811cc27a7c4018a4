"""The neighbourhood of a node: a drawing, and its edges as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    When,
    Window,
)
from django.db.models.functions import Coalesce, RowNumber
from django.forms.widgets import Script
from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shopreco import services
from shopreco.admin.graph.drawing import Drawing, Group, Leaf, draw
from shopreco.admin.graph.edges import kind_name, state_of
from shopreco.catalogues.fields import SEPARATOR
from shopreco.models import Edge, EdgeState, Meaning, Node, Provenance, RelationType

DRAWN = 40
LISTED = 50

Address = Callable[[Node], str]


class EdgeFilter(forms.Form):
    """Which edges of a node are shown. A choice that does not exist is as none."""

    relation = forms.ModelChoiceField(
        RelationType.objects.none(), label=gettext_lazy("Relation"), required=False
    )
    provenance = forms.ChoiceField(label=gettext_lazy("Provenance"), required=False)
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False)

    def __init__(self, node: Node, data: Any) -> None:
        super().__init__(data, auto_id="id_filter_%s")
        edges = Edge.objects.filter(relation=OuterRef("pk"))
        here = Exists(edges.filter(source=node)) | Exists(edges.filter(target=node))
        relation = self.fields["relation"]
        relation.queryset = RelationType.objects.filter(here).order_by("code")  # type: ignore[attr-defined]  # declared as a choice of rows
        relation.label_from_instance = lambda each: each.get_label()  # type: ignore[attr-defined]  # declared as a choice of rows
        for name, choices in (("provenance", Provenance), ("state", EdgeState)):
            self.fields[name].choices = [("", "---------"), *choices.choices]  # type: ignore[attr-defined]  # declared as a choice field

    @property
    def chosen(self) -> dict[str, Any]:
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def parameters(self) -> dict[str, str]:
        return {name: str(getattr(v, "pk", v)) for name, v in self.chosen.items()}


class NodeSelect(AutocompleteSelect):
    """Django's own field of suggestions, for nodes of one catalogue."""

    class Media:
        js = [Script("shopreco/admin/node_select.js", defer=True)]

    def __init__(self, field: str, site: admin.AdminSite, catalogue: str) -> None:
        model = Node if field == "merged_into" else Edge
        super().__init__(model._meta.get_field(field), site, attrs={"data-width": "100%"})
        self.catalogue = catalogue

    def get_url(self) -> str:
        return f"{super().get_url()}?{urlencode({'catalogue': self.catalogue})}"

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        attrs = super().build_attrs(base_attrs, extra_attrs)
        return {**attrs, "data-placeholder": _("Search for a product or value")}


class EdgeForm(forms.Form):
    """A new edge from or to a node. `relation` is the key of a relation type, and a direction."""

    relation = forms.ChoiceField(label=gettext_lazy("Relation"))
    other = forms.ModelChoiceField(Node.objects.none(), label=gettext_lazy("To"))

    def __init__(self, node: Node, site: admin.AdminSite, data: Any = None) -> None:
        super().__init__(data)
        self.node = node
        relations = sorted(RelationType.objects.all(), key=lambda each: each.get_label())
        outgoing = [(f"{each.pk}:from", each.get_label()) for each in relations]
        incoming = [
            (f"{each.pk}:to", each.get_label(inverse=True))
            for each in relations
            if not each.symmetric
        ]
        self.fields["relation"].choices = [  # type: ignore[attr-defined]  # declared as a choice field
            (_("from here"), outgoing),
            (_("to here"), incoming),
        ]
        nodes = Node.objects.filter(catalogue=node.catalogue, merged_into=None)
        # In this order: a field hands its choices to the widget that it has.
        self.fields["other"].widget = NodeSelect("target", site, node.catalogue)
        self.fields["other"].queryset = nodes.exclude(pk=node.pk)  # type: ignore[attr-defined]  # declared as a choice of rows

    def edge(self) -> tuple[Node, RelationType, Node]:
        """Source, relation and target, once it is valid."""
        key, _colon, direction = self.cleaned_data["relation"].partition(":")
        relation, other = RelationType.objects.get(pk=key), self.cleaned_data["other"]
        ends = (self.node, other) if direction == "from" else (other, self.node)
        return ends[0], relation, ends[1]


@dataclass(frozen=True, slots=True)
class EdgeLine:
    """An edge as it is seen from the node of the page.

    relation: in the words of its direction.
    steps: what may be done with it, as in the names of the buttons.
    """

    edge: Edge
    other: Node
    kind: str
    relation: str
    url: str
    weight: str
    state: SafeString
    steps: Sequence[str]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A node's edges, drawn and listed.

    legend: class name and words of each kind of edge that is drawn.
    after: where the next page of the table begins; empty at its end.
    """

    drawing: Drawing | None
    legend: Sequence[tuple[str, str]]
    rows: Sequence[EdgeLine]
    total: int
    after: str
    parameters: str


def neighbourhood(node: Node, filters: EdgeFilter, after: str, address: Address) -> Neighbourhood:
    """The edges of a node that pass the filters. `after`: key of the last edge seen before."""
    around = _around(node, filters.chosen)
    shares = _fair([len(each) for each in around], DRAWN)
    drawn = [each[:share] for each, share in zip(around, shares, strict=True)]
    groups = [_group(each, filters.parameters, address) for each in drawn]
    rows, following = _rows(node, filters.chosen, after, address)
    return Neighbourhood(
        drawing=draw(node.label or node.key, groups) if groups else None,
        legend=_legend([edge for each in drawn for edge in each]),
        rows=rows,
        total=_edges(node, filters.chosen).count(),
        after=following,
        parameters=urlencode(filters.parameters),
    )


def _around(node: Node, chosen: dict[str, Any]) -> list[list[Any]]:
    """Up to `DRAWN` edges over each relation in each direction, the surest first; `of` how many.

    Of a product and its variants one stands for all, but where the relation is between them.
    """
    found: list[list[Any]] = []
    is_rejected = ExpressionWrapper(Q(state=EdgeState.REJECTED), BooleanField())
    for end, other in (("source", "target"), ("target", "source")):
        product = Case(
            When(~Q(relation__meaning=Meaning.SAME), then=f"{other}__item__group_id"),
            default=None,
        )
        first = Window(
            RowNumber(),
            partition_by=["relation", Coalesce(product, -F(other))],
            order_by=[is_rejected, f"{other}__item__parent_id", "-weight", "id"],
        )
        edges = Edge.objects.filter(**{end: node}, **chosen)
        one_each = edges.annotate(of_product=first).filter(of_product=1)
        numbered = Edge.objects.filter(pk__in=one_each.values("pk")).annotate(
            place=Window(
                RowNumber(),
                partition_by="relation",
                order_by=[is_rejected, "-weight", "id"],
            ),
            of=Window(Count("pk"), partition_by="relation"),
        )
        shown = numbered.filter(place__lte=DRAWN).select_related("relation", f"{other}__item")
        near: list[Any] = list(shown)
        parents = _parents(node, [getattr(edge, other) for edge in near])
        for edge in near:
            edge.other, edge.said = _seen_from(node, edge)
            if edge.relation.meaning != Meaning.SAME:
                edge.other = parents.get(edge.other.pk, edge.other)
        near.sort(key=lambda edge: (edge.relation.code, edge.place))
        found += [list(each) for _code, each in groupby(near, lambda edge: edge.relation.code)]
    return found


def _parents(node: Node, others: Sequence[Node]) -> dict[int, Node]:
    """The products whose variants some nodes are, by the key of the variant's."""
    keys = {other.pk: other.item.parent_id for other in others if other.item}
    found = Node.objects.filter(
        catalogue=node.catalogue, kind=Node.ITEM, key__in={key for key in keys.values() if key}
    ).exclude(pk=node.pk)
    by_key = {parent.key: parent for parent in found}
    return {pk: by_key[key] for pk, key in keys.items() if key in by_key}


def _seen_from(node: Node, edge: Edge) -> tuple[Node, str]:
    """The node at the other end, and what it is called there."""
    if edge.source_id == node.pk:
        return edge.target, edge.relation.get_label()
    return edge.source, edge.relation.get_label(inverse=True)


def _fair(counts: Sequence[int], places: int) -> list[int]:
    """Shares of so many places: the largest counts give way first, and each keeps one."""
    shares = [min(1, count) for count in counts]
    while sum(shares) < min(places, sum(counts)):
        open_ = [n for n, count in enumerate(counts) if shares[n] < count]
        for n in open_[: places - sum(shares)]:
            shares[n] += 1
    return shares


def _group(edges: Sequence[Any], parameters: dict[str, str], address: Address) -> Group:
    first, hidden = edges[0], edges[0].of - len(edges)
    url = f"?{urlencode({**parameters, 'relation': str(first.relation_id)})}#edges"
    text = _("and %s more") % number_format(hidden, force_grouping=True)
    return Group(
        label=first.said,
        url=url,
        leaves=[_leaf(edge, address) for edge in edges],
        more=Leaf(text, url, "shopreco-more") if hidden else None,
    )


def _leaf(edge: Any, address: Address) -> Leaf:
    weight = number_format(edge.weight, 2)
    note = " · ".join(
        [f"{edge.said}: {edge.other}", edge.get_provenance_display(), weight,
         edge.get_state_display()]
    )  # fmt: skip
    kind = "shopreco-item" if edge.other.kind == Node.ITEM else "shopreco-value"
    return Leaf(
        # Of a category its own level; the whole path is in the note.
        label=(edge.other.label or edge.other.key).rpartition(SEPARATOR)[2],
        url=address(edge.other),
        style=f"{kind} shopreco-{edge.provenance} shopreco-edge-{edge.state}",
        note=note,
    )


def _legend(edges: Sequence[Edge]) -> list[tuple[str, str]]:
    found = {edge.provenance for edge in edges}
    legend = [(f"shopreco-{each}", str(each.label)) for each in Provenance if each.value in found]
    states = {edge.state for edge in edges} - {EdgeState.ACTIVE}
    return legend + [
        (f"shopreco-edge-{each}", str(each.label)) for each in EdgeState if each.value in states
    ]


def _edges(node: Node, chosen: dict[str, Any]) -> QuerySet[Edge]:
    return Edge.objects.filter(Q(source=node) | Q(target=node), **chosen)


def _rows(
    node: Node, chosen: dict[str, Any], after: str, address: Address
) -> tuple[list[EdgeLine], str]:
    edges = _edges(node, chosen)
    if after.isdecimal():
        edges = edges.filter(pk__gt=int(after))
    page = list(edges.select_related("source", "relation", "target").order_by("pk")[: LISTED + 1])
    following = str(page[LISTED - 1].pk) if len(page) > LISTED else ""
    rows = [_row(node, edge, address) for edge in page[:LISTED]]
    rows.sort(key=lambda row: (row.edge.source_id != node.pk, row.relation, -row.edge.weight))
    return rows, following


def _row(node: Node, edge: Edge, address: Address) -> EdgeLine:
    other, relation = _seen_from(node, edge)
    undecided = edge.state == EdgeState.ACTIVE
    steps = ["confirm", "reject"] if undecided else ["undo"]
    if services.is_removable(edge):
        steps.append("remove")
    return EdgeLine(
        edge=edge,
        other=other,
        kind=kind_name(other.kind),
        relation=relation,
        url=address(other),
        weight=number_format(edge.weight, 2),
        state=state_of(edge),
        steps=steps,
    )
