"""What a card shows: the picture, the name and the price of an object, as the shop has them now."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shopreco.answers.blocks import render_block
from shopreco.answers.presentation import cards
from shopreco.catalogues import get_catalogue
from shopreco.services import Result, ResultPage
from tests.testapp.models import Gadget, Picture, Poster

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_templates_of_the_shop(settings: Any) -> None:
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": []}]


def posters(*pictures: Iterable[str]) -> ResultPage:
    """A page of posters with these pictures each, read anew."""
    for number, names in enumerate(pictures):
        poster = Poster.objects.create(title=f"Poster {number} & frame")
        for name in names:
            Picture.objects.create(poster=poster, file=name)
    return page_of(Poster.objects.order_by("id"))


def page_of(objects: Iterable[Any]) -> ResultPage:
    results = tuple(
        Result(object=each, item_id=n, object_id=str(each.pk), rank=n, score=1.0, source="browse")
        for n, each in enumerate(objects, start=1)
    )
    return ResultPage(results=results, query_id="0" * 32)


def test_the_picture_of_a_card_is_the_first_that_has_an_address() -> None:
    page = posters(["a.png", "b.png"], [])
    assert [card.picture for card in cards(page)] == ["/media/a.png", ""]


def test_the_pictures_of_a_page_are_fetched_together() -> None:
    page = posters(*([f"{n}.png"] for n in range(8)))
    with CaptureQueriesContext(connection) as queries:
        assert len({card.picture for card in cards(page)}) == 8
    assert len(queries) == 1


def test_the_default_block_has_pictures_that_are_loaded_late_and_a_calm_place_for_none() -> None:
    page = posters(["a.png"], [])
    html = render_block(page, "product-similar", page.results[0].object, None)
    assert html.count("shopreco-card-picture") == 2
    assert (
        '<img src="/media/a.png" alt="Poster 0 &amp; frame" width="360" height="360" loading="lazy"'
    ) in html
    assert html.count("<img") == html.count("<svg") == 1


def test_prices_are_written_in_the_language_of_the_page(settings: Any) -> None:
    settings.LANGUAGE_CODE = "de"
    page = page_of([Gadget(name="Lamp", price=Decimal(1299))])
    html = render_block(page, "product-similar", page.results[0].object, None)
    assert "1.299,00\xa0€" in html


def test_a_variant_without_a_picture_of_its_own_looks_like_its_product(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = type(get_catalogue("testapp.gadget"))
    pictures = {"Jacket": "/jacket.png"}
    monkeypatch.setattr(shop, "get_picture", lambda _self, obj: pictures.get(obj.name, ""))
    jacket = Gadget(name="Jacket")
    result = Result(jacket, 1, "1", 1, 1.0, "hybrid", variant=Gadget(name="Blue", parent=jacket))
    [card] = cards(ResultPage(results=(result,)))
    assert (card.title, card.picture) == ("Blue", "/jacket.png")
