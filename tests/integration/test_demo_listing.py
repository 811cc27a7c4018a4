"""Lists of the demo shop over a real index: their counts are promises."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client

from demo_shop.models import Category, Product
from tests.indexed_shop import _committed_shop, shop  # noqa: F401 (fixtures)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]


@pytest.fixture(autouse=True)
def _static_files() -> None:
    # WhiteNoise warns of a folder that `collectstatic` has not made yet.
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


def test_a_category_has_all_that_lies_below_it(client: Client) -> None:
    home = Category.objects.get(path="Home")
    listing = client.get("/c/home/").context["listing"]
    assert not listing.resting
    assert listing.total == Product.objects.live().top_level().in_category(home).count()


@pytest.mark.parametrize("address", ["/c/home/", "/search/", "/search/?q=desk+lamp"])
def test_facets_narrow_to_exactly_what_they_promise(client: Client, address: str) -> None:
    listing = client.get(address).context["listing"]
    assert not listing.resting
    assert listing.boxes
    for box in listing.boxes:
        for tick in box.ticks:
            joint = "&" if "?" in address else "?"
            query = urlencode({box.parameter: tick.value})
            narrowed = client.get(f"{address}{joint}{query}").context["listing"]
            assert narrowed.total == tick.count, (box.parameter, tick.value)


def test_filters_that_make_no_sense_give_an_empty_list_not_an_error(client: Client) -> None:
    for query in ("f.price=abc", "f.site=abc", "f.language=xx", "f.available=perhaps"):
        assert client.get(f"/search/?{query}").status_code == 200
