"""`visitors/me` and `visitors/merge`: what somebody sees, changes and erases of themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.core.cache import cache
from django.test import Client, RequestFactory

from shopreco import services
from shopreco.behaviour.visitors import key_of
from shopreco.models import Event, Visitor
from tests.integration.test_events import allowed, send, view

pytestmark = pytest.mark.django_db

ME = "/shopreco/visitors/me"
MERGE = "/shopreco/visitors/merge"
PERSONAL = {"X-Consent": "personal"}


@pytest.fixture(autouse=True)
def _consent(settings: Any) -> Iterator[None]:
    cache.clear()
    settings.SHOPRECO = {
        **settings.SHOPRECO,
        "CONSENT": f"{allowed.__module__}.{allowed.__name__}",
    }
    yield
    cache.clear()


@pytest.fixture
def ann(django_user_model: Any) -> AbstractBaseUser:
    user: AbstractBaseUser = django_user_model.objects.create_user("ann")
    return user


def me(client: Client) -> dict[str, Any]:
    answer = client.get(ME, headers=PERSONAL)
    assert answer["Cache-Control"] == "private, max-age=0"
    found: dict[str, Any] = answer.json()
    return found


def of(client: Client) -> Visitor:
    return Visitor.objects.get(key=key_of(client.cookies["shopreco_visitor"].value))


class TestMe:
    def test_says_what_there_is_of_whoever_asks(self, client: Client) -> None:
        assert me(client) == {
            "consent": "personal", "browsers": 0, "events": 0,
            "first_seen": None, "last_seen": None, "opted_out": False,
        }  # fmt: skip
        assert not Visitor.objects.exists(), "asking makes nobody known"
        send(client, view(), view())
        send(Client(), view())
        assert (me(client)["browsers"], me(client)["events"]) == (1, 2)
        lines: Any = client.get(f"{ME}/data")
        kinds = [json.loads(line)["kind"] for line in lines.getvalue().splitlines()]
        assert kinds == ["visitor", "event", "event"]

    def test_is_erased_on_all_devices(self, client: Client, ann: AbstractBaseUser) -> None:
        phone, other = Client(), Client()
        for each in (client, phone):
            each.force_login(ann)
            send(each, view())
        send(other, view())
        answer = client.delete(ME)
        assert answer.status_code == 204
        assert client.cookies["shopreco_visitor"].value == ""
        assert (me(phone)["events"], me(other)["events"]) == (0, 1)
        assert Event.objects.count() == 1

    def test_personal_ranking_is_switched_off_and_on_everywhere(
        self, client: Client, ann: AbstractBaseUser
    ) -> None:
        def switch(client: Client, off: object) -> Any:
            body = json.dumps({"opted_out": off})
            return client.patch(ME, body, content_type="application/json", headers=PERSONAL)

        assert switch(client, True).json()["opted_out"] is False, "there is nobody to remember"
        assert switch(client, "perhaps").status_code == 400
        phone, late = Client(), Client()
        for each in (client, phone):
            each.force_login(ann)
            send(each, view())
        assert switch(phone, True).json()["opted_out"] is True
        assert me(client)["opted_out"] is True
        send(late, view())
        late.force_login(ann)
        send(late, view())
        assert Visitor.objects.filter(opted_out=True).count() == 3, "a device that comes later too"
        assert switch(client, False).json()["opted_out"] is False
        assert not Visitor.objects.filter(opted_out=True).exists()

    def test_nothing_changes_without_the_token_of_the_site(self) -> None:
        client = Client(enforce_csrf_checks=True)
        send(client, view())
        for url, method in ((ME, "patch"), (ME, "delete"), (MERGE, "post"), (MERGE, "delete")):
            assert getattr(client, method)(url).status_code == 403
        assert client.get(ME).status_code == 200
        assert Event.objects.count() == 1
        client.get("/")
        token = {"X-CSRFToken": client.cookies["csrftoken"].value}
        assert client.delete(ME, headers=token).status_code == 204
        assert not Event.objects.exists()


class TestMerge:
    def test_a_browser_is_its_users_as_soon_as_they_say_so(
        self, client: Client, ann: AbstractBaseUser
    ) -> None:
        assert client.post(MERGE, headers=PERSONAL).status_code == 403
        phone = Client()
        phone.force_login(ann)
        send(phone, view())
        send(client, view())
        client.force_login(ann)
        assert client.post(MERGE).status_code == 403, "who allows nothing is not remembered"
        assert client.post(MERGE, headers=PERSONAL).json()["browsers"] == 2
        assert of(client).merged_into == of(phone)

    @pytest.mark.parametrize("which", [0, 1, 2])
    def test_a_browser_that_somebody_else_used_is_taken_out(
        self, ann: AbstractBaseUser, which: int
    ) -> None:
        """Whichever it is: also the first, into which the others were merged."""
        browsers = [Client(), Client(), Client()]
        for n, each in enumerate(browsers):
            each.force_login(ann)
            send(each, view(f"of{n}"))
        apart, *rest = [browsers.pop(which), *browsers]
        versions = dict(Visitor.objects.values_list("pk", "version"))
        apart.delete(MERGE, headers=PERSONAL)
        assert all(each.version > versions[each.pk] for each in Visitor.objects.all())
        send(apart, view("later"))
        found = of(apart)
        assert (found.user_id, found.merged_into, found.apart_from) == ("", None, str(ann.pk))
        first, second = sorted((of(each) for each in rest), key=lambda each: each.pk)
        assert (first.merged_into, second.merged_into) == (None, first)
        assert {first.user_id, second.user_id} == {str(ann.pk)}

        apart.post(MERGE, headers=PERSONAL)
        assert of(apart).apart_from == ""
        assert Visitor.objects.filter(merged_into=None).count() == 1

    def test_another_user_may_have_a_browser_that_is_not_anns(
        self, client: Client, ann: AbstractBaseUser, django_user_model: Any
    ) -> None:
        client.force_login(ann)
        send(client, view())
        client.delete(MERGE, headers=PERSONAL)
        ben = django_user_model.objects.create_user("ben")
        client.force_login(ben)
        send(client, view())
        assert (of(client).user_id, of(client).apart_from) == (str(ben.pk), "")
        assert services.unmerge_visitor(visitor=of(client))
        assert not services.unmerge_visitor(visitor=of(client))
        assert not services.unmerge_visitor(RequestFactory().get("/"))
