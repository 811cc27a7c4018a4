from __future__ import annotations

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from demo_shop.models import Category, Product

EXAMPLES = {
    "clothing/accessories/socks": _("keep my feet warm in winter"),
    "garden/planting/plant-pots": _("a gift for someone who loves plants"),
    "outdoor/camping/lanterns": _("make coffee while camping"),
}
"""Queries that share hardly a word with their products, by category. Suggested only in a shop that
has the category."""
SHELVES = 12
ROW = 8
"""Products in a row of the home page."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    products = Product.objects.live().top_level().for_cards()
    reduced = products.filter(compare_at_price__gt=F("price")).order_by("-updated", "sku")[:ROW]
    return render(
        request,
        "shop/home.html",
        {
            "examples": _examples(),
            "hero": _pictured(),
            "reduced": reduced,
            "shelves": _shelves(),
        },
    )


def _examples() -> list[Promise]:
    shelves = Category.objects.filled().filter(slug_path__in=EXAMPLES)
    there = set(shelves.values_list("slug_path", flat=True))
    return [query for shelf, query in EXAMPLES.items() if shelf in there]


def _pictured() -> list[Product]:
    """Pick four products for the picture at the top, from distant categories."""
    leaves = Category.objects.filter(children=None).order_by("slug_path").with_examples()
    apart = leaves[2 :: max(1, len(leaves) // 4)] or leaves
    return [product for _leaf, product in apart[:4]]


def _shelves() -> list[tuple[Category, Product]]:
    """List the second level of the category tree, or the first if there is no second."""
    below = Category.objects.filter(parent__isnull=False, parent__parent=None)
    return (below.with_examples() or Category.objects.roots().with_examples())[:SHELVES]
