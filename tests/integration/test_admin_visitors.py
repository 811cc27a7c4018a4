"""Visitors in the admin: seen, exported and erased by whoever may, with an entry in the history."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from shopreco.behaviour.visitors import recognise
from shopreco.models import Event, EventConsent, EventSource, Visitor

pytestmark = pytest.mark.django_db

URL = "/admin/shopreco/visitor/"


@pytest.fixture
def visitor() -> Visitor:
    found = Visitor.objects.get(pk=recognise("", "ann").visitor_id)
    for n in range(3):
        Event.objects.create(
            uuid=f"00000000-0000-0000-0000-00000000000{n}",
            name="view_item",
            time=found.seen_at,
            catalogue="demo_shop.product",
            visitor_id=found.pk,
            items=[{"id": "chair"}],
            consent=EventConsent.PERSONAL,
            source=EventSource.BROWSER,
        )
    return found


def signed_in(*permissions: str) -> Client:
    user = User.objects.create_user("keeper", password="pw", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_a_visitor_is_found_by_the_user(visitor: Visitor) -> None:
    recognise("", "ben")
    client = signed_in("view_visitor")
    page = client.get(URL, {"q": "ann"}).content.decode()
    assert f"#{visitor.pk}" in page
    assert "ben" not in page
    assert "?catalogue=" not in page, "visitors are of no catalogue"
    page = client.get(f"{URL}{visitor.pk}/change/").content.decode()
    assert "Export their data" in page
    assert "Erase their data" not in page


def test_all_that_is_kept_is_handed_out(visitor: Visitor) -> None:
    client = signed_in("view_visitor")
    assert "<dd>3</dd>" in client.get(f"{URL}{visitor.pk}/export/").content.decode()
    answer: Any = client.post(f"{URL}{visitor.pk}/export/")
    lines = [json.loads(line) for line in answer.getvalue().decode().splitlines()]
    assert [each["kind"] for each in lines] == ["visitor", *["event"] * 3]
    assert "Exported" in LogEntry.objects.get().change_message


def test_a_visitor_is_erased_by_whoever_may(visitor: Visitor) -> None:
    client = signed_in("view_visitor")
    assert client.post(f"{URL}{visitor.pk}/erase/").status_code == 403
    assert Event.objects.count() == 3
    User.objects.get().user_permissions.add(Permission.objects.get(codename="delete_visitor"))
    client.force_login(User.objects.get())
    assert Event.objects.count() == 3, "a page to confirm erases nothing"
    client.get(f"{URL}{visitor.pk}/erase/")
    page = client.post(f"{URL}{visitor.pk}/erase/", follow=True).content.decode()
    assert f"Visitor #{visitor.pk} is erased, with 3 events." in page
    assert not Event.objects.exists()
    assert client.get(f"{URL}{visitor.pk}/change/", follow=True).status_code in {200, 404}
    assert client.get(f"{URL}{visitor.pk}/export/").status_code == 404
