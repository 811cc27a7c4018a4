"""Rolling back and deleting spaces, and a run by a real worker: what needs committed rows."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, DELETION
from django.db import connections
from django.test import Client
from django.urls import reverse

from shopreco import services, tasks
from shopreco.models import Embedding, EmbeddingSpace, Run, SpaceState
from shopreco.spaces.indexes import index_names
from tests.helpers.demo import CATALOGUE
from tests.integration.test_admin_pages import text
from tests.integration.test_admin_steering import (
    OBJECTS,
    OTHER_MODEL,
    logged,
    said,
    space_step,
    start,
    step,
    use_encoder,
)


@pytest.fixture
def two_spaces(live_shop: None, settings: Any) -> tuple[EmbeddingSpace, EmbeddingSpace]:
    """(retired, active), of two models."""
    retired = EmbeddingSpace.objects.get()
    use_encoder(settings, OTHER_MODEL)
    services.run_inline(services.rebuild(CATALOGUE))
    active = EmbeddingSpace.objects.get(state=SpaceState.ACTIVE)
    retired.refresh_from_db()
    assert retired.pk != active.pk
    return retired, active


Spaces = tuple[EmbeddingSpace, EmbeddingSpace]


@pytest.mark.parametrize("atomic_requests", [False, True])
def test_roll_back_to_the_space_before(
    two_spaces: Spaces, admin_client: Client, atomic_requests: bool, monkeypatch: Any
) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", atomic_requests)
    retired, active = two_spaces
    page = reverse("admin:shopreco_embeddingspace_change", args=[retired.pk])
    assert space_step("activate", retired) in text(admin_client.get(page))
    confirm = admin_client.get(space_step("activate", retired))
    facts = dict(confirm.context["confirmation"].facts)
    assert facts["Answers now"].startswith(f"#{active.pk}")
    assert facts["Products in it"] == str(OBJECTS)
    response = admin_client.post(space_step("activate", retired), follow=True)
    retired.refresh_from_db()
    active.refresh_from_db()
    assert (retired.state, active.state) == (SpaceState.ACTIVE, SpaceState.RETIRED)
    assert "being caught up" in said(response)
    run = Run.objects.latest("id")
    assert response.redirect_chain[-1][0] == reverse("admin:shopreco_run_change", args=[run.pk])
    assert logged() == ("embeddingspace", CHANGE, str(retired.pk))


@pytest.mark.parametrize("atomic_requests", [False, True])
def test_delete_a_retired_space_with_its_indexes(
    two_spaces: Spaces, admin_client: Client, atomic_requests: bool, monkeypatch: Any
) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", atomic_requests)
    retired, _active = two_spaces
    assert "Disk space" in text(admin_client.get(space_step("drop", retired)))
    assert EmbeddingSpace.objects.filter(pk=retired.pk).exists()
    response = admin_client.post(space_step("drop", retired), follow=True)
    assert "is being deleted" in said(response)
    assert EmbeddingSpace.objects.get(pk=retired.pk).state == SpaceState.DELETING
    tasks.remove_space(retired.pk)
    assert not EmbeddingSpace.objects.filter(pk=retired.pk).exists()
    assert not Embedding.objects.filter(space_id=retired.pk).exists()
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relname = ANY(%s)", [list(index_names(retired.pk))]
        )
        assert cursor.fetchone() == (0,)
    assert logged() == ("embeddingspace", DELETION, str(retired.pk))


def test_a_real_worker_runs_what_the_button_started(
    live_shop: None,
    admin_client: Client,
    start_worker: Any,
    wait_until: Any,
) -> None:
    start_worker()
    admin_client.post(start("rebuild"))
    run = Run.objects.latest("id")
    wait_until(lambda: admin_client.get(step("progress", run)).json()["state"] == "done")
    run.refresh_from_db()
    assert run.space is not None
    assert run.space.state == SpaceState.ACTIVE
