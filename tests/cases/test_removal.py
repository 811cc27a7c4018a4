"""A space is deleted by workers, in pieces; what is half gone is never activated."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse

from shopreco import services, tasks
from shopreco.exceptions import RunError
from shopreco.indexing import removal
from shopreco.models import Embedding, EmbeddingSpace, LexicalEntry, SpaceState
from tests.helpers.answers import found
from tests.helpers.broker import take
from tests.helpers.index import index
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def retired(settings: LazySettings) -> EmbeddingSpace:
    """A space of 25 items. No worker takes the messages."""
    take("remove_space")
    Gadget.objects.bulk_create([Gadget(name=f"lamp {n}") for n in range(25)])
    first = index().space
    other = {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 64}
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": other}
    index(rebuild=True)
    assert first is not None
    first.refresh_from_db()
    assert first.state == SpaceState.RETIRED
    return first


def left(space: EmbeddingSpace) -> tuple[int, int]:
    return (
        Embedding.objects.filter(space_id=space.pk).count(),
        LexicalEntry.objects.filter(space_id=space.pk).count(),
    )


def test_the_admin_marks_it_and_a_worker_removes_it(
    retired: EmbeddingSpace, admin_client: Client
) -> None:
    path = reverse("admin:shopreco_embeddingspace_drop", args=[retired.pk])
    assert admin_client.post(path).status_code == 302
    assert left(retired) == (25, 25)
    retired.refresh_from_db()
    assert retired.state == SpaceState.DELETING
    assert take("remove_space") == [[retired.pk]]
    tasks.remove_space(retired.pk)
    assert not EmbeddingSpace.objects.filter(pk=retired.pk).exists()
    assert left(retired) == (0, 0)
    assert len(found("lamp")) == 24


def test_what_is_marked_cannot_be_activated(retired: EmbeddingSpace, admin_client: Client) -> None:
    removal.mark_for_removal(retired)
    with pytest.raises(RunError, match="is being deleted"):
        services.activate(retired)
    path = reverse("admin:shopreco_embeddingspace_activate", args=[retired.pk])
    admin_client.post(path)
    assert EmbeddingSpace.objects.get(state=SpaceState.ACTIVE).pk != retired.pk


def test_the_one_that_answers_is_not_marked(retired: EmbeddingSpace) -> None:
    active = EmbeddingSpace.objects.get(state=SpaceState.ACTIVE)
    with pytest.raises(RunError, match="is active"):
        removal.begin_removal(active)


def test_a_removal_that_was_killed_is_taken_up_by_the_sweep(retired: EmbeddingSpace) -> None:
    removal.mark_for_removal(retired)
    assert not removal.remove_marked(retired.pk, seconds=0, chunk=10)
    assert left(retired) == (15, 25)
    tasks.sweep()
    assert take("remove_space") == [[retired.pk]]
    tasks.remove_space(retired.pk)
    assert not EmbeddingSpace.objects.filter(pk=retired.pk).exists()


def test_a_failure_on_the_way_leaves_it_marked(retired: EmbeddingSpace) -> None:
    removal.mark_for_removal(retired)

    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "DELETE FROM shopreco_lexicalentry" in sql:
            raise DatabaseError("killed")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail), pytest.raises(DatabaseError):
        removal.remove_marked(retired.pk, seconds=60)
    assert removal.marked() == [retired.pk]
    assert left(retired) == (0, 25)
    assert removal.remove_marked(retired.pk, seconds=60)
    assert removal.marked() == []


def test_a_catalogue_is_rebuilt_while_an_old_space_goes(
    retired: EmbeddingSpace, settings: LazySettings
) -> None:
    removal.mark_for_removal(retired)
    first = {"CLASS": "shopreco.encoders.HashingEncoder"}
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": first}
    run = index(rebuild=True)
    assert (run.state, run.space == retired) == ("done", False)
