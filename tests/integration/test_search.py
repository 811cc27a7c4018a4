"""services.search on the hostile host: exact, live, stable, and never a failing page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from threading import current_thread
from time import sleep
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.exceptions import InvalidQuery, UnknownFilter
from shopreco.indexing import runs
from shopreco.models import EmbeddingSpace, EncoderSpecification, SpaceState
from shopreco.queries import query_vectors
from shopreco.retrieval import hybrid
from tests.testapp.models import Gadget, Maker, Manual

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

GADGET = "testapp.gadget"


def index(name: str = GADGET) -> None:
    services.run_inline(runs.start(get_catalogue(name)))


def search(query: str = "", **options: Any) -> services.ResultPage:
    page = services.search(query, catalogue=GADGET, **options)
    assert page.degraded == {}
    return page


def names(page: services.ResultPage) -> list[str]:
    return [result.object.name for result in page]


@pytest.fixture
def shop() -> dict[str, Gadget]:
    acme, bolt = Maker.objects.create(name="Acme"), Maker.objects.create(name="Bolt")
    rows = [
        # name, maker, path, attributes, sku, price
        ("Walnut desk lamp", acme, "Home > Lighting", {"colour": "brown"}, "WDL-1", "49.50"),
        ("Brass desk lamp", bolt, "Home > Lighting", {"colour": "gold"}, "BDL-2", "89.00"),
        ("Oak desk", acme, "Home > Furniture", {"colour": "brown"}, "OD-3", "320"),
        ("Oak bookcase", bolt, "Home > Furniture", {"colour": "brown"}, "OB-4", "210"),
        ("Garden hose 25 ft", bolt, "Garden", {"colour": "green"}, "GH 25", "19.90"),
    ]
    made = {
        name: Gadget.objects.create(
            name=name, maker=maker, path=path, attributes=attributes, sku=sku, price=price
        )
        for name, maker, path, attributes, sku, price in rows
    }
    index()
    return made


def test_words_find_and_say_what_they_contributed(shop: dict[str, Gadget]) -> None:
    page = search("walnut lamp")
    first = page.results[0]
    assert first.object == shop["Walnut desk lamp"]
    assert first.source == "hybrid"
    assert sum(first.parts.values()) == pytest.approx(first.score, abs=1e-5)
    assert {"lexicon", "lexical", "encode", "dense", "hydrate", "total"} <= page.timings.keys()
    assert page.query_id
    assert page.model_version


def test_a_misspelt_word_is_read_as_the_nearest_known_one(shop: dict[str, Gadget]) -> None:
    Gadget.objects.bulk_create([Gadget(name="Oak bookcase, small"), Gadget(name="A bookcase")])
    index()
    assert "Oak bookcase" in names(search("bokcase"))


@pytest.mark.parametrize("typed", ["WDL-1", "wdl1", " wdl 1 "])
def test_a_sku_finds_its_product_and_nothing_else(shop: dict[str, Gadget], typed: str) -> None:
    page = search(typed)
    assert names(page) == ["Walnut desk lamp"]
    assert (page.source, page.total) == ("identifier", 1)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"brand": "Acme"}, {"Walnut desk lamp", "Oak desk"}),
        (
            {"brand": ["Acme", "Bolt"], "category": "Home > Lighting"},
            {"Walnut desk lamp", "Brass desk lamp"},
        ),
        ({"category": "Home"}, {"Walnut desk lamp", "Brass desk lamp", "Oak desk", "Oak bookcase"}),
        ({"colour": "green"}, {"Garden hose 25 ft"}),
        ({"price_min": "50", "price_max": 250}, {"Brass desk lamp", "Oak bookcase"}),
        ({"brand": "Nobody"}, set()),
        ({"available": "false"}, set()),
        ({"brand": "", "colour": None}, None),
    ],
)
def test_filters_narrow_a_browsed_catalogue(
    shop: dict[str, Gadget], filters: dict[str, Any], expected: set[str] | None
) -> None:
    page = search(filters=filters)
    assert set(names(page)) == (set(shop) if expected is None else expected)
    assert page.total == len(page.results)


def test_filters_narrow_a_query(shop: dict[str, Gadget]) -> None:
    assert names(search("desk lamp", filters={"brand": "Bolt", "price_max": 100}))[0] == (
        "Brass desk lamp"
    )


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"brnd": "Acme"}, None),
        ({"price_min": "cheap"}, "price_min is 'cheap'; it must be a number"),
        ({"price_max": "NaN"}, "must be finite"),
        ({"available": "perhaps"}, "must be true or false"),
        ({"brand": [str(n) for n in range(51)]}, "up to 50"),
        ({"brand": "a\x00b"}, "NUL"),
        ({"site": "x"}, "must be an id"),
    ],
)
def test_filters_that_cannot_be_answered_are_refused(
    shop: dict[str, Gadget], filters: dict[str, Any], message: str | None
) -> None:
    if message is None:
        # Free attributes are allowed, so an unknown name is an attribute that nothing has.
        assert search(filters=filters).total == 0
    else:
        with pytest.raises(InvalidQuery, match=message):
            search(filters=filters)


def test_an_unknown_filter_names_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownFilter, match="Did you mean 'language'"):
        services.search("x", catalogue="testapp.manual", filters={"langauge": "de"})
    with pytest.raises(UnknownFilter, match="sort is"):
        services.search("x", catalogue=GADGET, sort="best")
    with pytest.raises(InvalidQuery, match="limit is 0"):
        services.search("x", catalogue=GADGET, limit=0)
    with pytest.raises(InvalidQuery, match="offset is -1"):
        services.search("x", catalogue=GADGET, offset=-1)


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("price_asc", "Garden hose 25 ft", "Oak desk"),
        ("price_desc", "Oak desk", "Garden hose 25 ft"),
        ("newest", "Garden hose 25 ft", "Walnut desk lamp"),
        ("title", "Brass desk lamp", "Walnut desk lamp"),
    ],
)
def test_sort_orders(shop: dict[str, Gadget], sort: str, first: str, last: str) -> None:
    ordered = names(search(sort=sort))
    assert (ordered[0], ordered[-1]) == (first, last)
    matching = search("desk", sort=sort)
    prices = [result.object.price for result in matching]
    if sort.startswith("price"):
        assert prices == sorted(prices, reverse=sort == "price_desc")


@pytest.fixture
def large_shop() -> list[Gadget]:
    colours, sizes = ("red", "green", "blue"), ("s", "m", "l", "xl")
    makers = [Maker.objects.create(name=f"Maker {n}") for n in range(5)]
    parents = Gadget.objects.bulk_create(
        Gadget(
            name=f"Cotton shirt {n}" if n % 3 else f"Linen shirt {n}",
            maker=makers[n % 5],
            attributes={"colour": colours[n % 3]},
            price=Decimal(10 + n),
        )
        for n in range(60)
    )
    Gadget.objects.bulk_create(
        Gadget(
            name=f"{parent.name} {size}",
            maker=parent.maker,
            parent=parent,
            attributes={**parent.attributes, "size": size},
            price=parent.price,
        )
        for parent in parents
        for size in sizes
    )
    index()
    return parents


@pytest.mark.parametrize("query", ["", "linen shirt", "shirt xl"])
@pytest.mark.parametrize("collapse", [True, False])
def test_facet_counts_are_what_a_click_shows(
    large_shop: list[Gadget], query: str, *, collapse: bool
) -> None:
    page = search(query, facets=["*"], collapse=collapse)
    assert {facet.name for facet in page.facets} >= {"brand", "colour", "size"}
    for facet in page.facets:
        for value in facet.values:
            clicked = search(query, filters={facet.name: value.value}, collapse=collapse)
            assert clicked.total == value.count, (facet.name, value)


def test_a_chosen_facet_keeps_its_other_values(large_shop: list[Gadget]) -> None:
    page = search("shirt", facets=["colour", "brand"], filters={"colour": "red"})
    colour = next(facet for facet in page.facets if facet.name == "colour")
    assert {value.value: value.selected for value in colour.values} == {
        "red": True,
        "green": False,
        "blue": False,
    }
    both = search("shirt", filters={"colour": ["red", "green"]})
    counts = {value.value: value.count for value in colour.values}
    assert both.total == counts["red"] + counts["green"]
    assert page.price_range is not None
    assert page.price_range.currency == "EUR"


@pytest.mark.parametrize("query", ["", "cotton shirt", "shirt 12"])
@pytest.mark.parametrize("sort", ["relevance", "price_asc"])
def test_pages_neither_overlap_nor_gap(large_shop: list[Gadget], query: str, sort: str) -> None:
    whole = search(query, sort=sort, limit=1000)
    paged: list[str] = []
    while page := search(query, sort=sort, offset=len(paged), limit=7).results:
        assert [result.rank for result in page] == list(
            range(len(paged) + 1, len(paged) + 1 + len(page))
        )
        paged += [result.object_id for result in page]
    assert paged == [result.object_id for result in whole]
    assert len(set(paged)) == len(paged) == whole.total


def test_variants_are_shown_as_their_parent(large_shop: list[Gadget]) -> None:
    page = search("linen shirt 9 xl", limit=5)
    assert page.results[0].object == large_shop[9]
    variant = Gadget.objects.get(name="Linen shirt 9 xl")
    assert page.results[0].variant_id == str(variant.pk)
    assert len({result.object_id for result in page}) == len(page.results)
    apart = search("linen shirt 9 xl", limit=5, collapse=False)
    assert apart.results[0].object == variant


def test_what_is_not_live_leaves_no_gap(large_shop: list[Gadget]) -> None:
    shown = search("cotton shirt", limit=10)
    Gadget.objects.filter(pk__in=[r.object.pk for r in shown.results[:4]]).update(stock=0)
    again = search("cotton shirt", limit=10)
    assert [r.object for r in again.results[:6]] == [r.object for r in shown.results[4:]]
    assert len(again.results) == 10
    assert [r.rank for r in again] == list(range(1, 11))
    far = search("cotton shirt", offset=20, limit=10)
    assert not {r.object_id for r in far} & {r.object_id for r in again}


def test_live_prices_are_the_shops_not_the_indexes(shop: dict[str, Gadget]) -> None:
    Gadget.objects.filter(name="Oak desk").update(price=1)
    assert search("oak desk").results[0].object.price == 1


# Queries that hurt


@pytest.mark.parametrize(
    "query",
    [
        "   ",
        "the of and",
        "x" * 10_000,
        "lamp " * 2_000,
        "\x00\x01\x1f lamp \x7f",
        "مصباح مكتب",
        "💡🛋️ lamp",
        "\ud800 lamp",
        "'; DROP TABLE shopreco_item; --",
        "%_\\ lamp",
        "&|!():*<->",
        "台灯",
        "\u202e\u2066pmal",
    ],
)
def test_any_query_gets_an_answer(shop: dict[str, Gadget], query: str) -> None:
    page = search(query, facets=["*"])
    assert page.total >= 0
    services.autocomplete(query, catalogue=GADGET)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(query=st.text(max_size=300))
def test_any_text_gets_an_answer(shop: dict[str, Gadget], query: str) -> None:
    search(query)
    services.autocomplete(query, catalogue=GADGET)


def test_nonsense_finds_nothing(large_shop: list[Gadget]) -> None:
    assert search("zzxqv wqkjh").total == 0


# Degraded


def test_without_an_index_the_page_is_empty_and_says_why() -> None:
    page = services.search("lamp", catalogue=GADGET)
    assert (page.total, list(page.degraded)) == (0, ["index"])


def test_without_a_query_encoder_words_answer(shop: dict[str, Gadget]) -> None:
    """A space whose exported model is not on this machine."""
    space = EmbeddingSpace.objects.get(state=SpaceState.ACTIVE)
    encoder = EncoderSpecification(
        {"CLASS": "shopreco.encoders.SentenceTransformerEncoder"}, "f" * 64, space.dimension
    )
    text = replace(space.specification.text, encoder=encoder)
    space.specification = replace(space.specification, modalities=(text,))
    space.save()
    page = services.search("walnut lamp", catalogue=GADGET)
    assert list(page.degraded) == ["encode"]
    assert names(page)[0] == "Walnut desk lamp"


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> Encoder:
    cache.clear()
    found = Encoder(query_vectors.query_encoder)
    monkeypatch.setattr(query_vectors, "query_encoder", found.of)
    monkeypatch.setattr(query_vectors, "_took", {})
    return found


class Encoder:
    """The space's own, which may be slow, and tells which threads it was asked in."""

    def __init__(self, load: Callable[[EmbeddingSpace], Any]) -> None:
        self._load = load
        self.seconds = 0.0
        self.threads: list[str] = []

    def of(self, space: EmbeddingSpace) -> Encoder:
        self._real = self._load(space)
        return self

    def encode_query(self, text: str) -> Any:
        self.threads.append(current_thread().name)
        sleep(self.seconds)
        return self._real.encode_query(text)


def test_a_late_query_vector_is_not_waited_for_and_there_the_next_time(
    shop: dict[str, Gadget], settings: Any, encoder: Encoder
) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "QUERY_DEADLINE": 0.05}
    encoder.seconds = 0.5
    services.search("oak", catalogue=GADGET)  # loads the encoder
    page = services.search("walnut desk lamp", catalogue=GADGET)
    assert page.degraded.keys() == {"encode"}
    assert page.timings["total"] < 400
    assert names(page)[0] == "Walnut desk lamp"
    sleep(0.7)
    page = services.search("walnut desk lamp", catalogue=GADGET)
    assert page.degraded == {}


def test_a_quick_encoder_answers_in_the_thread_that_asks(
    shop: dict[str, Gadget], encoder: Encoder
) -> None:
    for text in ("oak", "walnut", "walnut " * 100):
        search(text)
    here = current_thread().name
    assert [thread == here for thread in encoder.threads] == [False, True, False]
    encoder.seconds = 0.05
    for text in ("oak lamp", "oak desk"):
        search(text)
    assert encoder.threads[-2] == here
    assert encoder.threads[-1] != here, "it was not quick the last time"


@pytest.mark.parametrize(
    ("table", "stage"), [("shopreco_embedding", "dense"), ("shopreco_lexicalentry", "lexical")]
)
@pytest.mark.parametrize("host", [transaction.atomic, nullcontext])  # under ATOMIC_REQUESTS or not
def test_a_broken_stage_is_named_and_the_rest_answers(
    shop: dict[str, Gadget], table: str, stage: str, host: Callable[[], Any]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        with host():
            page = services.search("walnut desk lamp", catalogue=GADGET)
            assert Gadget.objects.count() == 5, "the host's transaction goes on"
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE away RENAME TO {table}")
    assert stage in page.degraded
    assert "Walnut desk lamp" in names(page)


def test_a_wholly_broken_index_gives_an_empty_page(shop: dict[str, Gadget]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shopreco_embeddingspace RENAME TO away")
    try:
        page = services.search("lamp", catalogue=GADGET)
        assert services.autocomplete("lam", catalogue=GADGET) == []
        assert services.recommend(seed=shop["Oak desk"]).results == ()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO shopreco_embeddingspace")
    assert page.results == ()
    assert "search" in page.degraded


# Other keys, other databases


def test_string_keys_in_another_database_are_found() -> None:
    for ref, title in [("a/b:c é", "Manual of the walnut lamp"), ("2", "Manual of the oak desk")]:
        Manual.objects.create(ref=ref, title=title, language="en")
    index("testapp.manual")
    page = services.search("walnut", catalogue="testapp.manual")
    assert page.degraded == {}
    assert page.results[0].object_id == "a/b:c é"
    assert page.results[0].object == Manual.objects.get(pk="a/b:c é")
    assert services.search("", catalogue="testapp.manual", filters={"language": "de"}).total == 0


# Similar products


def test_similar_products_leave_out_the_seed_and_its_variants(large_shop: list[Gadget]) -> None:
    page = services.recommend(seed=large_shop[9], limit=8)
    assert page.degraded == {}
    assert len(page.results) == 8
    shown = {result.object for result in page}
    assert large_shop[9] not in shown
    assert not any(each.parent_id for each in shown)
    assert all("shirt" in each.name for each in shown)


def test_similar_products_are_live_although_candidates_are_cached(large_shop: list[Gadget]) -> None:
    first = services.recommend(seed=large_shop[9], limit=3)
    gone = first.results[0].object
    Gadget.objects.filter(pk=gone.pk).update(stock=0)
    again = services.recommend(seed=large_shop[9], limit=3)
    assert gone not in again.objects
    assert len(again.results) == 3


def test_diversity_and_a_cap_per_brand(large_shop: list[Gadget]) -> None:
    plain = services.recommend(seed=large_shop[9], limit=6)
    diverse = services.recommend(seed=large_shop[9], limit=6, diversity=0.7)
    assert plain.objects != diverse.objects
    capped = services.recommend(seed=large_shop[9], limit=5, max_per={"brand": 1})
    brands = [result.object.maker.name for result in capped]
    assert len(set(brands)) == len(brands) == 5


def test_a_seed_that_is_not_indexed_gives_an_empty_block(shop: dict[str, Gadget]) -> None:
    fresh = Gadget.objects.create(name="fresh")
    assert services.recommend(seed=fresh).results == ()


def test_an_unknown_placement_is_refused(shop: dict[str, Gadget]) -> None:
    with pytest.raises(InvalidQuery, match="no placement 'product-similr'"):
        services.recommend("product-similr", seed=shop["Oak desk"])
    with pytest.raises(InvalidQuery, match="diversity is 2"):
        services.recommend(seed=shop["Oak desk"], diversity=2)


# Autocomplete


def test_suggestions_are_typed(shop: dict[str, Gadget]) -> None:
    found = services.autocomplete("des", catalogue=GADGET)
    assert ("query", "desk") in [(s.kind, s.text) for s in found]
    assert ("product", "Oak desk") in [(s.kind, s.text) for s in found]
    brand = services.autocomplete("acm", catalogue=GADGET)
    assert ("brand", "Acme") in [(s.kind, s.text) for s in brand]
    assert "acme" not in [s.text for s in brand], "a brand is not suggested twice"
    category = services.autocomplete("ligh", catalogue=GADGET)
    assert ("category", "Home > Lighting") in [(s.kind, s.text) for s in category]


def test_the_last_word_is_completed(shop: dict[str, Gadget]) -> None:
    texts = [s.text for s in services.autocomplete("walnut des", catalogue=GADGET)]
    assert "walnut desk" in texts


def test_a_misspelt_prefix_finds_similar_words(shop: dict[str, Gadget]) -> None:
    texts = [s.text for s in services.autocomplete("wallnut", catalogue=GADGET)]
    assert any("alnut" in text for text in texts)


def test_a_sku_is_suggested_as_its_product(shop: dict[str, Gadget]) -> None:
    [found] = [s for s in services.autocomplete("wdl-1", catalogue=GADGET) if s.kind == "product"]
    assert found.text == "Walnut desk lamp"
    assert found.url == shop["Walnut desk lamp"].get_absolute_url()


def test_hidden_products_are_not_suggested(shop: dict[str, Gadget]) -> None:
    Gadget.objects.filter(name="Oak desk").update(stock=0)
    texts = [s.text for s in services.autocomplete("oak", catalogue=GADGET)]
    assert "Oak desk" not in texts


# Language


def test_the_query_is_read_in_the_language_that_it_is_written_in() -> None:
    Gadget.objects.create(name="不锈钢保温杯", text="保温十二小时")
    Gadget.objects.create(name="Stainless steel cup")
    Gadget.objects.create(name="Cups of steel")
    index()
    request = RequestFactory().get("/", headers={"accept-language": "en"})
    assert names(search("不锈钢", request=request))[0] == "不锈钢保温杯"
    assert set(names(search("cup"))) >= {"Stainless steel cup", "Cups of steel"}


def test_query_vectors_are_cached(
    shop: dict[str, Gadget], django_assert_max_num_queries: Callable[..., Any]
) -> None:
    space = EmbeddingSpace.objects.get(state=SpaceState.ACTIVE)
    first = query_vectors.begin(space, "walnut lamp").result()
    assert query_vectors.begin(space, "walnut lamp").done()
    assert (query_vectors.begin(space, "walnut lamp").result() == first).all()
    assert hybrid.RESCORED > 0
    # Servers before 18 are asked for their search path as well; spellings are read once a minute.
    with django_assert_max_num_queries(17):
        search("walnut lamp", facets=["*"])


def test_facets_are_counted_beside_filters_that_are_no_facets(shop: dict[str, Gadget]) -> None:
    for query, filters in (
        ("lamp", {"price_max": 100}),
        ("lamp", {"price_max": 1, "available": True}),
        ("zzxqv wqkjh", {"price_min": "5"}),
    ):
        page = services.search(query, catalogue=GADGET, facets=["*"], filters=filters)
        assert page.degraded == {}


# Hash codes


def test_hash_codes_find_what_vectors_find(large_shop: list[Gadget], settings: Any) -> None:
    expected = names(services.search("blue cotton shirt", catalogue=GADGET, limit=10))
    settings.SHOPRECO = {**settings.SHOPRECO, "VECTOR_INDEX": "binary"}
    services.run_inline(runs.start(get_catalogue(GADGET), rebuild=True))
    space = EmbeddingSpace.objects.get(catalogue=GADGET, state=SpaceState.ACTIVE)
    assert space.vector_index == "binary"
    page = services.search("blue cotton shirt", catalogue=GADGET, limit=10)
    assert page.degraded == {}
    assert names(page) == expected
    filtered = services.search("shirt", catalogue=GADGET, filters={"available": True})
    assert filtered.degraded == {}
    assert filtered.total
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = %s", [f"shopreco_hnsw_{space.pk}"]
        )
        assert "bit_hamming_ops" in cursor.fetchone()[0]


def test_an_unknown_vector_index_is_a_check(settings: Any) -> None:
    from shopreco.conf import problems

    [(_id, _message, fix)] = problems({"VECTOR_INDEX": "flat"})
    assert fix == "It must be one of hnsw, binary."
