"""`POST events/` and `services.track`: each event once, whoever sends it how often."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.utils import timezone

from shopreco import services
from shopreco.behaviour import retention
from shopreco.db import partitions
from shopreco.exceptions import InvalidEvent
from shopreco.models import Event, EventKey, Visitor

pytestmark = pytest.mark.django_db

URL = "/shopreco/events/"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def allowed(request: Any) -> str:
    """The consent that a request of the tests names."""
    return str(request.headers.get("X-Consent", "none"))


@pytest.fixture(autouse=True)
def _consent(settings: Any) -> Iterator[None]:
    cache.clear()
    settings.SHOPRECO = {**settings.SHOPRECO, "CONSENT": f"{__name__}.allowed"}
    yield
    cache.clear()


def send(client: Client, *events: Any, consent: str = "personal", **options: Any) -> Any:
    body = options.pop("body", None) or json.dumps({"events": events, **options.pop("around", {})})
    headers = {"User-Agent": BROWSER, "X-Consent": consent, **options.pop("headers", {})}
    return client.post(URL, body, content_type="text/plain", headers=headers)


def view(*keys: str, **fields: Any) -> dict[str, Any]:
    items = [{"item_id": key} for key in keys or ("chair",)]
    return {"uuid": str(uuid4()), "name": "view_item", "items": items, **fields}


def test_what_happened_is_kept_with_whoever_allows_it(client: Client) -> None:
    event = view("chair", rec_id="r1", placement="product-similar", page="p1", session="s1")
    answer = send(client, event)
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 1, "repeated": 0, "remember": True, "errors": []}
    kept = Event.objects.get()
    assert (str(kept.uuid), kept.name, kept.items) == (
        event["uuid"],
        "view_item",
        [{"id": "chair"}],
    )
    assert (kept.rec_id, kept.placement, kept.page, kept.session) == (
        *("r1", "product-similar", "p1", "s1"),
    )
    assert kept.visitor_id == Visitor.objects.get().pk
    assert not kept.is_bot
    cookie = answer.cookies["shopreco_visitor"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    send(client, view())
    assert set(Event.objects.values_list("visitor_id", flat=True)) == {kept.visitor_id}


def test_without_consent_nothing_identifies_anybody(client: Client) -> None:
    client.cookies["shopreco_visitor"] = "0" * 32
    answer = send(client, view(session="s1"), consent="none")
    assert answer.json()["remember"] is False
    assert "shopreco_visitor" not in answer.cookies
    kept = Event.objects.get()
    assert (kept.visitor_id, kept.session, kept.user_id) == (None, "", "")
    assert not Visitor.objects.exists()


def test_global_privacy_control_ends_what_is_personal(client: Client) -> None:
    answer = send(client, view(session="s1"), headers={"Sec-GPC": "1"})
    assert "shopreco_visitor" not in answer.cookies
    assert Event.objects.get().consent == "statistics"
    assert Event.objects.get().session == "s1"


def test_an_event_that_is_sent_again_counts_once(client: Client) -> None:
    first, second = view(), view()
    assert send(client, first).json()["accepted"] == 1
    again = send(client, first, second, second).json()
    assert (again["accepted"], again["repeated"]) == (1, 2)
    assert Event.objects.count() == EventKey.objects.count() == 2


def test_what_is_wrong_is_said_of_each_and_keeps_no_other_out(client: Client) -> None:
    answer = send(
        client,
        view(),
        {"name": "Nonsense!"},
        7,
        view(currency="EURO"),
        view(value="NaN"),
        {**view(), "items": [{"item_id": None}]},
        {"name": "purchase", "items": []},
        {**view(), "items": [{"item_id": "a", "quantity": 1.5}]},
        view(time="yesterday"),
        view(time="2020-01-01T00:00:00Z"),
        view("\x00chair\ud800"),
    ).json()
    assert answer["accepted"] == 2
    assert [each["index"] for each in answer["errors"]] == [*range(1, 10)]
    said = [each["detail"].split(":")[0] for each in answer["errors"]]
    assert said[0] == "name"
    assert said[2:] == [
        *("currency", "value", "items", "transaction_id", "quantity", "time", "time"),
    ]
    assert {each["id"] for event in Event.objects.all() for each in event.items} == {"chair"}


def test_numbers_and_times_without_measure_are_errors_of_one_event(client: Client) -> None:
    absurd = [
        {**view(), "value": 10**400},
        {**view(), "items": [{"item_id": "a", "quantity": 10**400}]},
        view(time="0001-01-01T00:00:00+14:00"),
        view(time="9999-12-31T23:59:59Z"),
    ]
    for sent_at in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        answer = send(client, *absurd, view(), around={"sent_at": sent_at})
        assert answer.status_code == 202
        assert (answer.json()["accepted"], len(answer.json()["errors"])) == (1, 4)


@pytest.mark.parametrize("path", ["answers_nothing", "fails", "is_not_there"])
def test_a_shop_that_cannot_say_what_is_allowed_allows_nothing(
    client: Client, settings: Any, path: str
) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "CONSENT": f"{__name__}.{path}"}
    assert send(client, view()).json()["accepted"] == 1
    assert Event.objects.get().consent == "none"
    request = RequestFactory().get("/")
    assert services.track("purchase", ["chair"], request=request, transaction_id="N-9")


def answers_nothing(request: Any) -> None:
    return None


def fails(request: Any) -> str:
    raise KeyError("session")


def test_names_of_others_are_understood_and_unknown_ones_are_kept(client: Client) -> None:
    names = ["Product Added", "detail-page-view", "newsletter_signup"]
    send(client, *[view() | {"name": name} for name in names])
    assert set(Event.objects.values_list("name", flat=True)) == {
        *("add_to_cart", "view_item", "newsletter_signup"),
    }


def test_a_clock_that_is_wrong_is_corrected(client: Client) -> None:
    now = datetime.now(UTC)
    wrong = now - timedelta(days=400)
    happened = (wrong - timedelta(minutes=5)).isoformat()
    ahead = int((wrong + timedelta(days=3)).timestamp() * 1000)
    send(
        client,
        view("a", time=happened),
        view("b", time=ahead),
        around={"sent_at": wrong.isoformat()},
    )
    times = {event.items[0]["id"]: event.time for event in Event.objects.all()}
    assert abs(times["a"] - (now - timedelta(minutes=5))) < timedelta(seconds=30)
    assert times["b"] <= datetime.now(UTC)


def test_a_request_may_be_packed_and_is_not_read_beyond_its_limit(client: Client) -> None:
    body = gzip.compress(json.dumps([view()]).encode())
    packed = {"Content-Encoding": "gzip"}
    assert send(client, body=body, headers=packed).json()["accepted"] == 1
    assert send(client, body=body[:-9], headers=packed).status_code == 400
    bomb = gzip.compress(b" " * 50_000_000)
    assert send(client, body=bomb, headers=packed).status_code == 413
    assert send(client, *[view()] * 1_001).status_code == 413
    assert send(client, body="{").json()["code"] == "invalid_request"
    assert send(client, around={"catalogue": "shop.pruduct"}).status_code == 400


def test_pages_of_other_sites_are_refused(client: Client) -> None:
    refused = send(client, view(), headers={"Origin": "https://elsewhere.example"})
    assert refused.status_code == 403
    assert send(client, view(), headers={"Origin": "http://testserver"}).status_code == 202


def test_bots_and_agents_are_flagged(client: Client) -> None:
    agents = {
        "bot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "agent": "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "nameless": "",
    }
    for key, agent in agents.items():
        send(client, view(key), headers={"User-Agent": agent})
    flags = {e.items[0]["id"]: (e.is_bot, e.is_agent) for e in Event.objects.all()}
    assert flags == {"bot": (True, False), "agent": (True, True), "nameless": (True, False)}


def test_an_order_is_one_purchase_for_browser_and_server(client: Client) -> None:
    order = {"name": "purchase", "transaction_id": "N-1", "rec_id": "r1", "session": "s1"}
    send(client, {**order, "items": [{"item_id": "forged"}], "value": 1})
    paid = {"transaction_id": "N-1", "value": 59.8, "currency": "EUR"}
    assert services.track("purchase", [("chair", 2, 29.9)], **paid) is False
    send(client, {**order, "uuid": str(uuid4()), "items": [{"item_id": "forged"}]})
    assert services.track("purchase", [("chair", 2, 29.9)], **paid) is False
    kept = Event.objects.get()
    assert kept.items == [{"id": "chair", "price": 29.9, "quantity": 2}]
    assert (kept.source, kept.rec_id, kept.session) == ("server", "r1", "s1")
    assert kept.visitor_id == Visitor.objects.get().pk
    assert float(kept.value) == 59.8
    assert services.track("refund", [("chair", 1)], transaction_id="N-1")
    assert not services.track("refund", [("chair", 1)], transaction_id="N-1")


def test_the_server_reports_first_and_the_browser_adds_who_it_was(client: Client) -> None:
    services.track("purchase", ["chair"], transaction_id="N-2")
    send(client, {"name": "purchase", "transaction_id": "N-2", "rec_id": "r9", "items": []})
    kept = Event.objects.get()
    assert (kept.source, kept.rec_id, kept.consent) == ("server", "r9", "personal")
    assert kept.items == [{"id": "chair"}]
    assert kept.visitor_id is not None


def test_a_purchase_is_recorded_if_its_transaction_is(client: Client) -> None:
    with pytest.raises(InvalidEvent, match="transaction_id"):
        services.track("purchase", ["chair"])
    with pytest.raises(RuntimeError), transaction.atomic():
        services.track("purchase", ["chair"], transaction_id="N-3")
        raise RuntimeError
    assert not Event.objects.exists()
    assert not EventKey.objects.exists()


def test_events_lie_in_the_partition_of_their_month(client: Client) -> None:
    send(client, view())
    now = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM shopreco_event")
        assert cursor.fetchone() == (f"shopreco_event_{now:%Y_%m}",)


def test_who_is_erased_is_known_to_no_table_and_stays_so(
    client: Client, django_user_model: Any
) -> None:
    user = django_user_model.objects.create_user("ann", password="pw")
    send(client, view("before"), view(session="sessionofann", search_term="queryofann"))
    token = client.cookies["shopreco_visitor"].value
    client.force_login(user)
    send(client, view("after", page="pageofann"))
    services.track(
        "purchase", ["chair"], user=user, consent="personal", transaction_id="orderofann"
    )
    other = Client()
    send(other, view("other"))
    listed = list(services.visitor_data(user=user))
    assert [each["kind"] for each in listed] == ["visitor", *["event"] * 4]

    assert services.erase_visitor(user=user) == 4
    late = send(client, view("late")).json()
    assert (late["accepted"], late["errors"][0]["code"]) == (0, "erased")
    assert client.cookies["shopreco_visitor"].value == "", "the next visit begins anew"
    assert {each["id"] for event in Event.objects.all() for each in event.items} == {"other"}
    traces = [token, "sessionofann", "queryofann", "pageofann", "orderofann"]
    for model in apps.get_app_config("shopreco").get_models():
        for row in model.objects.values_list():
            assert not [trace for trace in traces if trace in str(row)], model
    assert Visitor.objects.exclude(erased_at=None).get().user_id == ""


def test_a_user_is_one_visitor_on_all_devices(client: Client, django_user_model: Any) -> None:
    ann, ben = (django_user_model.objects.create_user(name) for name in ("ann", "ben"))
    phone = Client()
    send(client, view("desk"))
    client.force_login(ann)
    send(client, view("desk"))
    send(phone, view("lamp"))
    phone.force_login(ann)
    send(phone, view("lamp"))
    first, second = Visitor.objects.order_by("pk")
    assert (first.merged_into, second.merged_into) == (None, first)
    assert {first.user_id, second.user_id} == {str(ann.pk)}

    phone.force_login(ben)
    send(phone, view("ball"))
    ball = Event.objects.get(items__contains=[{"id": "ball"}])
    assert Visitor.objects.get(pk=ball.visitor_id).user_id == str(ben.pk)
    assert ball.visitor_id not in (first.pk, second.pk)


def test_what_is_old_enough_is_deleted_and_months_are_made_ahead(client: Client) -> None:
    now = timezone.now()
    for days, name in [(1, "view_item"), (200, "search"), (200, "view_item"), (500, "purchase")]:
        services.track(name, [f"{days}"], time=now - timedelta(days=days), transaction_id=f"{days}")
    later = now + timedelta(days=95)
    retention.tend(now)
    assert sorted((e.name, e.items[0]["id"]) for e in Event.objects.all()) == [
        *(("view_item", "1"), ("view_item", "200")),
    ]
    assert EventKey.objects.count() == 3, "a key outlives its event until the longest retention"
    services.track("view_item", ["later"], uuid=str(uuid4()), time=now)
    retention.tend(later)
    months = partitions.months_of(connection, "shopreco_event")
    assert partitions.Month.of(later).later(partitions.MONTHS_AHEAD) in months


def test_a_month_that_nobody_made_is_made_of_what_came_meanwhile(client: Client) -> None:
    past = datetime(2024, 5, 17, tzinfo=UTC)
    services.track("view_item", ["old"], time=past)
    month = partitions.Month.of(past)
    partitions.make(connection, "shopreco_event", month)
    partitions.make(connection, "shopreco_event", month)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM shopreco_event")
        assert cursor.fetchall() == [("shopreco_event_2024_05",)]
    assert list(partitions.drop_before(connection, "shopreco_event", month.end)) == [month]
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_time_take_an_event_in_once() -> None:
    events = [view(str(n)) for n in range(40)]

    def once(n: int) -> int:
        try:
            order = events if n % 2 else events[::-1]
            return int(send(Client(), *order, consent="none").json()["accepted"])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(once, range(8))) == 40
    assert Event.objects.count() == 40
