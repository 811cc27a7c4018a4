"""Values are merged, and looked for in texts or not."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.test import Client

from shopreco.models import Edge
from tests.helpers.graph_admin import (
    address,
    logged,
    node_of,
    object_id,
    page,
    said,
    value,
)
from tests.helpers.outbox import waiting
from tests.integration.test_admin_pages import text

pytestmark = pytest.mark.usefixtures("shop")


def test_a_merge_is_confirmed_and_written_down(admin: Client) -> None:
    brass, steel = value("brass"), value("steel")
    before = Edge.objects.filter(target=steel).count()
    chosen = {"into": steel.pk}
    assert "Merge into" in text(admin.get(address("node_merge", brass.pk)))
    response = admin.get(address("node_merge", brass.pk), chosen)
    facts = dict(response.context["confirmation"].facts)
    assert facts["Relations that move"] == "1"
    assert Edge.objects.filter(target=brass).exists()  # a GET merges nothing
    response = admin.post(address("node_merge", brass.pk) + f"?into={steel.pk}", follow=True)
    assert response.redirect_chain == [(page(steel), 302)]
    assert "1 object will be indexed again" in said(response)
    assert Edge.objects.filter(target=steel).count() == before + 1
    assert waiting() == {object_id("Brass desk lamp")}
    entries = LogEntry.objects.filter(content_type__model="node").order_by("id")
    assert [(e.object_id, e.action_flag) for e in entries] == [
        (str(brass.pk), CHANGE),
        (str(steel.pk), CHANGE),
    ]
    merged = text(admin.get(page(brass)))
    assert "Merged into" in merged
    assert "Add a relation" not in merged
    assert page(brass) in text(admin.get(page(steel)))  # as one of its names


def test_a_merge_of_two_kinds_warns(admin: Client) -> None:
    response = admin.get(
        address("node_merge", value("brass").pk), {"into": value("Fennel", "brand").pk}
    )
    assert "different kinds" in text(response)


@pytest.mark.parametrize("into", ["", "x", "9" * 30, "itself", "item"])
def test_a_merge_into_what_cannot_be_is_asked_again(into: str, admin: Client) -> None:
    brass = value("brass")
    chosen = {"itself": brass.pk, "item": node_of("Brass desk lamp").pk}.get(into, into)
    url = address("node_merge", brass.pk) + f"?into={chosen}"
    for response in (admin.get(url), admin.post(url)):
        assert "Choose a value of the same catalogue" in text(response)
    brass.refresh_from_db()
    assert brass.merged_into is None


def test_a_common_word_is_not_looked_for(admin: Client) -> None:
    brass = value("brass")
    response = admin.post(address("node_texts", brass.pk), {"wanted": "no"}, follow=True)
    assert "Not looked for in texts any more." in said(response)
    brass.refresh_from_db()
    assert not brass.in_texts
    assert waiting() == {object_id("Brass desk lamp")}
    assert logged()[:2] == ("node", CHANGE)
