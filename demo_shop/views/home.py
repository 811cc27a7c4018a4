from __future__ import annotations

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from demo_shop.models import Category, Product

EXAMPLES = (
    _("something to read by in bed"),
    _("warm layers for cold mornings"),
    _("a gift for someone who loves plants"),
)
"""Queries that share no word with what they are meant to find."""
SHELVES = 12
ROW = 8
"""Products in a row of the home page."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    products = Product.objects.live().top_level().for_cards()
    newest = list(products.order_by("-created", "sku")[:ROW])
    reduced = products.filter(compare_at_price__gt=F("price")).order_by("-updated", "sku")[:ROW]
    return render(
        request,
        "shop/home.html",
        {
            "examples": EXAMPLES,
            "hero": _pictured(),
            "newest": newest,
            "reduced": reduced,
            "shelves": _shelves(),
        },
    )


def _pictured() -> list[Product]:
    """Four products for the picture at the top, from as many corners of the shop."""
    leaves = list(Category.objects.filled().filter(children=None).order_by("slug_path"))
    apart = leaves[2 :: max(1, len(leaves) // 4)] or leaves
    found = (_first_of(leaf) for leaf in apart)
    return [product for product in found if product][:4]


def _shelves() -> list[tuple[Category, Product | None]]:
    """The second level of the category tree, or the first where there is no second."""
    below = Category.objects.filled().filter(parent__isnull=False, parent__parent=None)
    chosen = list(below[:SHELVES]) or list(Category.objects.filled().roots()[:SHELVES])
    return [(shelf, _first_of(shelf)) for shelf in chosen]


def _first_of(category: Category) -> Product | None:
    pictured = Product.objects.live().top_level().exclude(image="")
    return pictured.in_category(category).order_by("sku").first()
