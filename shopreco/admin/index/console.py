"""The search console: ask as the shop asks, and see where each answer comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shopreco import services
from shopreco.admin.appearance import EMPTY
from shopreco.admin.index.bars import Bar, bars_of, percent
from shopreco.admin.index.plans import PlanText, described
from shopreco.admin.links import change_page, shop_page
from shopreco.admin.pages import ShopRecoAdmin
from shopreco.catalogues import Catalogue, get_catalogue, get_catalogues
from shopreco.exceptions import InvalidQuery
from shopreco.services import Result, ResultPage

LIMIT = 20
SORTS = {
    "relevance": gettext_lazy("Relevance"),
    "price_asc": gettext_lazy("Price, lowest first"),
    "price_desc": gettext_lazy("Price, highest first"),
    "newest": gettext_lazy("Newest first"),
    "title": gettext_lazy("Title, A to Z"),
}


class ConsoleForm(forms.Form):
    """A search as the shop would make it. `filters` has one `name = value` per line."""

    q = forms.CharField(
        label=gettext_lazy("Query"),
        required=False,
        strip=False,
        widget=forms.TextInput(attrs={"type": "search", "class": "vTextField", "size": 60}),
    )
    catalogue = forms.ChoiceField(label=gettext_lazy("Catalogue"), required=False)
    language = forms.CharField(
        label=gettext_lazy("Language"),
        required=False,
        max_length=16,
        help_text=gettext_lazy("A code such as “en”; empty: as the shop finds out."),
        widget=forms.TextInput(attrs={"size": 6}),
    )
    sort = forms.ChoiceField(
        label=gettext_lazy("Order"), required=False, choices=list(SORTS.items())
    )
    filters = forms.CharField(
        label=gettext_lazy("Filters"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 40, "spellcheck": "false"}),
    )
    every_variant = forms.BooleanField(label=gettext_lazy("Show every variant"), required=False)
    measure = forms.BooleanField(
        label=gettext_lazy("Measure how PostgreSQL finds them"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [catalogue.name for catalogue in get_catalogues()]
        self.fields["catalogue"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]  # declared as a choice field
        self.fields["catalogue"].initial = names[0] if names else None
        known = ", ".join(services.filter_names(get_catalogue(names[0]))) if names else ""
        self.fields["filters"].help_text = _("One “name = value” per line. Names: %s.") % known

    def clean_filters(self) -> dict[str, list[str]]:
        filters: dict[str, list[str]] = {}
        for line in self.cleaned_data["filters"].splitlines():
            name, separator, value = line.partition("=")
            if not line.strip():
                continue
            if not separator:
                raise forms.ValidationError(_("“%s” is not of the form name = value.") % line[:80])
            filters.setdefault(name.strip(), []).append(value.strip())
        return filters


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A result with its place in this admin and in the shop."""

    result: Result
    title: str
    score: str
    bars: tuple[Bar, ...]
    admin_url: str
    item_url: str
    shop_url: str


@dataclass(frozen=True, slots=True)
class Term:
    """A term that the query asks for. `opens`: heavy enough to bring candidates in by itself."""

    typed: str
    read_as: str
    term: str
    frequency: str
    weight: str
    opens: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What the page shows of one search. `plans`: how PostgreSQL finds the candidates."""

    page: ResultPage
    rows: tuple[ResultRow, ...]
    timings: tuple[Bar, ...]
    language: str = ""
    terms: tuple[Term, ...] = ()
    plans: tuple[PlanText, ...] = ()


def view(page: ShopRecoAdmin, request: HttpRequest) -> HttpResponse:
    """The page; a query that the catalogue refuses is an error of the form, never a failure."""
    form = ConsoleForm(request.GET or None)
    answer = None
    if form.is_bound and form.is_valid() and get_catalogues():
        try:
            answer = _answer(page, request, form.cleaned_data)
        except InvalidQuery as error:
            form.add_error("filters" if form.cleaned_data["filters"] else None, str(error))
    context = page.page_context(
        request,
        title=_("Search console"),
        form=form,
        answer=answer,
        has_catalogues=bool(get_catalogues()),
    )
    return TemplateResponse(request, "admin/shopreco/console.html", context)


def _answer(page: ShopRecoAdmin, request: HttpRequest, asked: Mapping[str, Any]) -> Answer:
    catalogue = get_catalogue(asked["catalogue"] or None)
    filters = {
        name: values if len(values) > 1 else values[0] for name, values in asked["filters"].items()
    }
    found = services.search(
        asked["q"],
        catalogue=catalogue.name,
        request=request,
        filters=filters,
        sort=asked["sort"] or next(iter(SORTS)),
        limit=LIMIT,
        language=asked["language"] or None,
        collapse=not asked["every_variant"],
        explain=True,
    )
    rows = tuple(_row(page, catalogue, result) for result in found)
    said = services.explain(
        asked["q"],
        catalogue=catalogue.name,
        request=request,
        filters=filters,
        language=asked["language"] or None,
        measure=asked["measure"],
    )
    return Answer(
        found,
        rows,
        _timings(found),
        said.language,
        tuple(_term(each) for each in said.terms),
        tuple(described(each) for each in said.plans),
    )


def _row(page: ShopRecoAdmin, catalogue: Catalogue, result: Result) -> ResultRow:
    return ResultRow(
        result=result,
        title=str(result.object),
        score=number_format(result.score, 3),
        bars=bars_of(result.contributions or result.parts),
        admin_url=change_page(page.admin_site, result.object, result.object.pk),
        item_url=page.url("shopreco_item_change", result.item_id),
        shop_url=shop_page(catalogue, result.object),
    )


def _timings(page: ResultPage) -> tuple[Bar, ...]:
    longest = max(page.timings.values(), default=0) or 1
    return tuple(
        Bar("time", stage, number_format(ms, 1), percent(ms / longest))
        for stage, ms in page.timings.items()
    )


def _term(each: services.ReadTerm) -> Term:
    return Term(
        typed=each.typed,
        read_as=each.read_as,
        term=each.term,
        frequency=number_format(each.frequency, force_grouping=True),
        weight=EMPTY if each.weight is None else number_format(each.weight, 2),
        opens=each.opens,
    )
