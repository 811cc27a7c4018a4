"""The search console: ask as the shop asks, and see where each answer comes from."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import TimeoutError as FutureTimeout
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
from shopreco.admin.index.plans import Plan, explain
from shopreco.admin.links import change_page, shop_page
from shopreco.admin.pages import ShopRecoAdmin
from shopreco.catalogues import Catalogue, get_catalogue, get_catalogues
from shopreco.conf import get_settings
from shopreco.exceptions import InvalidQuery, ShopRecoError
from shopreco.models import EmbeddingSpace
from shopreco.queries import query_vectors
from shopreco.queries.conditions import COLUMNS, Filters
from shopreco.queries.filters import RANGES, facet_names, parse_filters
from shopreco.queries.languages import query_language
from shopreco.queries.terms import LexicalQuery, lexical_query
from shopreco.retrieval import hybrid, lexical
from shopreco.services import Result, ResultPage
from shopreco.spaces.indexes import index_names
from shopreco.spaces.serving import active_space
from shopreco.spaces.stores import vector_store
from shopreco.spaces.stores.pgvector import literal
from shopreco.text import get_analyser, normalise_query, term_id

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
        known = ", ".join(filter_names(names[0])) if names else ""
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
    plans: tuple[Plan, ...] = ()


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


def filter_names(catalogue: str) -> list[str]:
    return [*facet_names(get_catalogue(catalogue)), *RANGES, *COLUMNS]


def _answer(page: ShopRecoAdmin, request: HttpRequest, asked: Mapping[str, Any]) -> Answer:
    shop = get_catalogue(asked["catalogue"] or None)
    filters = {
        name: values if len(values) > 1 else values[0] for name, values in asked["filters"].items()
    }
    found = services.search(
        asked["q"],
        catalogue=shop.name,
        request=request,
        filters=filters,
        sort=asked["sort"] or next(iter(SORTS)),
        limit=LIMIT,
        language=asked["language"] or None,
        collapse=not asked["every_variant"],
        explain=True,
    )
    rows = tuple(_row(page, shop, result) for result in found)
    space = active_space(shop.name)
    text = normalise_query(asked["q"], get_settings().MAX_QUERY_LENGTH)
    if space is None or not text:
        return Answer(found, rows, _timings(found))
    language = query_language(space, text, asked["language"] or None, request)
    words = lexical_query(space, text, language)
    scope = parse_filters(shop, filters).scope()
    vector_index, terms_index = index_names(space.pk)
    plans = [_dense_plan(space, text, scope, vector_index, measure=asked["measure"])]
    if words is not None:
        statement = lexical.statement(space, words, scope)
        label = _("By words")
        plans.append(explain(label, statement, terms_index, measure=asked["measure"]))
    terms = _terms(text, language, words)
    return Answer(found, rows, _timings(found), language, terms, tuple(plans))


def _row(page: ShopRecoAdmin, shop: Catalogue, result: Result) -> ResultRow:
    return ResultRow(
        result=result,
        title=str(result.object),
        score=number_format(result.score, 3),
        bars=bars_of(result.contributions or result.parts),
        admin_url=change_page(page.admin_site, result.object, result.object.pk),
        item_url=page.url("shopreco_item_change", result.item_id),
        shop_url=shop_page(shop, result.object),
    )


def _timings(page: ResultPage) -> tuple[Bar, ...]:
    longest = max(page.timings.values(), default=0) or 1
    return tuple(
        Bar("time", stage, number_format(ms, 1), percent(ms / longest))
        for stage, ms in page.timings.items()
    )


def _terms(text: str, language: str, words: LexicalQuery | None) -> tuple[Term, ...]:
    """The query as it was analysed: what is searched, then what no item has."""
    found = []
    for each in words.terms if words else ():
        number = term_id(each.term)
        found.append(
            Term(
                typed=each.typed,
                read_as=each.read_as,
                term=each.term,
                frequency=number_format(each.frequency, force_grouping=True),
                weight=number_format(words.weights.get(number, 0.0) if words else 0.0, 2),
                opens=bool(words and number in words.essential),
            )
        )
    known = {each.term for each in found}
    found += [
        Term(token.surface, token.surface, token.term, "0", EMPTY, opens=False)
        for token in dict.fromkeys(get_analyser(language).tokens(text))
        if token.term not in known
    ]
    return tuple(found)


def _dense_plan(
    space: EmbeddingSpace, text: str, scope: Filters, index: str, *, measure: bool
) -> Plan:
    label = _("By meaning")
    try:
        vector = query_vectors.begin(space, text).result(timeout=query_vectors.patience(space))
        depth, where = hybrid.depth(space), scope.where()
        statement = vector_store(space).statement(space, literal(vector), depth, where)
    except FutureTimeout:
        return Plan(label, error=_("the query vector was not ready in time"))
    except (ShopRecoError, OSError) as error:
        return Plan(label, error=str(error))
    return explain(label, statement, index, measure=measure)
