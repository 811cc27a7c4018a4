"""What arrives is not always what happened: scripts report twice, bots call themselves browsers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from shopreco import services, tasks
from shopreco.behaviour import rates
from shopreco.models import Event, EventConsent, EventSource

pytestmark = pytest.mark.django_db


def event(name: str = "view_item", *keys: str, ago: float = 60, **fields: object) -> Event:
    """One that is not kept yet: something that happened so many seconds ago."""
    time = timezone.now() - timedelta(seconds=ago)
    return Event(
        uuid=uuid4(),
        name=name,
        time=time,
        received=time,
        items=[{"id": key} for key in keys or ("chair",)],
        catalogue="demo_shop.product",
        **{"consent": EventConsent.PERSONAL, "source": EventSource.BROWSER, **fields},
    )


def keep(events: Sequence[Event]) -> None:
    Event.objects.bulk_create(events)


class TestDoubleSenders:
    def test_two_that_report_the_same_of_one_page_are_named(self) -> None:
        for n in range(4):
            seen = {"page": f"page{n}", "ago": 100 * n + 50.0}
            keep([event(sender="shopreco.js", **seen), event(sender="tags.js", **seen)])
        [found] = services.double_senders()
        assert (found.name, found.senders, found.events) == (
            *("view_item", ("shopreco.js", "tags.js"), 4),
        )

    def test_the_shop_itself_may_be_one_of_them(self) -> None:
        """Pages differ, or there are none: the visitor is the same."""
        for n in range(3):
            when = 100 * n + 50.0
            keep(
                [
                    event(visitor_id=7, sender="shopreco.js", page=f"page{n}", ago=when),
                    event(visitor_id=7, source=EventSource.SERVER, ago=when + 2),
                ]
            )
        assert [each.senders for each in services.double_senders()] == [("server", "shopreco.js")]

    def test_what_only_looks_the_same_is_nobodys_fault(self) -> None:
        by = [{"sender": "shopreco.js"}, {"sender": "tags.js"}]
        for n in range(5):
            ago = 200.0 * n
            pairs = [
                [event("view_item", "chair", page=f"a{n}", ago=ago, **who) for who in by[:1] * 2],
                [event("view_item", who["sender"], page=f"b{n}", ago=ago, **who) for who in by],
                [event(who["sender"][:4], page=f"c{n}", ago=ago, **who) for who in by],
                [event(page=f"d{n}{who['sender']}", ago=ago, **who) for who in by],
                [event(page=f"e{n}", ago=ago + 60 * k, **who) for k, who in enumerate(by)],
                [event(ago=ago, **who) for who in by],
            ]
            keep([each for pair in pairs for each in pair])
        keep([event(page="once", **who) for who in by])
        assert services.double_senders() == []


def pages(a_minute: int, minutes: int, name: str = "view_item", **who: object) -> list[Event]:
    """Pages at a steady rate, until two minutes ago."""
    start = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=minutes + 2)
    now = timezone.now()
    times: list[datetime] = [
        start + timedelta(minutes=minute, seconds=60 * n / a_minute)
        for minute in range(minutes)
        for n in range(a_minute)
    ]
    return [event(name, ago=(now - time).total_seconds(), **who) for time in times]


class TestBotsByRate:
    FAST, LONG = rates.A_MINUTE + 1, rates.MINUTES

    def test_who_is_faster_than_a_person_is_flagged_and_kept(self) -> None:
        keep(pages(self.FAST, self.LONG, visitor_id=1))
        keep(pages(self.FAST, self.LONG, session="robot", name="search"))
        keep(pages(self.FAST, 2, visitor_id=2))
        keep(pages(rates.A_MINUTE, 20, visitor_id=3))
        keep(pages(self.FAST, self.LONG, visitor_id=4, name="view_recommendation"))
        keep([event("add_to_cart", visitor_id=1)])
        number = Event.objects.count()
        tasks.flag_bots()
        assert Event.objects.count() == number
        bots = Event.objects.filter(is_bot=True)
        assert set(bots.values_list("visitor_id", "session")) == {(1, ""), (None, "robot")}
        assert bots.filter(visitor_id=1).count() == self.FAST * self.LONG + 1
        assert rates.flag_bots(timezone.now()) == 0

    def test_a_session_is_not_taken_for_the_visitor_of_that_number(self) -> None:
        keep([*pages(self.FAST, self.LONG, session="5"), event(visitor_id=5)])
        tasks.flag_bots()
        assert not Event.objects.get(visitor_id=5).is_bot

    def test_nobody_is_not_somebody_fast(self) -> None:
        """Without consent all visitors together have no name."""
        keep(pages(2 * self.FAST, self.LONG, consent=EventConsent.NONE))
        tasks.flag_bots()
        assert not Event.objects.filter(is_bot=True).exists()

    def test_what_the_shop_reports_stays(self) -> None:
        paid = event("purchase", visitor_id=1, source=EventSource.SERVER, transaction_id="N-1")
        keep([*pages(self.FAST, self.LONG, visitor_id=1), paid])
        tasks.flag_bots()
        assert not Event.objects.get(name="purchase").is_bot
