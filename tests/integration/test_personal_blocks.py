"""Blocks about what a visitor did, bought or has in the cart: right, private, never in the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from demo_shop.models import Product
from shopreco import services
from shopreco.exceptions import InvalidQuery, SeedMissing
from shopreco.models import Item, Placement, Visitor
from shopreco.models.placements import DEFAULT_PLACEMENTS
from tests.helpers.demo import CATALOGUE
from tests.helpers.graph import link
from tests.helpers.shoppers import CART, CONSENT, Shopper
from tests.testapp.models import Gadget

pytestmark = pytest.mark.usefixtures("shop")

FOR_YOU, RECENT, AGAIN, CROSS = (
    *("home-for-you", "home-recently-viewed", "order-buy-again", "cart-cross-sell"),
)
OF_PEERS = """
    home-for-you home-trending home-new home-recently-viewed product-similar
    product-looking-similar product-bought-together product-also-viewed product-complementary
    cart-cross-sell order-buy-again search-zero-results content-related
"""


@pytest.fixture(autouse=True)
def hooks(settings: Any) -> Iterator[None]:
    settings.SHOPRECO = {**settings.SHOPRECO, "CONSENT": CONSENT, "CART": CART}
    services.forget_placements()
    Item.objects.filter(title="Velvet cushion").update(available=True)
    yield
    services.forget_placements()


def product(title: str) -> Product:
    return Product.objects.get(title=title)


def block(name: str, shopper: Shopper | None = None, **options: Any) -> services.ResultPage:
    return services.recommend(name, request=shopper and shopper.request, **options)


def titles(page: services.ResultPage) -> list[str]:
    return [result.shown.title for result in page]


def texts(page: services.ResultPage) -> set[str]:
    return {reason.text for result in page for reason in result.reasons}


def sources(page: services.ResultPage) -> set[str]:
    return {result.source for result in page}


LAMP, LAMPS, CUSHION = "Brass desk lamp", "lamp", "Linen cushion"


def test_every_block_of_a_good_shop_is_there_with_a_heading_in_both_languages() -> None:
    assert set(OF_PEERS.split()) <= set(services.placements(CATALOGUE))
    page = block("product-similar", seed=product(LAMP))
    for name in OF_PEERS.split():
        headings = set()
        for language in ("en", "zh-hans"):
            with override(language):
                headings.add(services.render_block(page, name).split("<h2")[1].split("<")[0])
        assert len(headings) == 2, name


def test_what_was_viewed_last_changes_the_block_for_you() -> None:
    shopper = Shopper()
    cold = block(FOR_YOU, shopper)
    assert sources(cold) == {"newest"}
    shopper.viewed(product(LAMP))
    page = block(FOR_YOU, shopper)
    assert page.is_personal
    assert "desk lamp" in titles(page)[0].lower()
    assert LAMP not in titles(page)
    assert sources(page) == {"dense"}
    assert texts(page) == {f"Because you viewed {LAMP}"}
    reason = page.results[0].reasons[0]
    assert reason.code == "because_viewed"
    assert reason.anchor_id == str(product(LAMP).pk)
    assert reason.url == product(LAMP).get_absolute_url()
    shopper.viewed(product(CUSHION))
    assert "cushion" in titles(block(FOR_YOU, shopper))[0].lower()


def test_what_says_more_weighs_more_and_is_the_reason() -> None:
    shopper = Shopper()
    shopper.did("add_to_cart", product(LAMP), ago=2)
    shopper.did("view_item", product(CUSHION), ago=1)
    page = block(FOR_YOU, shopper)
    assert f"Because you put {LAMP} into your cart" in texts(page)
    assert "lamp" in titles(page)[0].lower()


def test_the_parts_of_a_merged_score_add_up() -> None:
    shopper = Shopper()
    shopper.viewed(product(LAMP), product(CUSHION), product("Steel desk lamp"))
    page = block(FOR_YOU, shopper)
    assert len(page) >= 2
    for result in page:
        assert sum(result.parts.values()) == pytest.approx(result.score, abs=1e-5)


@pytest.mark.parametrize(
    "changed",
    [
        {"consent": "none"},
        {"consent": "statistics"},
        {"consent": "no answer that there is"},
        {"headers": {"Sec-GPC": "1"}},
        {"token": ""},
        {"token": "0" * 32},
        {"token": "'; DROP TABLE"},
    ],
)
def test_without_consent_no_history_is_read(changed: dict[str, Any]) -> None:
    known = Shopper()
    known.viewed(product(LAMP))
    assert sources(block(FOR_YOU, known)) == {"dense"}
    other = Shopper(**{"token": known.token, **changed})
    page = block(FOR_YOU, other)
    assert sources(page) == {"newest"}
    assert not texts(page)
    assert block(RECENT, other).empty_because == services.EmptyReason.NO_HISTORY
    assert sources(services.recommend(FOR_YOU)) == {"newest"}


def test_the_memory_of_the_page_serves_where_no_history_is_kept() -> None:
    recent = [str(product(CUSHION).pk), "no key", str(product(LAMP).pk)]
    page = block(FOR_YOU, Shopper(consent="none"), recent=recent)
    assert texts(page) <= {f"Because you viewed {LAMP}", f"Because you viewed {CUSHION}"}
    assert "cushion" in titles(page)[0].lower()
    assert titles(block(RECENT, recent=recent)) == [CUSHION, LAMP]


def test_who_has_opted_out_gets_nothing_personal() -> None:
    shopper = Shopper()
    shopper.viewed(product(LAMP))
    Visitor.objects.update(opted_out=True)
    recent = [str(product(CUSHION).pk)]
    assert sources(block(FOR_YOU, shopper, recent=recent)) == {"newest"}
    refusing = Shopper(headers={"Sec-GPC": "1"})
    assert sources(block(FOR_YOU, refusing, recent=recent)) == {"newest"}


def test_what_was_erased_is_not_shown_any_more() -> None:
    shopper = Shopper()
    shopper.viewed(product(LAMP))
    services.erase_visitor(shopper.request)
    assert sources(block(FOR_YOU, shopper)) == {"newest"}
    assert block(RECENT, shopper).empty_because == "no_history"


def test_two_visitors_share_a_cache_and_see_nothing_of_each_other() -> None:
    one, two = Shopper(), Shopper()
    one.viewed(product(LAMP))
    two.viewed(product(CUSHION))
    pages = [block(FOR_YOU, each) for each in (one, two, one, two)]
    assert [texts(page) for page in pages] == [
        *2 * [{f"Because you viewed {LAMP}"}, {f"Because you viewed {CUSHION}"}]
    ]
    assert titles(block(RECENT, one)) == [LAMP]
    assert titles(block(RECENT, two)) == [CUSHION]
    assert titles(block(RECENT, Shopper())) == []


def test_a_user_has_the_history_of_all_browsers_and_nobody_elses() -> None:
    ada, bob = (User.objects.create_user(name) for name in ("ada", "bob"))
    phone, laptop = Shopper(user=ada), Shopper(user=ada)
    phone.viewed(product(LAMP))
    laptop.did("view_item", product(CUSHION))
    assert phone.token != laptop.token
    assert titles(block(RECENT, phone)) == titles(block(RECENT, laptop)) == [CUSHION, LAMP]
    assert titles(block(RECENT, Shopper(user=ada))) == [CUSHION, LAMP], "without a cookie"
    assert titles(block(RECENT, Shopper(user=bob, token=phone.token))) == [], "who signed in after"
    assert titles(block(RECENT, Shopper(token=phone.token))) == [LAMP], "signed out: this browser"


def test_bots_have_no_history() -> None:
    bot = Shopper(headers={"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"})
    bot.viewed(product(LAMP))
    assert sources(block(FOR_YOU, bot)) == {"newest"}


def test_recently_viewed_begins_with_the_latest_and_shows_each_once() -> None:
    shopper = Shopper()
    red, blue = product("Garden chair red"), product("Garden chair blue")
    shopper.viewed(product(LAMP), red, product(CUSHION), product(LAMP), blue)
    page = block(RECENT, shopper)
    assert titles(page) == ["Garden chair blue", LAMP, CUSHION]
    assert {each.source for each in page} == {"history"}


def test_what_is_hidden_or_sold_out_is_neither_shown_nor_named() -> None:
    shopper = Shopper()
    hidden, gone = product(LAMP), product("Steel desk lamp")
    shopper.viewed(hidden, gone, product(CUSHION))
    Product.objects.filter(pk=hidden.pk).update(active=False)
    Item.objects.filter(object_id=gone.pk).update(available=False)
    assert titles(block(RECENT, shopper)) == [CUSHION]
    page = block(FOR_YOU, shopper)
    assert not any(LAMP in text for text in texts(page))
    assert texts(page) & {f"Because you viewed {title}" for title in (CUSHION, gone.title)}


def test_what_was_bought_is_offered_again_until_it_is_given_back() -> None:
    shopper = Shopper()
    assert block(AGAIN, shopper).empty_because == services.EmptyReason.NO_PURCHASES
    shopper.viewed(product(CUSHION))
    shopper.bought(product(LAMP), product(CUSHION))
    assert set(titles(block(AGAIN, shopper))) == {LAMP, CUSHION}
    services.track("refund", [product(LAMP)], transaction_id="A1")
    assert titles(block(AGAIN, shopper)) == [CUSHION]
    services.track("refund", transaction_id="A1")
    assert titles(block(AGAIN, shopper)) == []


def test_a_block_for_you_leaves_out_what_the_visitor_has() -> None:
    shopper = Shopper()
    shopper.viewed(product(LAMP))
    first, second, *_others = block(FOR_YOU, shopper)
    shopper.cart = [first.object]
    assert first.object_id not in {each.object_id for each in block(FOR_YOU, shopper)}
    shopper.bought(second.object)
    left = {each.object_id for each in block(FOR_YOU, shopper)}
    assert left
    assert not left & {first.object_id, second.object_id}
    Placement.objects.create(name=FOR_YOU, sources=["dense"], anchors="history")
    services.forget_placements()
    again = {each.object_id for each in block(FOR_YOU, shopper)}
    assert first.object_id in again, "a row that shows what they have"


def test_the_blocks_of_a_product_are_the_same_for_everybody() -> None:
    shopper = Shopper(cart=[product("Steel desk lamp")])
    shopper.viewed(product(CUSHION))
    shopper.bought(product("Folding desk lamp"))
    for name in ("product-similar", "product-complementary", "product-also-viewed", "home-new"):
        about = {} if name == "home-new" else {"seed": product(LAMP)}
        mine, others = block(name, shopper, **about), services.recommend(name, **about)
        assert titles(mine) == titles(others)
        assert not mine.is_personal


def test_goes_with_the_cart_is_about_all_of_it_and_replaces_none_of_it() -> None:
    lamp, cushion, chair = product(LAMP), product(CUSHION), product("Garden chair red")
    other = product("Steel desk lamp")
    link(lamp, "complements", product("Desk lamp with clamp"))
    link(cushion, "complements", other)
    link(lamp, "substitutes", other)
    link(cushion, "complements", product("Garden chair"))
    shopper = Shopper(cart=[lamp, str(cushion.pk), "no key", lamp])
    expected = {"Garden chair", "Desk lamp with clamp"}
    page = block(CROSS, shopper)
    assert {each.object.title for each in page} == expected
    assert texts(page) == {f"Goes with {LAMP}", f"Goes with {CUSHION}"}
    given = block(CROSS, Shopper(), seed=[lamp, cushion])
    assert titles(given) == titles(page)
    assert {each.object.title for each in block(CROSS, seed=[lamp, cushion, chair])} == {
        "Desk lamp with clamp"
    }


def test_an_empty_cart_says_so() -> None:
    for page in (block(CROSS, Shopper()), block(CROSS), block(CROSS, seed=[])):
        assert (page.results, page.empty_because) == ((), services.EmptyReason.EMPTY_CART)


def test_a_cart_that_cannot_be_read_is_empty(settings: Any, caplog: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "CART": "tests.helpers.shoppers.nothing"}
    page = block(CROSS, Shopper())
    assert "cart" in page.degraded
    assert "nothing" in caplog.text
    assert block(FOR_YOU, Shopper()).results


def test_what_is_new_needs_nobody_and_is_the_same_for_all() -> None:
    Item.objects.filter(title=CUSHION).update(added_at="2030-01-01T00:00Z")
    page = services.recommend("home-new", limit=3)
    assert titles(page)[0] == CUSHION
    assert len({each.object_id for each in page}) == 3
    assert not page.is_personal


def test_a_source_that_no_app_has_is_named_and_the_next_one_fills() -> None:
    Placement.objects.create(name="mine", sources=["oracle", "newest"], anchors="nothing")
    services.forget_placements()
    page = services.recommend("mine")
    assert sources(page) == {"newest"}
    assert "oracle" in page.degraded["neighbours"]


def test_an_empty_block_says_why() -> None:
    new = {"name": "home-new", "sources": ["newest"], "anchors": "nothing"}
    Placement.objects.create(**new, is_active=False)
    Placement.objects.create(
        name="nobody", sources=["newest"], filters={"brand": ["Nobody"]}, anchors="nothing"
    )
    services.forget_placements()
    fresh = Product.objects.create(title="Fresh", slug="fresh", sku="F", price=1, stock=1)
    why = {
        "switched_off": services.recommend("home-new"),
        "nothing_found": services.recommend("nobody"),
        "not_indexed": services.recommend("product-similar", seed=fresh),
        "": services.recommend("product-similar", seed=product(LAMP)),
    }
    assert {name: page.empty_because for name, page in why.items()} == {name: name for name in why}


def test_a_block_of_a_product_needs_one_and_of_one_catalogue() -> None:
    for name in [each.name for each in DEFAULT_PLACEMENTS if each.anchors == "product"]:
        with pytest.raises(SeedMissing, match=name):
            services.recommend(name)
    gadget = Gadget.objects.create(name="lamp")
    with pytest.raises(InvalidQuery, match="one catalogue"):
        services.recommend(CROSS, seed=[product(LAMP), gadget])


def test_another_catalogue_has_a_history_of_its_own() -> None:
    shopper = Shopper()
    shopper.viewed(product(LAMP))
    gadgets = block(RECENT, shopper, catalogue="testapp.gadget")
    assert (gadgets.results, gadgets.empty_because) == ((), "no_index")
    assert titles(block(RECENT, shopper, catalogue=CATALOGUE)) == [LAMP]


@pytest.mark.parametrize("table", ["shopreco_event", "shopreco_visitor"])
def test_a_history_that_cannot_be_read_costs_the_history_alone(table: str) -> None:
    """In the transaction of the page, as under ATOMIC_REQUESTS."""
    shopper = Shopper()
    shopper.viewed(product(LAMP))
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
    with transaction.atomic():
        page = block(FOR_YOU, shopper)
        assert sources(page) == {"newest"}
        assert "history" in page.degraded
        assert product(LAMP).title == LAMP


def test_the_history_is_one_statement_and_what_is_shared_comes_from_the_cache() -> None:
    shopper = Shopper()
    shopper.viewed(product(LAMP), product(CUSHION), product("Steel desk lamp"))
    block(FOR_YOU, shopper)
    with CaptureQueriesContext(connection) as queries:
        block(FOR_YOU, shopper)
    read = [each["sql"] for each in queries if "shopreco_event" in each["sql"]]
    assert len(read) == 1
    assert not [each for each in queries if "<#>" in each["sql"]], "neighbours are in the cache"


def test_a_long_history_is_as_good_as_its_end() -> None:
    shopper = Shopper()
    for _round in range(60):
        shopper.did("view_item", product(CUSHION), ago=30)
    shopper.viewed(product(LAMP))
    page = block(FOR_YOU, shopper, limit=2)
    assert "lamp" in titles(page)[0].lower()
    many = [str(n) for n in range(300)]
    assert block(FOR_YOU, shopper, recent=many).results
