"""Simulated visitors: what people with tastes do in a shop, so that a demo has something to learn.

Nobody was watched. Every event names the simulator as its sender, and every visitor and order says
in its name that it is simulated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, count
from random import Random
from typing import Any, NamedTuple

SENDER = "simulator"
SEEN = 8
"""Products of a list that are on the screen."""
LONGEST = 15
"""Products that are viewed in a visit, at most."""
AGAIN = 0.75
"""Chance that a visit goes on after a product."""
SAME_CATEGORY, PARTNER = 0.55, 0.25
"""Chances that the next product is of the same category, or goes with the one before."""
CART, LOVED_BRAND = 0.12, 0.3
"""Chances that a product is put into the cart, and that one of a loved brand is."""
BESIDE = 0.35
"""Chance that something is taken along that goes with what is in the cart."""
ORDER, REFUND, REORDER = 0.55, 0.05, 0.2
"""Chances that a cart is ordered, an order sent back, and an earlier order repeated."""


class Offer(NamedTuple):
    """A product of the shop. category: from the outermost level to its own, such as (Home, Lamps).

    partners: keys of what goes with it.
    """

    key: str
    category: tuple[str, ...]
    brand: str
    price: float
    currency: str
    partners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taste:
    """What somebody looks for: categories, each with its share, and a brand."""

    categories: Sequence[tuple[str, ...]]
    shares: Sequence[float]
    brand: str


class Shelves:
    """The offers by category, with how attractive each is: few are seen by many."""

    def __init__(self, offers: Sequence[Offer], random: Random) -> None:
        self.by_key = {each.key: each for each in offers}
        self._random = random
        shelves: dict[tuple[str, ...], list[Offer]] = defaultdict(list)
        for each in offers:
            shelves[each.category].append(each)
        self._shelves = {
            category: (shelf, list(accumulate(random.paretovariate(1.2) for _ in shelf)))
            for category, shelf in shelves.items()
        }
        self.categories = list(self._shelves)
        """Only those that have offers."""

    def pick(self, category: tuple[str, ...], number: int = 1) -> list[Offer]:
        """Draw different offers of a category, by how attractive they are."""
        shelf, weights = self._shelves[category]
        drawn = self._random.choices(shelf, cum_weights=weights, k=3 * number)
        return list(dict.fromkeys(drawn))[:number]

    def partner(self, offer: Offer) -> Offer | None:
        known = [self.by_key[key] for key in offer.partners if key in self.by_key]
        return self._random.choice(known) if known else None


def simulate(
    offers: Sequence[Offer], *, visitors: int, days: int, until: datetime, seed: int
) -> Iterator[dict[str, Any]]:
    """The events of so many visitors in the days before `until`, one visitor after another.

    They are as `services.import_events` reads them from JSON lines. The same arguments give the
    same events.
    """
    random = Random(seed)
    shelves = Shelves(offers, random)
    if not shelves.categories:
        return
    for number in range(1, visitors + 1):
        yield from _Visitor(number, shelves, random).live(days, until)


class _Visitor:
    def __init__(self, number: int, shelves: Shelves, random: Random) -> None:
        self.name = f"simulated-{number}"
        self._shelves, self._random = shelves, random
        liked = random.sample(shelves.categories, k=min(4, len(shelves.categories)))
        brand = random.choice(list(shelves.by_key.values())).brand
        self._taste = Taste(liked, [0.5, 0.25, 0.15, 0.1][: len(liked)], brand)
        self._bought: list[Offer] = []
        self._orders, self._pages = count(1), count(1)

    def live(self, days: int, until: datetime) -> Iterator[dict[str, Any]]:
        visits = min(1 + int(self._random.expovariate(0.6)), 12)
        began = sorted(self._random.random() ** 0.8 for _ in range(visits))
        for number, share in enumerate(began, start=1):
            # More come in the evening, and nobody after the end.
            day = until - timedelta(days=days * (1 - share))
            hour = min(max(self._random.gauss(18.5, 3.5), 7), 23)
            start = day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=hour)
            for event in self._visit(start, f"{self.name}-{number}", until):
                if datetime.fromisoformat(event["time"]) < until:
                    yield event

    def _visit(self, now: datetime, session: str, until: datetime) -> Iterator[dict[str, Any]]:
        cart: list[Offer] = []
        (category,) = self._random.choices(self._taste.categories, weights=self._taste.shares)
        listed = self._shelves.pick(category, SEEN)
        chosen = self._random.choice(listed)
        asked = f"{session}-search"
        search = {"query_id": asked, "search_term": category[-1].lower(), "total": len(listed)}
        yield self._event("search", now, session, **search)
        yield self._event("view_item_list", now, session, listed, query_id=asked)
        now += self._pause(8)
        yield self._event(
            "select_item", now, session, [chosen], query_id=asked, place=listed.index(chosen) + 1
        )
        viewed = chosen
        for _ in range(LONGEST):
            yield self._event("view_item", now, session, [viewed])
            now += self._pause(40)
            if self._random.random() < (LOVED_BRAND if viewed.brand == self._taste.brand else CART):
                cart.append(viewed)
                yield self._event("add_to_cart", now, session, [viewed])
                now += self._pause(10)
            if self._random.random() > AGAIN:
                break
            viewed = self._next(viewed)
        yield from self._check_out(cart, now, session, until)

    def _next(self, before: Offer) -> Offer:
        drawn = self._random.random()
        if drawn < SAME_CATEGORY:
            return self._shelves.pick(before.category)[0]
        partner = self._shelves.partner(before) if drawn < SAME_CATEGORY + PARTNER else None
        (category,) = self._random.choices(self._taste.categories, weights=self._taste.shares)
        return partner or self._shelves.pick(category)[0]

    def _check_out(
        self, cart: list[Offer], now: datetime, session: str, until: datetime
    ) -> Iterator[dict[str, Any]]:
        if self._bought and self._random.random() < REORDER:
            cart.append(self._random.choice(self._bought))
        for each in list(cart):
            partner = self._shelves.partner(each)
            if partner is not None and self._random.random() < BESIDE:
                cart.append(partner)
                yield self._event("add_to_cart", now, session, [partner])
                now += self._pause(15)
        basket = [each for each in dict.fromkeys(cart) if each.currency == cart[0].currency]
        if not basket:
            return
        yield self._event("view_cart", now, session, basket)
        if self._random.random() > ORDER:
            return
        now += self._pause(60)
        yield self._event("begin_checkout", now, session, basket)
        now += self._pause(90)
        order = {
            "transaction_id": f"{self.name}-order-{next(self._orders)}",
            "value": round(sum(each.price for each in basket), 2),
            "currency": basket[0].currency,
        }
        yield self._event("purchase", now, session, basket, **order)
        self._bought += basket
        if self._random.random() < REFUND:
            back = now + timedelta(days=self._random.randint(3, 12))
            yield self._event("refund", back, session, basket, **order)

    def _pause(self, seconds: float) -> timedelta:
        return timedelta(seconds=1 + self._random.expovariate(1 / seconds))

    def _event(
        self,
        name: str,
        time: datetime,
        session: str,
        offers: Sequence[Offer] = (),
        *,
        place: int = 0,
        **fields: Any,
    ) -> dict[str, Any]:
        items = [
            {"item_id": each.key, "quantity": 1, "price": each.price}
            | ({"position": place or n} if "query_id" in fields else {})
            for n, each in enumerate(offers, start=1)
        ]
        page = f"{session}-{next(self._pages)}"
        who = {"visitor": self.name, "session": session, "page": page, "sender": SENDER}
        return {"name": name, "time": time.isoformat(), "items": items, **who, **fields}
