"""What a type of relation is called, and what it counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.admin.models import CHANGE
from django.contrib.auth.models import Permission, User
from django.test import Client

from shopreco.models import RelationType
from tests.helpers.graph_admin import (
    address,
    logged,
    relation,
    said,
)

pytestmark = pytest.mark.usefixtures("shop")


def test_relation_types_are_edited_but_their_code_stays(admin: Client) -> None:
    material = relation("has_material")
    url = address("relationtype_change", material.pk)
    admin.post(url, {"code": "x", "meaning": "attribute", "label": "made of", "weight": "1"})
    material.refresh_from_db()
    assert (material.code, material.label) == ("has_material", "made of")
    assert admin.post(address("relationtype_delete", material.pk)).status_code == 403


def test_what_a_relation_counts_is_edited_with_the_right_to_and_logged(
    staff: Callable[..., Client],
) -> None:
    made = {"meaning": "accessory", "label": "has accessory", "inverse_label": "accessory of"}
    accessory, _new = RelationType.objects.get_or_create(code="has_accessory", defaults=made)
    url = address("relationtype_change", accessory.pk)
    words = {name: getattr(accessory, name) for name in ("label", "inverse_label", "meaning")}
    words |= {"label_zh": "", "inverse_label_zh": "", "symmetric": ""}

    client = staff()
    assert client.post(url, {**words, "weight": "0.25"}).status_code == 403
    allowed = Permission.objects.get(codename="change_relationtype")
    User.objects.get(username="viewer").user_permissions.add(allowed)
    for wrong in ("1.5", "-0.1", "nan", ""):
        assert client.post(url, {**words, "weight": wrong}).status_code == 200
    assert relation("has_accessory").weight == accessory.weight

    answer = client.post(url, {**words, "weight": "0.25"}, follow=True)
    assert "from the next re-index on" in said(answer)
    assert relation("has_accessory").weight == 0.25
    model, flag, message = logged()
    assert (model, flag) == ("relationtype", CHANGE)
    assert "weight" in message.lower()
