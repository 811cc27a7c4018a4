"""What `test_extension.py` runs in a process in which the app is installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from shopreco import services
from shopreco.models import Edge, Placement, Run, RunState
from shopreco.runs import engine
from shopreco.tasks import beat_schedule
from tests.extension import tasks
from tests.helpers.answers import found, names
from tests.helpers.gadgets import desks_and_lamps
from tests.helpers.index import GADGET, committed_shop
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db


_shop = committed_shop(desks_and_lamps)


@pytest.fixture
def shop(_shop: dict[str, Gadget], db: None) -> dict[str, Gadget]:
    cache.clear()
    return _shop


@pytest.fixture
def staff(client: Client) -> Callable[..., Client]:
    def log_in(*codenames: str) -> Client:
        user = User.objects.create_user("clerk", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return log_in


def test_the_app_is_installed_as_a_host_installs_it() -> None:
    assert apps.is_installed("tests.extension")


def test_its_retriever_fills_a_block_of_its_own(shop: dict[str, Gadget]) -> None:
    Placement.objects.create(name="extension-block", sources=["cheaper"])

    page = services.recommend("extension-block", seed=shop["Brass desk lamp"])

    assert page.degraded == {}
    assert names(page) == ["Garden hose 25 ft", "Walnut desk lamp"]
    assert {result.source for result in page} == {"cheaper"}
    assert page.results[0].parts == {"cheaper": pytest.approx(1 - 19.90 / 89, abs=1e-5)}
    assert "extension-block" in services.placements(GADGET)


def test_its_retriever_obeys_the_filters_of_a_block(shop: dict[str, Gadget]) -> None:
    Placement.objects.create(
        name="extension-block", sources=["cheaper"], filters={"category": "Home > Lighting"}
    )
    assert names(services.recommend("extension-block", seed=shop["Oak desk"], limit=1)) == [
        "Walnut desk lamp"
    ]


def test_its_retriever_stands_in_for_one_that_finds_nothing(shop: dict[str, Gadget]) -> None:
    Placement.objects.create(
        name="extension-block", sources=["accessories"], fallback=["cheaper"], excluded=["dense"]
    )
    Placement.objects.create(name="extension-fall", sources=["accessories"], fallback=["cheaper"])
    assert not Edge.objects.filter(relation__code="accessory_of").exists()
    assert names(services.recommend("extension-fall", seed=shop["Walnut desk lamp"])) == [
        "Garden hose 25 ft"
    ]
    assert names(services.recommend("extension-block", seed=shop["Walnut desk lamp"])) == []


def test_its_stage_changes_the_page_of_a_search(shop: dict[str, Gadget], settings: Any) -> None:
    before = services.search("desk lamp", catalogue=GADGET)
    *others, last = before
    settings.EXTENSION_PINS = {"desk lamp": last.object_id}

    page = services.search("desk lamp", catalogue=GADGET)

    assert others
    assert names(page) == [str(last.object), *(str(each.object) for each in others)]
    assert page.degraded == {}
    assert "pin" in page.timings
    assert page.total == before.total


def test_its_stage_costs_nothing_where_there_is_nothing_to_do(shop: dict[str, Gadget]) -> None:
    page = services.search("desk lamp", catalogue=GADGET)
    assert "pin" not in page.timings
    assert "rank" in page.timings


def test_its_optional_stage_fails_and_the_page_comes(
    shop: dict[str, Gadget], settings: Any
) -> None:
    before = found("desk lamp")
    settings.EXTENSION_PINS = {"desk lamp": "a product that is gone"}

    page = services.search("desk lamp", catalogue=GADGET)

    assert names(page) == before
    assert page.degraded.keys() == {"pin"}
    assert "does not exist" in page.degraded["pin"]


def test_its_run_is_worked_on_to_its_end(shop: dict[str, Gadget]) -> None:
    run = engine.start("stocktake", catalogue=GADGET, subject="stock")
    engine.complete(run, seconds=60)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert (run.done, run.total) == (5, 5)
    assert run.stage == "5 of 5 are available."
    assert str(run).startswith(f"stocktake {GADGET}")


def test_its_beat_is_sent_to_a_task_that_is_there(shop: dict[str, Gadget]) -> None:
    beat = beat_schedule()["extension-stocktake"]
    assert beat == {"task": tasks.stocktake.name, "schedule": 3600.0}
    assert beat["task"] in current_app.tasks

    tasks.stocktake()

    assert Run.objects.filter(kind="stocktake", catalogue=GADGET, subject="stock").exists()


def test_its_tab_is_there_for_those_who_may_open_it(
    shop: dict[str, Gadget], staff: Callable[..., Client]
) -> None:
    client = staff("view_item")
    tabs = client.get("/admin/shopreco/item/").context["tabs"]
    assert {link.label: link.url for link in tabs}["Cheapest"] == "/admin/shopreco/item/cheapest/"
    page = client.get("/admin/shopreco/item/cheapest/")
    assert [link.label for link in page.context["tabs"] if link.current] == ["Cheapest"]
    assert "<li>Garden hose 25 ft</li><li>Walnut desk lamp</li>" in page.content.decode()


def test_its_tab_is_not_there_for_others(
    shop: dict[str, Gadget], staff: Callable[..., Client]
) -> None:
    client = staff("view_run")
    tabs = client.get("/admin/shopreco/run/").context["tabs"]
    assert [link.label for link in tabs] == ["Runs"]
    assert client.get("/admin/shopreco/item/cheapest/").status_code == 403


def test_its_subject_is_evaluated_in_a_scratch_process(tmp_path: Path) -> None:
    rows = [{"_id": f"p{n}", "title": f"Chair {n}"} for n in range(6)]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    out, figures = StringIO(), tmp_path / "figures.json"

    call_command("shopreco_evaluate", "listed", str(tmp_path), f"--json={figures}", stdout=out)

    assert out.getvalue() == "6 products can be listed\n"
    assert json.loads(figures.read_text()) == {"listed": 6}
