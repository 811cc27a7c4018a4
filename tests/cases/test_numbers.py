"""One number has several spellings; it leads and does not hide, and one that nobody has finds
nothing."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from shopreco.text.identifiers import is_number, normalise_identifier
from tests.helpers.answers import found, search
from tests.helpers.gadgets import numbered
from tests.helpers.index import committed_shop

pytestmark = pytest.mark.django_db(databases=["default", "shop"])


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


_shop = committed_shop(numbered)


@pytest.fixture
def shop(_shop: None, db: None) -> None:
    """Indexed once for this file; what a test changes is rolled back."""
    cache.clear()


def test_a_number_leads_and_what_says_it_follows(shop: None) -> None:
    first, *others = found("365")
    assert (first, set(others)) == ("Garden gnome", {"Olive oil", "Whole wheat pasta"})
    assert found("1984") == ["Fountain pen", "Orwell: 1984, a novel"]


def test_the_number_that_is_written_so_comes_first(shop: None) -> None:
    assert found("AB-12") == ["Round bracket", "Square bracket"]
    assert found("AB-1/2") == ["Square bracket", "Round bracket"]


@pytest.mark.parametrize("gtin", ["036000291452", "0036000291452", "00036000291452"])
def test_a_gtin_of_any_length_finds_its_product(shop: None, gtin: str) -> None:
    assert found(gtin) == ["Breakfast cereal"]


def test_the_old_isbn_finds_the_book(shop: None) -> None:
    assert found("0141036141") == ["Orwell: 1984, a novel"]


@pytest.mark.parametrize("query", ["9789525157992", "978-952-515-799-2", "ZX-4471-QP", "W-003"])
def test_a_number_that_nobody_has_finds_nothing_and_says_so(shop: None, query: str) -> None:
    page = search(query, facets=["*"])
    assert (page.results, page.total, page.notice) == ((), 0, "No product has this number.")


def test_a_model_that_is_written_in_parts_is_found_by_them(shop: None) -> None:
    assert found("gtx1080ti") == ["Desk lamp GTX 1080 Ti"]


def test_words_are_no_numbers(shop: None) -> None:
    assert search("lamp").notice == ""
    assert search("unheard").notice == ""
