"""Product listings: a category page and a results page are one search with filters."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from demo_shop import glossary
from demo_shop.models import Category, Product, ProductQuerySet, split_path
from shopreco import services
from shopreco.exceptions import InvalidQuery, PhotoRejected
from shopreco.services import FacetCounts, PriceRange, StageName

logger = logging.getLogger(__name__)

PAGE_SIZE = 24
LAST_PAGE = 100
OPEN_BOXES = 4
FILTER_PREFIX = "f."
"""Marks filters in the address, so that a `utm_source` is not taken for an attribute."""
SORTS: Mapping[str, Promise] = {
    "relevance": _("Best match"),
    "newest": _("Newest"),
    "price_asc": _("Price: low to high"),
    "price_desc": _("Price: high to low"),
    "title": _("Name"),
}
PLAIN_ORDER = {"price_asc": "price", "price_desc": "-price", "title": "title"}


class SearchUnavailable(Exception):
    """Search cannot answer now; the arguments are the reasons."""


@dataclass(frozen=True, slots=True)
class ListingQuery:
    """The parameters of the address; invalid ones are dropped."""

    query: str
    photo: str
    """Key of an uploaded photo."""
    filters: Mapping[str, list[str]]
    price_min: str
    price_max: str
    available: bool
    sort: str
    page: int

    @classmethod
    def from_address(cls, given: QueryDict) -> ListingQuery:
        sort, page = given.get("sort", ""), given.get("page", "")
        query, photo = _words(given), given.get("photo", "")
        return cls(
            query=query,
            photo=photo if photo.isalnum() else "",
            filters={
                name.removeprefix(FILTER_PREFIX): values
                for name in given
                if name.startswith(FILTER_PREFIX)
                and (values := [*filter(None, given.getlist(name))])
            },
            price_min=_amount(given.get("price_min", "")),
            price_max=_amount(given.get("price_max", "")),
            available=given.get("available") == "1",
            # Without words and photo there is no best match.
            sort=sort if sort in SORTS else "relevance" if query or photo else "newest",
            page=min(max(int(page), 1), LAST_PAGE) if page.isdecimal() and len(page) < 6 else 1,
        )

    @property
    def address(self) -> str:
        """The query string without the filters."""
        return _query_string(photo=self.photo, q=self.query)

    @property
    def filtered(self) -> bool:
        return bool(self.filters or self.price_min or self.price_max or self.available)

    def as_filters(self, category: Category | None) -> dict[str, Any]:
        """Return the filters as `services.search` takes them."""
        filters: dict[str, Any] = dict(self.filters)
        if category:
            filters["category"] = [category.path]
        if self.available:
            filters["available"] = True
        return filters | {
            name: value for name in ("price_min", "price_max") if (value := getattr(self, name))
        }


@dataclass(frozen=True, slots=True)
class Tick:
    """A value of a facet, as a check box."""

    value: str
    label: str
    count: int
    selected: bool
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Box:
    """A facet with its values in the visitor's language."""

    parameter: str
    label: str
    ticks: Sequence[Tick]
    open: bool

    @property
    def chosen(self) -> int:
        return sum(tick.selected for tick in self.ticks)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of products, and the facets to narrow it down."""

    products: Sequence[Product]
    total: int
    page: int
    more: bool = False
    """Whether there are more than `total`."""
    boxes: Sequence[Box] = ()
    counted_all: bool = True
    """Whether the numbers beside the ticks are exact, and not "at least"."""
    prices: PriceRange | None = None
    query_id: str = ""
    notice: str = ""
    """A message of the search to the shopper."""
    resting: bool = False
    """Whether search is not available and the products come straight from the shop's tables."""

    @property
    def first(self) -> int:
        """Return the place of the first product of the page in the whole list, from 1."""
        return (self.page - 1) * PAGE_SIZE + 1

    @property
    def pages(self) -> int:
        return min(max(1, -(-self.total // PAGE_SIZE)), LAST_PAGE)

    @property
    def nearby(self) -> list[int | None]:
        """List the page numbers to link; None stands for a gap."""
        wanted = {1, self.pages, *range(self.page - 2, self.page + 3)}
        numbers: list[int | None] = []
        for number in sorted(n for n in wanted if 1 <= n <= self.pages):
            if numbers and number - (numbers[-1] or 0) > 1:
                numbers.append(None)
            numbers.append(number)
        return numbers


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    asked = ListingQuery.from_address(request.GET)
    return _listing(request, asked, None, {"title": asked.query})


@require_POST
def photo(request: HttpRequest) -> HttpResponse:
    """Search by an uploaded photo: redirect to its results, whose address is valid for a day."""
    query, key, problem = _words(request.POST), "", ""
    try:
        page = services.search(
            query,
            photo=request.FILES.get("photo", ""),
            catalogue="demo_shop.product",
            request=request,
            limit=1,
        )
        key, problem = page.photo, page.degraded.get(StageName.PHOTO, "")
    except PhotoRejected as error:
        problem = str(error)
    if problem:
        messages.error(request, problem)
    asked = _query_string(photo=key, q=query)
    response = HttpResponseRedirect(reverse("search") + (f"?{asked}" if asked else ""))
    response.status_code = HTTPStatus.SEE_OTHER
    return response


@require_safe
def category(request: HttpRequest, slug_path: str) -> HttpResponse:
    found = get_object_or_404(Category, slug_path=slug_path)
    context = {
        "title": found.label,
        "category": found,
        "trail": found.ancestors()[:-1],
        "below": list(found.children.filled()),
    }
    return _listing(request, ListingQuery.from_address(request.GET), found, context)


def _listing(
    request: HttpRequest, asked: ListingQuery, within: Category | None, context: dict[str, Any]
) -> HttpResponse:
    try:
        listing = _searched(request, asked, within)
    except InvalidQuery as error:
        logger.info("%s: %s", request.get_full_path(), error)
        listing = Listing(products=[], total=0, page=1)
    except SearchUnavailable as error:
        logger.warning("%s is shown without search: %s", request.path, error)
        listing = _plain(asked, within)
    ranked = asked.query or asked.photo
    sorts = {name: label for name, label in SORTS.items() if ranked or name != "relevance"}
    return render(
        request,
        "shop/listing.html",
        {"asked": asked, "listing": listing, "sorts": sorts, **context},
    )


def _searched(request: HttpRequest, asked: ListingQuery, within: Category | None) -> Listing:
    page = services.search(
        asked.query,
        photo=asked.photo,
        catalogue="demo_shop.product",
        request=request,
        filters=asked.as_filters(within),
        sort=asked.sort,
        offset=(asked.page - 1) * PAGE_SIZE,
        limit=PAGE_SIZE,
        facets=["*"],
    )
    if failed := {StageName.INDEX, StageName.SEARCH} & page.degraded.keys():
        raise SearchUnavailable(*(page.degraded[stage] for stage in failed))
    return Listing(
        products=[result.shown for result in page],
        total=page.total,
        page=asked.page,
        more=not page.total_is_exact,
        boxes=[
            _box(facet, open_=place < OPEN_BOXES)
            for place, facet in enumerate(page.facets)
            if not (within and facet.name == "category")
        ],
        counted_all=page.facets_are_exact,
        prices=page.price_range,
        query_id=page.query_id,
        notice=page.degraded.get("photo", page.notice),
    )


def _box(facet: FacetCounts, *, open_: bool) -> Box:
    ticks = [
        Tick(each.value, glossary.label(facet.name, each.value), each.count, each.selected)
        for each in facet.values
    ]
    if facet.name == "category":
        ticks = _upper_levels(ticks)
    chosen = any(tick.selected for tick in ticks)
    return Box(f"{FILTER_PREFIX}{facet.name}", facet.label, ticks, open_ or chosen)


def _upper_levels(categories: Iterable[Tick]) -> list[Tick]:
    """Keep two levels of the tree and the chosen values, each below its parent."""
    return [
        replace(tick, depth=depth)
        for tick in sorted(categories, key=lambda tick: tick.value)
        if (depth := len(split_path(tick.value))) < 3 or tick.selected
    ]


def _plain(asked: ListingQuery, within: Category | None) -> Listing:
    """List products without search: by category and words of the title, in the shop's tables."""
    products: ProductQuerySet = Product.objects.live().top_level().for_cards()
    if within:
        products = products.in_category(within)
    for word in asked.query.split()[:10]:
        products = products.filter(Q(title__icontains=word) | Q(title_zh__icontains=word))
    if asked.price_min:
        products = products.filter(price__gte=asked.price_min)
    if asked.price_max:
        products = products.filter(price__lte=asked.price_max)
    order = PLAIN_ORDER.get(asked.sort, "-created")
    start = (asked.page - 1) * PAGE_SIZE
    return Listing(
        products=list(products.order_by(order, "sku")[start : start + PAGE_SIZE]),
        total=products.count(),
        page=asked.page,
        resting=True,
    )


def _query_string(**asked: str) -> str:
    return urlencode({name: value for name, value in asked.items() if value}, quote_via=quote)


def _words(given: QueryDict) -> str:
    return " ".join(given.get("q", "").replace("\x00", "").split())


def _amount(text: str) -> str:
    """Return a price bound as written, or nothing if it is not a price."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        return ""
    return text.strip() if amount.is_finite() and 0 <= amount < 10**10 else ""
