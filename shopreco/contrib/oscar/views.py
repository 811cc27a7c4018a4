"""Pages of products: results, all products, one category.

Each is Oscar's view with other results. Their context is the one that Oscar's templates, and the
shop's own, are written for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.views.generic.base import ContextMixin
from oscar.core.loading import get_class, get_model

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.exceptions import InvalidQuery
from shopreco.services import FacetCounts, FacetValue, Result, ResultPage, StageName

CATALOGUE: Final[str] = get_model("catalogue", "Product")._meta.label_lower

BaseSearchView: Any = get_class("search.views.base", "BaseSearchView")
FacetedSearchView: Any = get_class("search.views", "FacetedSearchView")
CatalogueView: Any = get_class("search.views", "CatalogueView")
ProductCategoryView: Any = get_class("search.views", "ProductCategoryView")
OscarSearchForm: Any = get_class("search.forms", "SearchForm")

SORTS: Final[Mapping[str, str]] = {
    OscarSearchForm.RELEVANCY: "relevance",
    OscarSearchForm.NEWEST: "newest",
    OscarSearchForm.PRICE_HIGH_TO_LOW: "price_desc",
    OscarSearchForm.PRICE_LOW_TO_HIGH: "price_asc",
    OscarSearchForm.TITLE_A_TO_Z: "title",
}
"""Orders of Oscar's form that a search has."""
SELECTED: Final = "selected_facets"
"""The parameter of a chosen value, as Oscar's templates send it: `selected_facets=brand:Fennel`."""
PREFIX: Final = "f."
"""Begins the same as the search box sends it: `f.brand=Fennel`."""
BOUNDS: Final = ("price_min", "price_max", "available")
MAX_WORDS: Final = 10
ON_CARDS: Final = ("images", "stockrecords", "product_class__options", "product_options")
"""What Oscar's template of a card reads of a product."""


def _prepare_cards(products: Sequence[Any]) -> None:
    """Read at once what Oscar's template of a card would ask for product by product."""
    prefetch_related_objects(products, *ON_CARDS)
    for product in products:
        of_class = product.get_product_class().options.all()
        product.has_options = bool(of_class or product.product_options.all())


class SearchForm(forms.Form):
    """The words and the order, by Oscar's names and labels."""

    q = forms.CharField(required=False)
    sort_by = forms.ChoiceField(
        label=OscarSearchForm.base_fields["sort_by"].label,
        choices=[each for each in OscarSearchForm.SORT_BY_CHOICES if each[0] in SORTS],
        required=False,
    )


class SearchedView(BaseSearchView):
    """Finds with shopreco what Oscar's view finds with haystack.

    Where search cannot answer, the products come straight from the shop's table.
    """

    request: HttpRequest

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            number = int(request.GET.get(self.page_kwarg) or 1)
            found = self.search(offset=(number - 1) * self.paginate_by)
        except (InvalidQuery, ValueError):
            raise Http404 from None
        if number > 1 and not found.results:
            raise Http404
        response: HttpResponse = self.render_to_response(
            self.get_context_data(found=found, number=number)
        )
        return response

    def get_context_data(self, *, found: ResultPage, number: int, **kwargs: Any) -> dict[str, Any]:
        _prepare_cards(found.objects)
        paginator: Paginator[Any] = Paginator(range(found.total), self.paginate_by)
        page: Page[Any] = Page(found.results, number, paginator)
        form = SearchForm(self.request.GET)
        facet_data = self.facet_data(found.facets)
        context = {
            "found": found,
            "query": self.query,
            "form": form,
            "search_form": form,
            "paginator": paginator,
            "page_obj": page,
            self.page_kwarg: page,
            "is_paginated": page.has_other_pages(),
            "object_list": found.results,
            self.context_object_name: found.results,
            "selected_facets": [f"{name}:{each}" for name, each in self.chosen],
            "facet_data": facet_data,
            "has_facets": bool(facet_data),
        }
        return ContextMixin.get_context_data(self, **context, **kwargs)

    @property
    def query(self) -> str:
        return self.request.GET.get("q", "")

    @cached_property
    def chosen(self) -> list[tuple[str, str]]:
        """Facets and values that the address asks for."""
        asked = self.request.GET
        pairs = [each.split(":", 1) for each in asked.getlist(SELECTED) if ":" in each]
        pairs += [
            [name.removeprefix(PREFIX), value]
            for name in asked
            if name.startswith(PREFIX)
            for value in asked.getlist(name)
        ]
        return list(dict.fromkeys((name, value) for name, value in pairs))

    def filters(self) -> dict[str, Any]:
        """What narrows the results, as `services.search` takes it."""
        filters: dict[str, Any] = defaultdict(list)
        for name, value in self.chosen:
            filters[name].append(value)
        return filters | {name: self.request.GET.get(name) for name in BOUNDS}

    def search(self, offset: int) -> ResultPage:
        """One page of results. Raises `InvalidQuery` for what no page links to."""
        default = "relevance" if self.query else "newest"
        found = services.search(
            self.query,
            catalogue=CATALOGUE,
            request=self.request,
            filters=self.filters(),
            sort=SORTS.get(self.request.GET.get("sort_by", ""), default),
            facets=["*"],
            offset=offset,
            limit=self.paginate_by,
        )
        if {StageName.INDEX, StageName.SEARCH}.isdisjoint(found.degraded):
            return found
        products = self.plain_products().order_by("-date_created", "pk")
        shown = enumerate(products[offset : offset + self.paginate_by], offset + 1)
        results = [Result(each, 0, str(each.pk), rank, 0.0, "") for rank, each in shown]
        return ResultPage(tuple(results), products.count())

    def plain_products(self) -> QuerySet[Any]:
        """Products whose titles have all words that were typed, whatever else was asked."""
        products = get_catalogue(CATALOGUE).get_live_queryset(self.request).filter(parent=None)
        for word in self.query.replace("\x00", "").split()[:MAX_WORDS]:
            products = products.filter(title__icontains=word)
        return products

    def facet_data(self, facets: Iterable[FacetCounts]) -> dict[str, dict[str, Any]]:
        """Facets as Oscar's template of them reads them, by name."""
        return {
            each.name: {
                "name": each.label,
                "results": [self._choice(each.name, value) for value in each.values],
            }
            for each in facets
        }

    def _choice(self, facet: str, value: FacetValue) -> dict[str, Any]:
        pair = (facet, value.value)
        others = [each for each in self.chosen if each != pair]
        link = {"deselect_url": self._address(others)} if value.selected else {}
        return {
            "name": value.value,
            "count": value.count,
            "show_count": True,
            "disabled": False,
            "selected": value.selected,
            **(link or {"select_url": self._address([*others, pair])}),
        }

    def _address(self, chosen: Iterable[tuple[str, str]]) -> str:
        """This page with these values chosen, from its beginning."""
        asked = QueryDict(mutable=True)
        for name, values in self.request.GET.lists():
            if name not in {self.page_kwarg, SELECTED} and not name.startswith(PREFIX):
                asked.setlist(name, values)
        asked.setlist(SELECTED, [f"{name}:{value}" for name, value in chosen])
        return f"{self.request.path}?{asked.urlencode()}"


class ResultsView(FacetedSearchView, SearchedView):
    """The page of results."""


class AllProductsView(CatalogueView, SearchedView):
    """The page of all products."""


class CategoryView(ProductCategoryView, SearchedView):
    """The page of a category, with what is in the categories below."""

    def filters(self) -> dict[str, Any]:
        return super().filters() | {"category": self.category.full_name}

    def plain_products(self) -> QuerySet[Any]:
        below = self.category.get_descendants_and_self()
        return super().plain_products().filter(categories__in=below).distinct()

    def facet_data(self, facets: Iterable[FacetCounts]) -> dict[str, dict[str, Any]]:
        return super().facet_data(each for each in facets if each.name != "category")
