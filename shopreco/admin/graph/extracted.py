"""Extracted values: what texts say of products, value by value, with the words that say it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, Max, OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from shopreco import services
from shopreco.admin.changelists import contains
from shopreco.admin.log_entries import log
from shopreco.admin.pages import ShopRecoAdmin
from shopreco.admin.selections import reindexed
from shopreco.catalogues import get_catalogues
from shopreco.models import EdgeState, EmbeddingSpace, Node, RelationType

logger = logging.getLogger(__name__)

VALUES = 25
DECISIONS = {"confirm": EdgeState.CONFIRMED, "reject": EdgeState.REJECTED}
"""What all that is said of a value becomes, by the button that was pressed."""
PRODUCTS = Count(Coalesce(F("source__item__group_id"), -F("source_id")), distinct=True)
"""A parent and its variants are one product."""


class ValueFilter(forms.Form):
    """Which values are shown."""

    relation = forms.ModelChoiceField(
        RelationType.objects.none(), label=gettext_lazy("Relation"), required=False
    )
    q = forms.CharField(
        label=gettext_lazy("Value"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "class": "vTextField"}),
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="id_filter_%s")
        waiting = Exists(services.extracted_edges().filter(relation=OuterRef("pk")))
        relation = self.fields["relation"]
        relation.queryset = RelationType.objects.filter(waiting).order_by("code")  # type: ignore[attr-defined]  # declared as a choice of rows
        relation.label_from_instance = lambda each: each.get_label()  # type: ignore[attr-defined]  # declared as a choice of rows

    def narrowed(self, edges: QuerySet[Any]) -> QuerySet[Any]:
        """A choice that does not exist is as none."""
        self.full_clean()
        if relation := self.cleaned_data.get("relation"):
            edges = edges.filter(relation=relation)
        if text := self.cleaned_data.get("q", "").replace("\x00", "").strip():
            edges = edges.filter(target__in=Node.objects.filter(contains("label", text)))
        return edges


@dataclass(frozen=True, slots=True)
class ExtractedValue:
    """All that texts say of one value.

    key: names it in the POST.
    products: how many say it, a parent and its variants counted once.
    relations: how many with each variant counted, where they are more; else empty.
    quote: how `example` says it; None if it does no more.
    """

    key: str
    relation_id: int
    relation: str
    value: Node
    products: str
    relations: str
    confidence: str
    example: Node
    quote: services.Quote | None


def view(page: ShopRecoAdmin, request: HttpRequest) -> HttpResponse:
    """The page; its POST decides on a value for all products whose texts say it."""
    page.require(request, "view")
    if request.method == "POST":
        page.require(request, "change")
        _decide(page, request)
        return HttpResponseRedirect(request.get_full_path())
    form = ValueFilter(request.GET)
    values = Paginator(_values(form), VALUES).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = page.page_context(
        request,
        title=_("Found in texts, to confirm"),
        form=form,
        page=values,
        values=_extracted(values),
        parameters=query.urlencode(),
        may_decide=page.may(request, "change"),
    )
    return TemplateResponse(request, "admin/shopreco/edge/extracted.html", context)


def _values(form: ValueFilter) -> QuerySet[Any]:
    """Relation and value by what is said of them, the surest first, then what most products say."""
    values = form.narrowed(services.extracted_edges()).values("relation", "target")
    counted = values.annotate(products=PRODUCTS, relations=Count("pk"), sure=Max("weight"))
    found: QuerySet[Any] = counted.order_by("-sure", "-products", "target", "relation")
    return found


def _examples(rows: Sequence[Mapping[str, int]]) -> list[Node]:
    """Of each of these values the product whose text says it surest."""
    edges = services.extracted_edges().filter(
        relation__in={row["relation"] for row in rows}, target__in={row["target"] for row in rows}
    )
    surest = edges.order_by("relation", "target", "-weight", "source").distinct(
        "relation", "target"
    )
    found = {
        (edge.relation_id, edge.target_id): edge.source for edge in surest.select_related("source")
    }
    return [found[row["relation"], row["target"]] for row in rows]


def _extracted(page: Page[Any]) -> list[ExtractedValue]:
    rows = list(page)
    relations = RelationType.objects.in_bulk({row["relation"] for row in rows})
    values = Node.objects.prefetch_related("other_names").in_bulk({row["target"] for row in rows})
    pairs = [
        (product, values[row["target"]]) for row, product in zip(rows, _examples(rows), strict=True)
    ]
    return [
        ExtractedValue(
            key=f"{row['relation']}:{row['target']}",
            relation_id=row["relation"],
            relation=relations[row["relation"]].get_label(),
            value=value,
            products=number_format(row["products"], force_grouping=True),
            relations=_more(row["relations"], row["products"]),
            confidence=number_format(row["sure"], 2),
            example=example,
            quote=said,
        )
        for row, (example, value), said in zip(rows, pairs, _quotes(pairs), strict=True)
    ]


def _quotes(pairs: Sequence[tuple[Node, Node]]) -> list[services.Quote | None]:
    """How the text of each product says each value; the shop's objects are read once."""
    objects = _objects(product for product, _value in pairs)
    catalogues = {product.catalogue for product, _value in pairs}
    spaces = {name: services.active_space(name) for name in catalogues}
    quotes: list[services.Quote | None] = []
    for product, value in pairs:
        found = objects.get(product.pk)
        quotes.append(_quote(*found, value, spaces[product.catalogue]) if found else None)
    return quotes


def _objects(products: Iterable[Node]) -> dict[int, tuple[Any, Any]]:
    """Catalogue and object of nodes of items, where the shop has them still."""
    known = {catalogue.name: catalogue for catalogue in get_catalogues()}
    by_catalogue: dict[str, dict[str, int]] = {}
    for node in products:
        if node.catalogue in known:
            by_catalogue.setdefault(node.catalogue, {})[node.key] = node.pk
    found: dict[int, tuple[Any, Any]] = {}
    for name, keys in by_catalogue.items():
        catalogue = known[name]
        for obj in catalogue.indexed_queryset().filter(pk__in=catalogue.to_pks(keys)):
            found[keys[str(obj.pk)]] = catalogue, obj
    return found


def _quote(
    catalogue: Any, obj: Any, value: Node, space: EmbeddingSpace | None
) -> services.Quote | None:
    try:
        return services.quote(catalogue, obj, value, space)
    except Exception:
        logger.exception("the texts of %s %s cannot be read", catalogue.name, obj.pk)
        return None


def _more(relations: int, products: int) -> str:
    return number_format(relations, force_grouping=True) if relations > products else ""


def _decide(page: ShopRecoAdmin, request: HttpRequest) -> None:
    step = next((step for step in DECISIONS if step in request.POST), "")
    relation, _colon, target = request.POST.get(step, "").partition(":")
    if not (relation.isdecimal() and target.isdecimal()):
        raise Http404
    kind = RelationType.objects.filter(pk=int(relation)).first()
    value = Node.objects.filter(pk=int(target)).first()
    edges = services.extracted_edges().filter(relation=kind, target=value)
    products = edges.aggregate(products=PRODUCTS)["products"] if kind and value else 0
    if not products or kind is None or value is None:
        text = _("Nothing waits there any more: it was decided, or the texts have changed.")
        page.message_user(request, text, messages.WARNING)
        return
    marked = services.decide_edges(edges, DECISIONS[step])
    said = {
        "confirm": ngettext(
            "“%(value)s” is confirmed for %(count)d product.",
            "“%(value)s” is confirmed for %(count)d products.",
            products,
        ),
        "reject": ngettext(
            "“%(value)s” is rejected for %(count)d product and will not be found there again.",
            "“%(value)s” is rejected for %(count)d products and will not be found there again.",
            products,
        ),
    }[step] % {"value": f"{kind.get_label()}: {value.label}", "count": products}
    log(request, [value], CHANGE, said)
    page.message_user(request, f"{said} {reindexed(marked)}", messages.SUCCESS)
