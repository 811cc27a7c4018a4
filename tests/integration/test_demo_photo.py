"""The demo's way with a photo: sent once, then an address with results like any other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from tests.helpers.photos import photo

pytestmark = [pytest.mark.usefixtures("photo_shop", "photo_worker"), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _static_files(settings: Any) -> None:
    # WhiteNoise warns of a folder that `collectstatic` has not made yet.
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


def send(client: Client, **form: Any) -> Any:
    return client.post("/search/photo/", form, follow=True)


def test_a_photo_leads_to_an_address_that_can_be_shared(client: Client) -> None:
    response = send(client, photo=photo("blue"))
    [(address, status)] = response.redirect_chain
    assert status == 303
    assert re.fullmatch(r"/search/\?photo=[0-9a-f]{32}", address)
    assert "Products like your photo" in response.content.decode()
    shared = Client().get(address).context["listing"]
    assert shared.products == response.context["listing"].products
    assert all(product.title.endswith("blue") for product in shared.products)


def test_words_filters_orders_and_pages_keep_the_photo(client: Client) -> None:
    response = send(client, photo=photo(), q="cushion")
    [(address, _status)] = response.redirect_chain
    assert address.endswith("&q=cushion")
    listing = response.context["listing"]
    assert "Cushion" in listing.products[0].title
    for box in listing.boxes:
        for tick in box.ticks:
            narrowed = client.get(f"{address}&{box.parameter}={tick.value}")
            assert narrowed.context["listing"].total == tick.count, tick
            assert address.partition("?")[2].replace("&", "&amp;") in narrowed.content.decode()
    second = client.get(f"{address}&page=2").context["listing"]
    assert second.total == listing.total
    assert not set(second.products) & set(listing.products)
    cheapest = client.get(f"{address}&sort=price_asc").context["listing"].products
    assert cheapest == sorted(cheapest, key=lambda product: product.price)


def test_what_is_no_picture_is_said_above_the_page(client: Client) -> None:
    response = send(client, photo=ContentFile(b"%PDF-1.7", name="letter.pdf"), q="vase")
    assert response.redirect_chain == [("/search/?q=vase", 303)]
    assert "The file is a PDF" in response.content.decode()


def test_a_form_without_a_photo_is_a_search(client: Client) -> None:
    assert send(client, q="vase").redirect_chain == [("/search/?q=vase", 303)]
    assert send(client).redirect_chain == [("/search/", 303)]


def test_an_address_whose_photo_is_gone_says_so(client: Client) -> None:
    page = client.get(f"/search/?photo={'0' * 32}").content.decode()
    assert "Your photo is no longer kept here. Please send it again." in page
    assert "Search by photo</h1>" in page
    page = client.get(f"/search/?photo={'0' * 32}&q=vase").content.decode()
    assert "no longer kept here" in page
    assert "Results for “vase”" in page
