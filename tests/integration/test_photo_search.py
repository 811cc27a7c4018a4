"""Search by photo: a real worker looks at the photo, the answer is like any other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from demo_shop.models import Product
from devtools.embedded import EmbeddedServers
from shopreco import services
from shopreco.exceptions import PhotoRejected
from shopreco.models import Embedding, EmbeddingSpace
from shopreco.retrieval import dense, photos
from shopreco.spaces.stores.base import EmbeddingRow
from tests.helpers.demo import CATALOGUE
from tests.helpers.large_shop import copy
from tests.helpers.media import png, png_chunk
from tests.helpers.memory_store import MemoryStore, in_place_of_pgvector
from tests.helpers.photos import BRANDS, COLOURS, EACH, KINDS, photo

pytestmark = [pytest.mark.usefixtures("photo_shop", "photo_worker"), pytest.mark.slow]

OF_A_COLOUR = EACH * len(KINDS)


def search(query: str = "", **options: Any) -> services.ResultPage:
    page = services.search(query, **{"photo": photo(), "catalogue": CATALOGUE} | options)
    assert page.degraded == {}
    return page


def titles(page: services.ResultPage) -> list[str]:
    return [result.object.title for result in page]


@pytest.fixture
def _impatient(settings: Any) -> None:
    """No worker is as fast: what is answered now was answered before."""
    settings.SHOPRECO = {**settings.SHOPRECO, "PHOTO_DEADLINE": 1e-6}


@pytest.mark.parametrize("colour", COLOURS)
def test_what_looks_like_the_photo_comes_first(colour: str) -> None:
    page = search(photo=photo(colour), limit=OF_A_COLOUR)
    assert page.source == "photo"
    assert page.total >= OF_A_COLOUR
    assert {title.rpartition(" ")[2] for title in titles(page)} == {colour}
    assert all({"dense", "looks"} == set(result.parts) for result in page)
    beside = search("cushion")
    assert all({"dense", "looks", "lexical"} == set(result.parts) for result in beside)


def test_scores_are_the_sum_of_their_parts_and_contributions() -> None:
    for query in ("", "cushion"):
        for result in search(query, explain=True):
            assert result.score == pytest.approx(sum(result.parts.values()), abs=1e-5)
            assert result.score == pytest.approx(sum(result.contributions.values()), abs=1e-4)
            assert {"text", "image", "looks"} <= set(result.contributions)


def test_words_beside_the_photo_are_mixed_in() -> None:
    beside = search("cushion", limit=EACH)
    assert all("Cushion" in title and "red" in title for title in titles(beside))
    alone = search(limit=EACH)
    assert not all("Cushion" in title for title in titles(alone))
    assert beside.query == "cushion"


@pytest.mark.usefixtures("_impatient")
def test_an_answers_key_stands_for_the_photo(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "PHOTO_DEADLINE": 10.0}
    first = search(limit=10)
    settings.SHOPRECO = {**settings.SHOPRECO, "PHOTO_DEADLINE": 1e-6}
    whole = search(photo=first.photo, limit=30)
    pages = [search(photo=first.photo, limit=10, offset=offset) for offset in (0, 10, 20)]
    assert [title for page in pages for title in titles(page)] == titles(whole)
    assert titles(first) == titles(pages[0])
    assert {page.total for page in pages} == {whole.total} == {first.total}
    assert [result.rank for result in pages[2]] == list(range(21, 31))
    assert search(photo=photo(), limit=10).photo == first.photo, "the same file is not sent twice"


def test_a_filter_finds_what_is_not_among_the_nearest() -> None:
    red, number = Product.objects.filter(attributes__colour="red").first(), "'copy-' || n"
    assert red is not None
    copy(red, dense.NEIGHBOURS, vectors=True, sku=number, slug=number)
    assert {title.rpartition(" ")[2] for title in titles(search())} == {"red"}
    blue = search(filters={"colour": "blue"}, facets=["colour"])
    assert {title.rpartition(" ")[2] for title in titles(blue)} == {"blue"}
    assert blue.total > 0


def test_facets_count_what_choosing_them_shows() -> None:
    page = search(facets=["brand"])
    [brands] = page.facets
    assert {each.value for each in brands.values} == set(BRANDS)
    assert sum(each.count for each in brands.values) == page.total
    for each in brands.values:
        narrowed = search(photo=page.photo, filters={"brand": [each.value]})
        assert narrowed.total == each.count
        assert {result.object.brand.name for result in narrowed} == {each.value}


def test_filters_do_not_move_scores() -> None:
    whole = {result.item_id: result.score for result in search(limit=100)}
    narrowed = search(filters={"brand": ["Fennel"], "price_max": 60})
    assert narrowed.total
    assert all(whole[result.item_id] == result.score for result in narrowed)


def test_the_scope_says_where_to_look() -> None:
    page = search(filters={"available": True}, limit=20)
    assert page.total
    assert all(result.object.stock > 0 for result in page)


def test_another_order_is_that_of_the_shop() -> None:
    prices = [result.object.price for result in search(sort="price_desc")]
    assert prices == sorted(prices, reverse=True)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"this is no picture at all", "not a picture"),
        (b"<svg xmlns='x'></svg>", "SVG"),
        (b"\x89PNG\r\n\x1a\n" + b"half", "damaged"),
        (png(60_000, 60_000, png_chunk(b"IDAT", b"")), "megapixels"),
        (b"", "empty"),
    ],
)
def test_a_photo_that_cannot_be_read_says_why(file: bytes, reason: str) -> None:
    with pytest.raises(PhotoRejected, match=reason):
        search(photo=ContentFile(file))
    assert search().total, "the worker lives"


@pytest.mark.usefixtures("_impatient")
def test_a_photo_that_is_too_large_is_not_sent_at_all(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "PHOTO_MAX_BYTES": 100}
    with pytest.raises(PhotoRejected, match="more than the 100"):
        search()


@pytest.mark.parametrize("key", ["0" * 32, "no key", "\x00" * 32, "é" * 32, "a" * 5000])
def test_a_key_that_is_gone_is_a_sentence(key: str) -> None:
    gone = services.search(photo=key, catalogue=CATALOGUE)
    assert (gone.total, gone.photo) == (0, "")
    assert "send it again" in gone.degraded["photo"]
    words = services.search("cushion", photo=key, catalogue=CATALOGUE)
    assert "Cushion" in titles(words)[0]
    assert words.degraded.keys() == {"photo"}


def test_a_shop_without_pictures_in_its_index_says_so() -> None:
    [space] = EmbeddingSpace.objects.all()
    space.specification = replace(space.specification, modalities=(space.specification.text,))
    space.save()
    page = services.search(photo=photo(), catalogue=CATALOGUE)
    assert "cannot be searched by photo yet" in page.degraded["photo"]
    assert page.results == ()


def test_nothing_is_left_at_the_broker(servers: EmbeddedServers) -> None:
    search(photo=photo(size=41))
    with servers.valkey.client() as client:
        assert [key for key in client.keys("*") if b"shopreco.reply" in key] == []


def test_the_same_photo_has_the_same_vector_as_in_the_index() -> None:
    """What the shop's own picture finds is itself: both were encoded in the same way."""
    page = search(photo=photo("green", 64, "PNG"), limit=1)
    assert page.results[0].parts["looks"] == pytest.approx(photos.ALONE.weights["looks"], abs=1e-3)


@pytest.mark.parametrize("query", ["", "cushion"])
@pytest.mark.parametrize("filters", [{}, {"brand": BRANDS[0]}, {"available": True}])
def test_a_photo_finds_the_same_where_embeddings_are_in_another_store(
    query: str, filters: dict[str, Any]
) -> None:
    expected = scores(search(query, filters=filters, limit=15))
    memory, space = MemoryStore(), EmbeddingSpace.objects.get()
    rows = Embedding.objects.filter(space=space).values_list("item_id", "content_hash", "vector")
    embeddings = [EmbeddingRow(*row, np.asarray(v, dtype=np.float32)) for *row, v in rows]
    memory.write(space, embeddings, [row.item_id for row in embeddings])
    cache.clear()
    with in_place_of_pgvector(memory), CaptureQueriesContext(connection) as queries:
        found = scores(search(query, filters=filters, limit=15))
    assert found == pytest.approx(expected, abs=1e-3)
    assert not any("shopreco_embedding " in each["sql"] for each in queries)


def scores(page: services.ResultPage) -> list[float]:
    """Products of equal pictures are equally near: their order says nothing."""
    assert len(page) == 15
    return [result.score for result in page]
