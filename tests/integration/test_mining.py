"""Mining: what events say of products is counted once, however late and in whatever order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event as Signal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone

from shopreco import services, tasks
from shopreco.behaviour import statistics
from shopreco.behaviour.mining import ageing, slices
from shopreco.catalogues import ItemDocument
from shopreco.graph import mined_edges
from shopreco.models import (
    Edge,
    EdgeState,
    Event,
    Item,
    ItemDay,
    ItemPair,
    ItemStatistic,
    MiningCursor,
    Outcome,
    PairKind,
    PairTotal,
    Provenance,
    QueryItem,
)
from shopreco.models.mining import HALF_LIFE, LANDMARK
from tests.helpers.graph import relation_of
from tests.helpers.threads import in_thread

pytestmark = pytest.mark.django_db(transaction=True)

SHOP, OTHER = "testapp.gadget", "testapp.book"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRODUCTS = ("chair", "desk", "lamp", "sofa", "vase", "shelf", "rug", "bed")


def stock(*keys: str, catalogue: str = SHOP, parent: str = "") -> None:
    """Indexed products, as the pipeline writes them."""
    for key in keys:
        document = ItemDocument(catalogue, key, key, key, texts=(), parent_id=parent)
        Item.objects.create(
            catalogue=catalogue,
            object_id=key,
            title=key.title(),
            parent_id=parent,
            group_id=document.group_id,
            outcome=Outcome.INDEXED,
        )


@pytest.fixture(autouse=True)
def _stocked(transactional_db: None) -> None:
    stock(*PRODUCTS)


def event(name: str, *keys: str, **fields: Any) -> Event:
    """An event of a visitor. minute: after noon."""
    minute = fields.pop("minute", 0)
    items = [{"id": key} for key in keys]
    defaults: dict[str, Any] = {
        "uuid": uuid4(),
        "catalogue": SHOP,
        "time": NOON + timedelta(minutes=minute),
        "items": items,
        "consent": "personal",
        "source": "server" if name in ("purchase", "refund") else "browser",
    }
    return Event(name=name, **{**defaults, **fields})


def view(key: str, visitor: int | None = 1, minute: float = 0, **fields: Any) -> Event:
    return event("view_item", key, visitor_id=visitor, minute=minute, **fields)


def order(number: object, *keys: str, **fields: Any) -> Event:
    return event("purchase", *keys, transaction_id=str(number), **fields)


def tell(*events: Event) -> None:
    """Write events in one transaction."""
    Event.objects.bulk_create(events)


def mine(*events: Event, catalogue: str = SHOP, size: int = slices.EVENTS) -> int:
    if events:
        tell(*events)
    return slices.mine(catalogue, 60, size)


def key_of(group_id: int) -> str:
    return Item.objects.get(group_id=group_id, parent_id="").object_id


def pairs(kind: PairKind) -> dict[tuple[str, str], int]:
    rows = ItemPair.objects.filter(kind=kind, number__gt=0)
    names = {i.group_id: i.object_id for i in Item.objects.filter(parent_id="")}
    return {(names[r.source], names[r.target]): r.number for r in rows}


def between(kind: PairKind) -> dict[tuple[str, str], int]:
    return {ends: number for ends, number in pairs(kind).items() if ends[0] != ends[1]}


def day(key: str) -> ItemDay:
    return ItemDay.objects.get(group_id=Item.objects.get(object_id=key).group_id)


def everything() -> list[tuple[Any, ...]]:
    """All that was mined, with weights to nine digits."""
    rows: list[tuple[Any, ...]] = []
    for model in (ItemDay, ItemPair, PairTotal, QueryItem):
        fields = [f.attname for f in model._meta.fields if f.attname not in ("pk", "changed")]
        for row in model.objects.exclude(**({"number": 0} if "number" in fields else {})):
            values = [getattr(row, name) for name in fields]
            rows.append(
                (model.__name__, *(f"{v:.9e}" if isinstance(v, float) else v for v in values))
            )
    return sorted(rows, key=str)


def forget() -> None:
    for model in (ItemDay, ItemPair, PairTotal, QueryItem, MiningCursor, Event):
        model.objects.all().delete()


def test_days_count_what_happened_to_a_product() -> None:
    mined = mine(
        event("view_recommendation", "chair", "desk"),
        event("select_recommendation", "chair"),
        view("chair"),
        view("chair", visitor=2),
        event("add_to_cart", "chair"),
        order(1, items=[{"id": "chair", "quantity": 3}, {"id": "desk"}]),
        event("refund", transaction_id="1", items=[{"id": "chair", "quantity": 1}]),
    )
    assert mined == 7
    found = day("chair")
    assert (found.shown, found.chosen, found.views, found.carts) == (1, 1, 2, 1)
    assert (found.orders, found.units) == (1, 2)
    assert (day("desk").shown, day("desk").units) == (1, 1)
    assert mine() == 0


def test_a_refund_without_products_takes_back_its_whole_order_whichever_came_first() -> None:
    whole = event("refund", transaction_id="1")
    mine(whole)
    mine(order(1, "chair", "desk"))
    assert (day("chair").orders, sum(ItemDay.objects.values_list("units", flat=True))) == (1, 0)
    mine(order(2, "lamp"))
    assert day("lamp").units == 1
    mine(event("refund", transaction_id="2", minute=1))
    assert day("lamp").units == 0
    mine(order(3, "rug", is_agent=True), event("refund", transaction_id="3"))
    assert not ItemDay.objects.filter(group_id=group("rug")).exists(), "it never counted"


def test_bots_agents_and_purchases_of_browsers_say_nothing() -> None:
    mine(
        view("chair", is_bot=True),
        view("desk", minute=1, is_bot=True),
        view("chair", is_agent=True),
        order(1, "chair", "desk", source="browser"),
        event("refund", "chair", source="browser"),
    )
    assert everything() == []
    assert MiningCursor.objects.get().events == 5


def test_a_purchase_of_a_browser_counts_once_the_shop_says_so() -> None:
    thanks = {"name": "purchase", "transaction_id": "N-1", "items": ["lamp"]}
    sent = Client().post(
        "/shopreco/events/?catalogue=" + SHOP,
        json.dumps({"events": [thanks], "catalogue": SHOP}),
        content_type="text/plain",
        headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"},
    )
    assert sent.json()["accepted"] == mine() == 1
    assert not ItemDay.objects.exists()
    for _ in range(3):
        services.track("purchase", ["chair", "desk"], transaction_id="N-1", catalogue=SHOP)
        mine()
    assert day("chair").orders == day("desk").units == 1
    assert pairs(PairKind.BOUGHT_TOGETHER)["chair", "desk"] == 1
    assert not ItemPair.objects.filter(number__gt=1).exists()


def test_products_of_one_order_are_pairs_both_ways_and_large_orders_are_none() -> None:
    stock(*(f"part {n}" for n in range(60)))
    mine(
        order(1, "chair", "desk", "chair"),
        order(2, "desk", "chair", "lamp"),
        order(3, *(f"part {n}" for n in range(60))),
    )
    assert pairs(PairKind.BOUGHT_TOGETHER) == {
        ("chair", "chair"): 2,
        ("desk", "desk"): 2,
        ("lamp", "lamp"): 1,
        ("chair", "desk"): 2,
        ("desk", "chair"): 2,
        ("chair", "lamp"): 1,
        ("lamp", "chair"): 1,
        ("desk", "lamp"): 1,
        ("lamp", "desk"): 1,
    }
    assert PairTotal.objects.get(kind=PairKind.BOUGHT_TOGETHER).number == 2
    assert MiningCursor.objects.get().large_baskets == 1
    assert day("part 7").orders == 1


def test_what_is_viewed_soon_after_is_a_pair_in_that_direction() -> None:
    mine(view("chair"), view("desk", minute=5), view("lamp", minute=60 * 30))
    assert between(PairKind.ALSO_VIEWED) == {("chair", "desk"): 1}
    far = [view(key, visitor=2, minute=n) for n, key in enumerate(("chair", *["desk"] * 10, "rug"))]
    mine(*far)
    assert ("chair", "rug") not in pairs(PairKind.ALSO_VIEWED)


def test_a_visitor_counts_once_for_a_pair() -> None:
    for minute in range(0, 40, 2):
        mine(view("chair", minute=minute), view("desk", minute=minute + 1))
    assert pairs(PairKind.ALSO_VIEWED) == dict.fromkeys(
        [("chair", "chair"), ("desk", "desk"), ("chair", "desk"), ("desk", "chair")], 1
    )
    last = ItemPair.objects.get(source=group("chair"), target=group("desk"))
    expected = 2 ** ((NOON + timedelta(minutes=39) - LANDMARK) / HALF_LIFE)
    assert last.weight == pytest.approx(expected)
    assert PairTotal.objects.get().number == 1


def group(key: str) -> int:
    return Item.objects.get(object_id=key).group_id


def test_sessions_count_where_no_visitor_is_known_and_nobody_without_consent_does() -> None:
    by = {"visitor": None}
    mine(view("chair", **by, session="s1"), view("desk", **by, minute=1, session="s1"))
    mine(view("lamp", **by), view("rug", **by, minute=1))
    assert between(PairKind.ALSO_VIEWED) == {("chair", "desk"): 1}


def test_what_the_same_person_buys_later_is_a_pair() -> None:
    mine(
        order(1, "chair", "desk", user_id="7"),
        order(2, "lamp", user_id="7", minute=60 * 24 * 9),
        order(3, "rug", visitor_id=3),
        order(4, "bed"),
    )
    assert between(PairKind.ALSO_BOUGHT) == {("chair", "lamp"): 1, ("desk", "lamp"): 1}


def test_variants_are_their_product_and_no_pair_of_each_other() -> None:
    stock("shirt", catalogue=SHOP)
    stock("shirt s", "shirt m", parent="shirt")
    mine(
        view("shirt s"),
        view("shirt m", minute=1),
        view("desk", minute=2),
        order(1, "shirt s", "desk"),
        order(2, "shirt m", "desk"),
    )
    assert between(PairKind.ALSO_VIEWED) == {("shirt", "desk"): 1}
    assert pairs(PairKind.BOUGHT_TOGETHER)["shirt", "desk"] == 2
    assert (day("shirt").views, day("shirt").orders) == (2, 2)


def test_catalogues_do_not_mix() -> None:
    stock("chair", "novel", catalogue=OTHER)
    tell(
        view("chair", catalogue=OTHER),
        view("novel", minute=1, catalogue=OTHER),
        view("chair"),
        view("desk", minute=1),
    )
    assert mine() == 2
    assert set(ItemDay.objects.values_list("catalogue", flat=True)) == {SHOP}
    assert mine(catalogue=OTHER) == 2
    rows = ItemPair.objects.filter(number=1)
    catalogues = dict(Item.objects.values_list("group_id", "catalogue"))
    assert {(catalogues[r.source], catalogues[r.target]) for r in rows} == {
        *((SHOP, SHOP), (OTHER, OTHER)),
    }


def test_products_that_are_not_in_the_index_are_counted_as_such() -> None:
    mine(view("chair"), view("ghost"), order(1, "ghost", "chair"))
    assert MiningCursor.objects.get().unknown_items == 2
    assert day("chair").views == 1


# The order of arrival


def history(random: Random) -> list[Event]:
    """What some visitors do in two days: pages, carts, searches with choices, orders."""
    events = []
    for visitor in range(1, 6):
        minute = 0.0
        for n in range(30):
            minute += random.choice([0.5, 2, 30, 600])
            key = random.choice(PRODUCTS)
            who = {"visitor_id": visitor} if visitor % 2 else {"session": f"s{visitor}"}
            if n % 7 == 3:
                events.append(
                    event("search", query=f"Red {key} ", query_id=f"q{visitor}{n}", **who)
                )
                events += [
                    event("select_item", k, query_id=f"q{visitor}{n}", minute=minute, **who)
                    for k in random.sample(PRODUCTS, 2)
                ]
            elif n % 5 == 2:
                basket = random.sample(PRODUCTS, 3)
                events.append(order(f"{visitor}-{n}", *basket, minute=minute, **who))
                if n % 2:
                    events.append(event("refund", transaction_id=f"{visitor}-{n}", minute=minute))
            else:
                name = random.choice(["view_item", "view_item", "add_to_cart"])
                events.append(event(name, key, minute=minute, **who))
    return events


def arrive(events: Sequence[Event], batches: Iterator[int], size: int) -> list[tuple[Any, ...]]:
    """Mine events that arrive in batches of some sizes; give all that was mined."""
    forget()
    waiting = [Event(**{f: getattr(e, f) for f in FIELDS}) for e in events]
    while waiting:
        batch, waiting = waiting[: (n := next(batches))], waiting[n:]
        mine(*batch, size=size)
    return everything()


FIELDS = [f.attname for f in Event._meta.fields if f.attname not in ("written_by", "received")]


@pytest.mark.parametrize("seed", range(3))
def test_it_does_not_matter_how_events_are_batched_or_in_which_order_they_arrive(
    seed: int,
) -> None:
    random = Random(seed)
    events = history(random)
    at_once = arrive(events, iter([len(events)]), 10_000)
    kinds = {row[1] for row in at_once if row[0] == "ItemPair"}
    assert kinds == set(PairKind.values)
    assert {row[0] for row in at_once} == {"ItemDay", "ItemPair", "PairTotal", "QueryItem"}
    assert arrive(events, iter(lambda: 1, 0), 10_000) == at_once, "one by one"
    assert arrive(events, iter([len(events)]), 7) == at_once, "in small slices"
    shuffled = random.sample(events, len(events))
    assert arrive(shuffled, iter(lambda: random.randint(1, 9), 0), 4) == at_once, "late"


def test_only_the_latest_events_of_a_visitor_are_read() -> None:
    """A visitor without end costs no more than any other, also one by one."""
    keys = [f"part {n}" for n in range(300)]
    stock(*keys)
    events = [view(key, minute=n) for n, key in enumerate(keys)]
    mine(*events, size=50)
    assert PairTotal.objects.get().number == 1
    found = pairs(PairKind.ALSO_VIEWED)
    assert ("part 299", "part 299") in found
    assert ("part 99", "part 99") not in found
    assert len(found) == 200 + 10 * 200 - 55
    forget()
    mine(*[Event(**{f: getattr(e, f) for f in FIELDS}) for e in reversed(events)], size=40)
    assert pairs(PairKind.ALSO_VIEWED) == found


# Transactions


def test_what_commits_late_is_mined_and_nothing_before_it_is_passed_over() -> None:
    written, may_commit = Signal(), Signal()

    def late() -> None:
        with transaction.atomic():
            tell(view("chair"))
            written.set()
            assert may_commit.wait(30)

    pending = in_thread(late)
    assert written.wait(30)
    assert mine(view("desk")) == 0, "it is written later, and waits for what is not yet there"
    may_commit.set()
    pending.result(timeout=30)
    assert mine() == 2
    assert day("chair").views == day("desk").views == 1


def test_a_slice_that_is_killed_loses_and_doubles_nothing() -> None:
    events = history(Random(9))
    whole = arrive(events, iter([len(events)]), 10_000)
    forget()
    tell(*[Event(**{f: getattr(e, f) for f in FIELDS}) for e in events])
    for table in ("itemday", "itempair", "pairtotal", "queryitem", "miningcursor"):
        with connection.cursor() as cursor:
            cursor.execute(KILLER.format(table=table))
        with pytest.raises(Exception, match="division by zero"):
            mine(size=20)
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION kill_for_the_test CASCADE")
        slices.mine(SHOP, 0, 20)
    mine(size=20)
    assert everything() == whole


KILLER = """
    CREATE FUNCTION kill_for_the_test() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM 1 / 0; RETURN NULL; END
    $$;
    CREATE TRIGGER kill AFTER INSERT OR UPDATE ON shopreco_{table}
        EXECUTE FUNCTION kill_for_the_test()
"""


def test_in_a_database_that_was_restored_elsewhere_all_is_mined_anew() -> None:
    events = history(Random(4))
    whole = arrive(events, iter([len(events)]), 50)
    # As the dump of a server that was at work for long leaves it: all numbers are far ahead.
    Event.objects.update(written_by=F("written_by") + 10**12)
    MiningCursor.objects.update(cluster=42, written_by=2 * 10**12)
    assert mine() == 0, "their numbers are those of this transaction"
    assert mine() == len(events)
    assert everything() == whole
    mine(view("chair", minute=-1))
    assert MiningCursor.objects.get().events == len(events) + 1


# Edges


def orders(*baskets: tuple[str, ...], times: int = 1, first: int = 0) -> list[Event]:
    """Orders of some products, each so many times."""
    return [order(f"{first}-{n}-{t}", *b) for n, b in enumerate(baskets) for t in range(times)]


def links(code: str = "bought_together", **chosen: Any) -> dict[frozenset[str], Edge]:
    found = Edge.objects.filter(relation__code=code, **chosen).select_related("source", "target")
    edges = {frozenset((e.source.key, e.target.key)): e for e in found}
    assert len(edges) == found.count(), "one edge of both directions"
    return edges


def ways(code: str) -> set[tuple[str, str]]:
    found = Edge.objects.filter(relation__code=code)
    return set(found.values_list("source__key", "target__key"))


@pytest.fixture
def _sold(_stocked: None) -> None:
    """Chairs are bought with desks, and lamps with everything."""
    mine(
        *orders(("chair", "desk", "lamp"), times=4),
        *orders(("rug", "lamp"), ("vase", "lamp"), ("shelf", "lamp"), times=5, first=1),
        *orders(("bed", "sofa"), times=2, first=2),
        *orders(("sofa",), ("bed",), first=3),
    )
    mined_edges.refresh(SHOP, 60)


@pytest.mark.usefixtures("_sold")
def test_pairs_that_chance_does_not_explain_become_edges() -> None:
    edges = links()
    assert set(edges) == {frozenset(("chair", "desk"))}, "two orders are too few, lamps are chance"
    [edge] = edges.values()
    assert (edge.provenance, edge.state) == (Provenance.MINED, EdgeState.ACTIVE)
    assert 0 < edge.weight < 1
    assert not ItemPair.objects.filter(changed=True).exists()
    mine(*orders(("chair", "desk"), times=5, first=9))
    mined_edges.refresh(SHOP, 60)
    assert links()[frozenset(("chair", "desk"))].weight > edge.weight


@pytest.mark.usefixtures("_sold")
def test_the_privacy_threshold_is_a_setting(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "PRIVACY_THRESHOLD": 2}
    mined_edges.refresh_all(SHOP)
    assert frozenset(("bed", "sofa")) in links()
    settings.SHOPRECO = {**settings.SHOPRECO, "PRIVACY_THRESHOLD": 5}
    mined_edges.refresh_all(SHOP)
    assert not links()


@pytest.mark.usefixtures("_sold")
@pytest.mark.parametrize("state", [EdgeState.REJECTED, EdgeState.CONFIRMED])
def test_what_a_person_decided_stays(state: EdgeState) -> None:
    [edge] = links().values()
    services.decide_edges([edge], state)
    mine(*orders(("chair", "desk"), times=9, first=9))
    mined_edges.refresh(SHOP, 60)
    assert [(e.pk, e.state, e.weight) for e in links().values()] == [(edge.pk, state, edge.weight)]
    ItemPair.objects.all().delete()
    mined_edges.refresh_all(SHOP)
    assert [e.pk for e in links().values()] == [edge.pk]


@pytest.mark.usefixtures("_sold")
@pytest.mark.parametrize("turned", [False, True])
def test_edges_of_others_are_not_touched(turned: bool) -> None:
    [mined] = links().values()
    source, target = (mined.target, mined.source) if turned else (mined.source, mined.target)
    mined.delete()
    declared = Edge.objects.create(
        source=source,
        target=target,
        relation=relation_of("bought_together"),
        weight=0.01,
        provenance=Provenance.DECLARED,
    )
    mined_edges.refresh_all(SHOP)
    [kept] = links().values()
    assert (kept.pk, kept.weight, kept.provenance) == (declared.pk, 0.01, Provenance.DECLARED)


@pytest.mark.usefixtures("_sold")
def test_what_falls_below_the_limits_goes() -> None:
    mine(*orders(("chair",), ("desk",), times=60, first=9))
    mined_edges.refresh(SHOP, 60)
    assert frozenset(("chair", "desk")) in links(), "their pair has not changed"
    mined_edges.refresh_all(SHOP)
    assert frozenset(("chair", "desk")) not in links()


@pytest.mark.usefixtures("_sold")
def test_pairs_fade_and_are_forgotten() -> None:
    weight = links()[frozenset(("chair", "desk"))].weight
    ageing.tend(NOON + timedelta(days=90))
    assert pairs(PairKind.BOUGHT_TOGETHER)["chair", "desk"] == 4
    ageing.tend(NOON + timedelta(days=500))
    assert not ItemPair.objects.exists()
    assert not ItemDay.objects.exists()
    mined_edges.refresh_all(SHOP)
    assert not links()
    assert weight > 0


def test_views_become_edges_in_their_direction() -> None:
    for visitor in range(4):
        who = {"visitor": visitor + 1}
        mine(view("chair", **who), view("desk", minute=1, **who))
    mine(*(view(key, visitor=n + 9) for n, key in enumerate([*PRODUCTS, *PRODUCTS])))
    mined_edges.refresh(SHOP, 60)
    assert ways("also_viewed") == {("chair", "desk")}


def test_what_is_bought_together_is_no_substitute_though_it_is_viewed_together() -> None:
    for visitor in range(4):
        who = {"visitor": visitor + 1}
        mine(view("chair", **who), view("desk", minute=1, **who), view("sofa", minute=2, **who))
    mine(*(view(key, visitor=n + 9) for n, key in enumerate([*PRODUCTS, *PRODUCTS])))
    mined_edges.refresh(SHOP, 60)
    assert ("chair", "desk") in ways("also_viewed")
    mine(*orders(("chair", "desk"), times=3), *orders(("bed",), ("rug",), times=5, first=1))
    mined_edges.refresh(SHOP, 60)
    assert set(links()) == {frozenset(("chair", "desk"))}
    assert ways("also_viewed") == {("chair", "sofa"), ("desk", "sofa")}


def test_each_product_has_its_best_pairs_only() -> None:
    parts = [f"part {n}" for n in range(40)]
    stock(*parts, *(f"other {n}" for n in range(40)))
    mine(*(e for n in range(40) for e in orders(("chair", parts[n]), times=3, first=n)))
    mine(*(e for n in range(40) for e in orders((f"other {n}",), times=9, first=100 + n)))
    mined_edges.refresh(SHOP, 60)
    assert len(links()) == 40, "a part has no better one"
    for n, key in enumerate(parts):
        who = [{"visitor": 100 * n + v} for v in range(3)]
        mine(*(e for w in who for e in (view("sofa", **w), view(key, minute=1, **w))))
    mine(*(view(f"other {n}", visitor=9_000 + n) for n in range(40) for _ in range(3)))
    mine(*(view("bed", visitor=99_000 + n) for n in range(400)))
    mined_edges.refresh(SHOP, 60)
    assert len(ways("also_viewed")) == mined_edges.BEST
    gone = [target for _source, target in ways("also_viewed")][:9]
    Item.objects.filter(object_id__in=gone).update(outcome=Outcome.DELETED)
    mined_edges.refresh_all(SHOP)
    assert len(ways("also_viewed")) == mined_edges.BEST, "others take their places"
    assert not {target for _source, target in ways("also_viewed")} & {*gone}


def test_edges_lead_from_product_to_product_whichever_variant_was_bought() -> None:
    stock("shirt")
    stock("shirt s", "shirt m", parent="shirt")
    mine(*orders(("shirt s", "rug"), ("shirt m", "rug"), times=2))
    mine(*orders(("bed",), ("sofa",), times=9, first=1))
    mined_edges.refresh(SHOP, 60)
    assert set(links()) == {frozenset(("shirt", "rug"))}


def test_edges_of_two_catalogues_are_of_their_own() -> None:
    stock("chair", "desk", "novel", catalogue=OTHER)
    sold = orders(("chair", "desk"), times=4) + orders(("novel",), times=9, first=1)
    for each in sold:
        each.catalogue = OTHER
    mine(*sold, catalogue=OTHER)
    assert mined_edges.refresh(SHOP, 60) == 0
    mined_edges.refresh(OTHER, 60)
    [edge] = links().values()
    assert (edge.source.catalogue, edge.target.catalogue) == (OTHER, OTHER)


# Statistics


def statistic(key: str) -> ItemStatistic:
    return ItemStatistic.objects.get(group_id=group(key))


def test_what_is_viewed_and_bought_is_popular_and_the_past_fades() -> None:
    now = timezone.now()
    long_ago = now - timedelta(days=60)
    mine(
        *(view("chair", visitor=n, time=now - timedelta(days=5)) for n in range(10)),
        *(view("desk", visitor=n, time=long_ago) for n in range(40)),
        *(order(n, "lamp", time=now - timedelta(days=5)) for n in range(3)),
        order(9, "rug", time=now - timedelta(days=5)),
        event("refund", transaction_id="9", time=now - timedelta(days=5)),
    )
    statistics.refresh(SHOP, now)
    popular = dict(ItemStatistic.objects.values_list("group_id", "popularity"))
    best = sorted(popular, key=lambda g: -popular[g])
    assert [key_of(g) for g in best[:3]] == ["lamp", "chair", "desk"]
    assert popular[best[0]] == 1
    assert statistic("rug").popularity == 0
    ItemDay.objects.all().delete()
    statistics.refresh(SHOP, now)
    assert not ItemStatistic.objects.exists()


def test_few_views_do_not_make_a_rate() -> None:
    now = timezone.now()
    mine(
        *(view("chair", visitor=n, time=now) for n in range(2)),
        *(order(f"c{n}", "chair", time=now) for n in range(2)),
        *(view("desk", visitor=n, time=now) for n in range(200)),
        *(order(f"d{n}", "desk", time=now) for n in range(40)),
        *(view("lamp", visitor=n, time=now) for n in range(200)),
        *(order(f"l{n}", "lamp", time=now) for n in range(4)),
    )
    statistics.refresh(SHOP, now)
    rates = [statistic(key).conversion for key in ("lamp", "chair", "desk")]
    assert rates[0] == pytest.approx(0.02, abs=0.01)
    assert rates[2] == pytest.approx(0.2, abs=0.01)
    assert 0.05 < rates[1] < 0.9, "two of two are not all"


def test_trending_is_what_has_more_visitors_than_the_days_before_let_expect() -> None:
    now = timezone.now()
    today, before = now - timedelta(hours=3), now - timedelta(hours=60)
    mine(
        *(view("chair", visitor=n, time=today) for n in range(20)),
        *(view("desk", visitor=n, time=today) for n in range(20)),
        *(view("desk", visitor=n, time=before) for n in range(60)),
        *(view("lamp", visitor=1, time=today) for _ in range(50)),
        *(view("rug", visitor=n, time=today, is_bot=True) for n in range(50)),
        *(view("vase", visitor=n, time=now - timedelta(hours=120)) for n in range(50)),
    )
    statistics.refresh(SHOP, now)
    trends = {key_of(s.group_id): s.trending for s in ItemStatistic.objects.filter(trending__gt=0)}
    assert list(trends) == ["chair"], "one visitor, bots, and what is always so are no trend"


def test_a_shop_without_events_has_no_statistics() -> None:
    statistics.refresh(SHOP, timezone.now())
    assert not ItemStatistic.objects.exists()
    assert mine() == 0
    mined_edges.refresh_all(SHOP)


def test_beat_mines_every_catalogue_and_one_that_fails_keeps_none_waiting() -> None:
    stock("novel", catalogue=OTHER)
    tell(view("chair"), view("novel", catalogue=OTHER))
    with connection.cursor() as cursor:
        cursor.execute(KILLER_OF_ONE)
    tasks.mine()
    assert set(ItemDay.objects.values_list("catalogue", flat=True)) == {SHOP}
    first = ItemStatistic.objects.values_list("catalogue", flat=True)
    assert set(first) == {SHOP}, "the first statistics wait for no other beat"
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION kill_for_the_test CASCADE")
    for _ in range(2):
        tasks.mine()
        tasks.refresh_statistics()
        tasks.tend_events()
    assert {(d.catalogue, d.views) for d in ItemDay.objects.all()} == {(SHOP, 1), (OTHER, 1)}
    assert set(ItemStatistic.objects.values_list("catalogue", flat=True)) == {SHOP, OTHER}


KILLER_OF_ONE = f"""
    CREATE FUNCTION kill_for_the_test() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.catalogue = '{OTHER}' THEN PERFORM 1 / 0; END IF; RETURN NULL; END
    $$;
    CREATE TRIGGER kill AFTER INSERT ON shopreco_itemday
        FOR EACH ROW EXECUTE FUNCTION kill_for_the_test()
"""


def test_two_who_mine_at_once_count_once() -> None:
    tell(*history(Random(5)))
    both = [in_thread(lambda: slices.mine(SHOP, 60, 20)) for _ in range(2)]
    assert sum(each.result(timeout=120) for each in both) == Event.objects.count()
    at_the_end = everything()
    ItemDay.objects.all().delete()
    assert arrive([*Event.objects.all()], iter([10_000]), 10_000) == at_the_end
