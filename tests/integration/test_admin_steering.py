"""What the admin's buttons do: each takes a POST and a permission, and is written down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from shopreco import services
from shopreco.models import (
    Change,
    EmbeddingSpace,
    Item,
    Outcome,
    Run,
    RunState,
    SpaceState,
)
from tests.helpers.demo import CATALOGUE
from tests.helpers.outbox import waiting
from tests.integration.test_admin_pages import text

OBJECTS = 12
MODEL_THAT_IS_NOWHERE = {
    "CLASS": "shopreco.encoders.SentenceTransformerEncoder",
    "MODEL": "/nowhere/at/all",
}
OTHER_MODEL = {"CLASS": "shopreco.encoders.HashingEncoder", "DIMENSION": 64}


@pytest.fixture
def staff(client: Client) -> Client:
    """Staff with the right to see everything of shopreco and to change nothing."""
    user = User.objects.create_user("viewer", is_staff=True)
    mine = Permission.objects.filter(content_type__app_label="shopreco")
    user.user_permissions.set(mine.filter(codename__startswith="view_"))
    client.force_login(user)
    return client


def start(kind: str = "reindex", catalogue: str = CATALOGUE) -> str:
    return reverse("admin:shopreco_run_start", args=[kind, catalogue])


def step(name: str, run: Run) -> str:
    return reverse(f"admin:shopreco_run_{name}", args=[run.pk])


def space_step(name: str, space: EmbeddingSpace) -> str:
    return reverse(f"admin:shopreco_embeddingspace_{name}", args=[space.pk])


def said(response: Any) -> str:
    """The messages of the page that a redirect leads to."""
    return " ".join(str(message) for message in response.context["messages"])


def logged() -> tuple[str, int, str]:
    entry = LogEntry.objects.latest("id")
    return entry.content_type.model, entry.action_flag, entry.object_id


def use_encoder(settings: Any, encoder: dict[str, Any]) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": encoder}


# Runs


@pytest.mark.usefixtures("shop")
class TestStarting:
    def test_the_confirm_page_counts_what_will_be_done(self, admin_client: Client) -> None:
        item = Item.objects.latest("id")
        services.reindex_objects(CATALOGUE, [item.object_id])
        Item.objects.filter(pk=item.pk).update(outcome=Outcome.FAILED)
        response = admin_client.get(start())
        facts = dict(response.context["confirmation"].facts)
        assert facts["Objects in the shop"] == str(OBJECTS)
        assert facts["Products in the index"] == f"{OBJECTS} ({OBJECTS - 1} indexed, 1 failed)"
        assert facts["Waiting to be indexed"] == "1"
        assert "only those that changed" in facts["Texts to encode"]
        assert not Run.objects.filter(state=RunState.QUEUED).exists()  # a GET starts nothing

    def test_a_rebuild_says_what_has_to_be_encoded(
        self, admin_client: Client, settings: Any
    ) -> None:
        facts = dict(admin_client.get(start("rebuild")).context["confirmation"].facts)
        assert facts["Texts to encode"] == f"about 0; {OBJECTS} are known from before"
        use_encoder(settings, OTHER_MODEL)
        facts = dict(admin_client.get(start("rebuild")).context["confirmation"].facts)
        assert facts["Texts to encode"] == f"all, about {OBJECTS}"
        assert facts["Model"] == "HashingEncoder · 64"

    def test_a_reindex_warns_that_the_settings_have_changed(
        self, admin_client: Client, settings: Any
    ) -> None:
        use_encoder(settings, OTHER_MODEL)
        assert "Rebuild to use the new ones" in text(admin_client.get(start()))

    @pytest.mark.parametrize("kind", ["reindex", "rebuild"])
    def test_a_post_starts_the_run_and_leads_to_its_page(
        self, kind: str, admin_client: Client, admin_user: User
    ) -> None:
        response = admin_client.post(start(kind), follow=True)
        run = Run.objects.latest("id")
        assert (run.kind, run.state, run.requested_by) == (kind, RunState.QUEUED, "admin")
        assert run.requested_by_id == str(admin_user.pk)
        page = reverse("admin:shopreco_run_change", args=[run.pk])
        assert response.redirect_chain == [(page, 302)]
        assert "handed to the workers" in said(response)
        assert logged() == ("run", ADDITION, str(run.pk))

    def test_a_second_run_is_refused_by_name(self, admin_client: Client) -> None:
        run = services.reindex(CATALOGUE)
        shown = text(admin_client.get(start()))
        assert "Wait for it, or cancel it first" in shown
        assert 'type="submit" class="button default"' not in shown
        response = admin_client.post(start("rebuild"), follow=True)
        assert f"#{run.pk}" in said(response)
        assert Run.objects.filter(state__in=Run.LIVE).count() == 1

    def test_an_encoder_that_is_missing_is_named(self, admin_client: Client, settings: Any) -> None:
        use_encoder(settings, MODEL_THAT_IS_NOWHERE)
        shown = text(admin_client.get(start("rebuild")))
        assert "/nowhere/at/all" in shown
        response = admin_client.post(start("rebuild"), follow=True)
        assert "/nowhere/at/all" in said(response)
        assert not Run.objects.filter(state__in=Run.LIVE).exists()

    def test_a_broker_that_does_not_answer_is_named(
        self, admin_client: Client, celery_app_without_broker: None
    ) -> None:
        response = admin_client.post(start(), follow=True)
        assert "broker does not answer" in said(response)
        assert Run.objects.latest("id").state == RunState.QUEUED

    def test_it_needs_the_permission(self, staff: Client) -> None:
        assert staff.get(start()).status_code == 403
        assert staff.post(start()).status_code == 403

    @pytest.mark.parametrize("at", [("reindex", "no.such"), ("explode", CATALOGUE)])
    def test_what_does_not_exist_is_not_found(
        self, admin_client: Client, at: tuple[str, str]
    ) -> None:
        assert admin_client.get(start(*at)).status_code == 404
        assert admin_client.post(start(*at)).status_code == 404

    def test_it_is_protected_from_other_sites(self, admin_user: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(admin_user)
        assert client.post(start()).status_code == 403


@pytest.fixture
def celery_app_without_broker() -> Iterator[None]:
    """A Celery application whose broker is not there, for the time of a test."""
    from celery import Celery, current_app

    before = current_app._get_current_object()
    Celery("nobody", broker="redis://127.0.0.1:1/0", set_as_current=True)
    yield
    before.set_current()


@pytest.mark.usefixtures("shop")
class TestRuns:
    def test_progress_is_json(self, admin_client: Client) -> None:
        run = services.reindex(CATALOGUE)
        queued = admin_client.get(step("progress", run)).json()
        assert queued["label"] == "queued"
        assert queued["stage"] == "Waiting for a worker."
        assert (queued["is_live"], queued["can_cancel"], queued["can_resume"]) == (
            True,
            True,
            False,
        )
        services.run_inline(run)
        response = admin_client.get(step("progress", run))
        done = response.json()
        assert (done["state"], done["done"], done["total"]) == ("done", OBJECTS, OBJECTS)
        assert (done["encoded"], done["failed"], done["is_live"]) == (0, 0, False)
        assert "no-store" in response["Cache-Control"]

    def test_progress_names_every_stage(self, admin_client: Client) -> None:
        run = services.rebuild(CATALOGUE)

        def stage(**state: Any) -> Any:
            Run.objects.filter(pk=run.pk).update(**state)
            return admin_client.get(step("progress", run)).json()

        now = timezone.now()
        assert "Listing" in stage(state=RunState.RUNNING, started_at=now, heartbeat_at=now)["stage"]
        Change.objects.create(catalogue=CATALOGUE, object_id="x", run=run)
        half = stage(enumerated=True, total=2)
        assert "Reading" in half["stage"]
        assert (half["done"], half["total"], half["counting"]) == (1, 2, False)
        assert "Encoding" in stage(linked=True)["stage"]
        Change.objects.all().delete()
        assert "Building the search indexes" in stage()["stage"]
        assert stage()["warning"] == ""
        silent = stage(heartbeat_at=now - timedelta(minutes=10))
        assert "10\xa0minutes" in silent["warning"]
        assert "worker and beat" in silent["warning"]
        failed = stage(state=RunState.FAILED, error="ValueError: boom")
        assert (failed["error"], failed["can_resume"]) == ("ValueError: boom", True)

    def test_progress_is_for_those_who_may_see_it(self, staff: Client, client: Client) -> None:
        run = Run.objects.latest("id")
        assert staff.get(step("progress", run)).json()["can_cancel"] is False
        client.force_login(User.objects.create_user("nobody", is_staff=True))
        assert client.get(step("progress", run)).status_code == 403
        client.logout()
        assert client.get(step("progress", run)).status_code == 302

    def test_cancel_and_resume(self, admin_client: Client) -> None:
        run = services.reindex(CATALOGUE)
        response = admin_client.post(step("cancel", run), follow=True)
        run.refresh_from_db()
        assert run.state == RunState.CANCELLED
        assert "is cancelled" in said(response)
        assert logged() == ("run", CHANGE, str(run.pk))
        response = admin_client.post(step("resume", run), follow=True)
        run.refresh_from_db()
        assert run.state == RunState.QUEUED
        assert "goes on" in said(response)
        assert LogEntry.objects.filter(object_id=str(run.pk)).count() == 2

    def test_what_cannot_be_done_is_said(self, admin_client: Client) -> None:
        run = Run.objects.latest("id")
        for name in ("cancel", "resume"):
            response = admin_client.post(step(name, run), follow=True)
            assert "is done" in said(response)
        assert not LogEntry.objects.exists()

    def test_they_take_a_post_with_the_permission(
        self, admin_client: Client, staff: Client
    ) -> None:
        run = services.reindex(CATALOGUE)
        for name in ("cancel", "resume"):
            assert admin_client.get(step(name, run)).status_code == 405
            assert staff.post(step(name, run)).status_code == 403
            assert admin_client.post(step(name, Run(pk=999_999))).status_code == 404
        run.refresh_from_db()
        assert run.state == RunState.QUEUED

    def test_the_page_of_a_live_run_is_watched(self, admin_client: Client, staff: Client) -> None:
        run = services.reindex(CATALOGUE)
        page = reverse("admin:shopreco_run_change", args=[run.pk])
        shown = text(admin_client.get(page))
        assert 'data-shopreco-live="true"' in shown
        assert "shopreco/admin/run.js" in shown
        assert step("cancel", run) in shown
        assert step("cancel", run) not in text(staff.get(page))
        overview = text(admin_client.get(reverse("admin:shopreco_run_changelist")))
        assert "Watch the run" in overview
        assert start() not in overview


# Items


@pytest.mark.usefixtures("shop")
class TestSelectedItems:
    def post(self, client: Client, items: list[Item]) -> Any:
        data = {"action": "reindex_selected", "_selected_action": [item.pk for item in items]}
        return client.post(reverse("admin:shopreco_item_changelist"), data, follow=True)

    def test_they_are_marked_and_logged(self, admin_client: Client) -> None:
        items = list(Item.objects.order_by("id")[:3])
        response = self.post(admin_client, items)
        assert said(response) == "3 objects will be indexed again."
        assert waiting() == {item.object_id for item in items}
        assert LogEntry.objects.filter(action_flag=CHANGE).count() == 3
        assert logged()[0] == "item"

    def test_a_catalogue_that_is_gone_is_named(self, admin_client: Client) -> None:
        gone = Item.objects.create(
            catalogue="shop.gone", object_id="1", group_id=0, outcome=Outcome.INDEXED
        )
        assert "no catalogue 'shop.gone'" in said(self.post(admin_client, [gone]))
        assert not waiting()

    def test_it_needs_the_permission(self, staff: Client) -> None:
        response = self.post(staff, list(Item.objects.all()[:1]))
        assert not waiting()
        assert response.status_code == 200


# Spaces


@pytest.mark.usefixtures("shop")
class TestSpacesAreGuarded:
    def test_they_need_permissions(self, staff: Client) -> None:
        space = EmbeddingSpace.objects.get()
        for name in ("activate", "drop"):
            assert staff.get(space_step(name, space)).status_code == 403
            assert staff.post(space_step(name, space)).status_code == 403

    def test_the_active_space_is_neither_activated_nor_deleted(self, admin_client: Client) -> None:
        space = EmbeddingSpace.objects.get()
        page = text(
            admin_client.get(reverse("admin:shopreco_embeddingspace_change", args=[space.pk]))
        )
        for name in ("activate", "drop"):
            assert space_step(name, space) not in page
            assert "active" in said(admin_client.post(space_step(name, space), follow=True))
        assert EmbeddingSpace.objects.get().state == SpaceState.ACTIVE

    def test_a_space_that_is_being_filled_is_not_deleted(self, admin_client: Client) -> None:
        run = services.rebuild(CATALOGUE)
        assert run.space is not None
        response = admin_client.post(space_step("drop", run.space), follow=True)
        assert "Cancel it before" in said(response)

    def test_what_does_not_exist_is_not_found(self, admin_client: Client) -> None:
        for name in ("activate", "drop"):
            assert admin_client.get(space_step(name, EmbeddingSpace(pk=999_999))).status_code == 404
