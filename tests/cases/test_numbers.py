"""One number has several spellings; it leads and does not hide, and one that nobody has finds
nothing."""

from __future__ import annotations

from typing import Any

import pytest

from shopreco import services
from shopreco.text.identifiers import is_number, normalise_identifier
from tests.helpers.answers import found
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget, Maker


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("036000291452", "0036000291452"),
        ("036000291452", "00036000291452"),
        ("036000291452", "36000291452"),
        ("0306406152", "9780306406157"),
        ("0-306-40615-2", "978-0-306-40615-7"),
        ("080442957X", "9780804429573"),
        ("3 397 118 979", "3397118979"),
        ("DCD-771.C2", "dcd771c2"),
    ],
)
def test_one_number_is_one_however_it_is_written(one: str, other: str) -> None:
    assert normalise_identifier(one) == normalise_identifier(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("036000291452", "036000291469"),
        # Zeros fill up GTINs alone, which have a check digit.
        ("00123", "123"),
        ("000000000001", "1"),
    ],
)
def test_two_numbers_stay_two(one: str, other: str) -> None:
    assert normalise_identifier(one) != normalise_identifier(other)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("9789525157992", True),
        ("978-952-515-799-2", True),
        ("365", True),
        ("3 397 118 979", True),
        ("ZX-4471-QP", True),
        ("GKX8821", True),
        ("W-003", True),
        ("iphone 15", False),
        ("iphone15", False),
        ("playstation5", False),
        ("120v", False),
        ("12x24x36", False),
        ("1000g", False),
        ("10.000mAh", False),
        ("1/2 in", False),
        ("24.7", False),
        ("lamp", False),
        ("", False),
    ],
)
def test_what_can_only_be_a_number(query: str, number: bool) -> None:
    assert is_number(query) is number


pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


@pytest.fixture
def shop() -> None:
    brand = Maker.objects.create(name="365")
    Gadget.objects.create(name="Garden gnome", sku="365")
    Gadget.objects.create(name="Olive oil", maker=brand)
    Gadget.objects.create(name="Whole wheat pasta", maker=brand)
    Gadget.objects.create(name="Fountain pen", sku="1984")
    Gadget.objects.create(name="Orwell: 1984, a novel", sku="978-0-14-103614-4")
    Gadget.objects.create(name="Winter tales", sku="B2")
    Gadget.objects.create(name="Square bracket", sku="AB-1/2")
    Gadget.objects.create(name="Round bracket", sku="AB-12")
    Gadget.objects.create(name="Breakfast cereal", sku="036000291452")
    Gadget.objects.create(name="Desk lamp GTX 1080 Ti")
    index()


def answer(query: str, **options: Any) -> services.ResultPage:
    page = services.search(query, catalogue=GADGET, **options)
    assert page.degraded == {}
    return page


def test_a_number_leads_and_what_says_it_follows(shop: None) -> None:
    first, *others = found("365")
    assert (first, set(others)) == ("Garden gnome", {"Olive oil", "Whole wheat pasta"})
    assert found("1984") == ["Fountain pen", "Orwell: 1984, a novel"]


def test_the_number_that_is_written_so_comes_first(shop: None) -> None:
    assert found("AB-12") == ["Round bracket", "Square bracket"]
    assert found("AB-1/2") == ["Square bracket", "Round bracket"]


def test_what_is_called_by_a_number_comes_before_what_mentions_it() -> None:
    Gadget.objects.create(name="Spare hose of rubber for the models 501, 502 and 503 of old pumps")
    Gadget.objects.create(name="Pump 501")
    index()
    assert found("501")[0] == "Pump 501"


@pytest.mark.parametrize("gtin", ["036000291452", "0036000291452", "00036000291452"])
def test_a_gtin_of_any_length_finds_its_product(shop: None, gtin: str) -> None:
    assert found(gtin) == ["Breakfast cereal"]


def test_the_old_isbn_finds_the_book(shop: None) -> None:
    assert found("0141036141") == ["Orwell: 1984, a novel"]


@pytest.mark.parametrize("query", ["9789525157992", "978-952-515-799-2", "ZX-4471-QP", "W-003"])
def test_a_number_that_nobody_has_finds_nothing_and_says_so(shop: None, query: str) -> None:
    page = answer(query, facets=["*"])
    assert (page.results, page.total, page.notice) == ((), 0, "No product has this number.")


def test_a_model_that_is_written_in_parts_is_found_by_them(shop: None) -> None:
    assert found("gtx1080ti") == ["Desk lamp GTX 1080 Ti"]


def test_words_are_no_numbers(shop: None) -> None:
    assert answer("lamp").notice == ""
    assert answer("unheard").notice == ""


def test_a_number_that_a_filter_hides_is_not_said_to_be_nobodys(shop: None) -> None:
    Gadget.objects.filter(sku="1984").update(stock=0)
    index()
    assert answer("AB-12", filters={"brand": "365"}).notice == ""
    assert answer("ZX-4471-QP", filters={"brand": "365"}).notice == ""


def test_of_more_than_are_read_a_filter_loses_nothing(
    shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit stands after the filters."""
    monkeypatch.setattr("shopreco.retrieval.lexical.MAX_HITS", 1)
    monkeypatch.setattr("shopreco.retrieval.identifiers.MAX_HITS", 1)
    oil = Gadget.objects.get(name="Olive oil")
    pasta = Gadget.objects.get(name="Whole wheat pasta")
    for each, price in ((oil, 2), (pasta, 3)):
        each.price = price
        each.save()
    index()
    for low, name in ((2, "Olive oil"), (3, "Whole wheat pasta")):
        page = answer("365", filters={"price_min": low, "price_max": low})
        assert [str(each.object) for each in page] == [name]
        assert not page.total_is_exact
