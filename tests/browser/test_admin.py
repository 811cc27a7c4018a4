"""The admin in a real browser: press the buttons, watch the index being rebuilt, look inside."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from demo_shop.models import Product
from shopreco import services
from shopreco.models import (
    Edge,
    EmbeddingSpace,
    Item,
    Node,
    Placement,
    Provenance,
    RelationType,
    Run,
    RunState,
    SpaceState,
)
from tests.helpers.demo import CATALOGUE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("live_shop"),
]

MANY = 150
SLOW = {"CLASS": "tests.testapp.encoders.SlowEncoder"}
THEMES = ["light", "dark"]

Axe = Callable[..., list[str]]


@pytest.fixture
def admin(page: Any, live_server: Any) -> Callable[[str], Any]:
    """`admin(path)`: the page at a path below /admin/, for a user who may do everything."""
    User.objects.create_superuser("keeper", password="keeper")  # type: ignore[attr-defined]  # the manager of a swapped user
    return log_in(page, live_server.url, "keeper")


def log_in(page: Any, address: str, name: str) -> Callable[[str], Any]:
    # Django's admin has no icon; the browser asks for one all the same.
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto(f"{address}/admin/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(name)
    page.get_by_role("button", name="Log in").click()

    def visit(path: str) -> Any:
        page.goto(f"{address}/admin/{path}")
        return page

    return visit


def picture(page: Any, name: str) -> None:
    """Keep a picture where `SHOPRECO_SCREENSHOTS` names a folder, to be looked at."""
    if folder := os.environ.get("SHOPRECO_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"admin-{name}.png", full_page=True)


@pytest.fixture
def axe() -> Axe:
    """As everywhere, but without reading style sheets again: Django's forms.css imports another,
    and axe would write both into the page, which its Content-Security-Policy forbids. And without
    Django's breadcrumbs, whose links stand out by their colour alone where their words are few."""

    def violations(page: Any, rule: str = "") -> list[str]:
        from axe_playwright_python.sync_playwright import Axe as Runner

        breadcrumbs = {"exclude": [[".breadcrumbs"]]}
        only = {"runOnly": {"type": "rule", "values": [rule]}} if rule else {}
        found = Runner().run(page, breadcrumbs, {"preload": False, **only}).response["violations"]
        return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]

    return violations


@pytest.fixture
def many(live_shop: None, settings: Any) -> None:
    """Enough objects, and a slow enough model, to watch."""
    settings.SHOPRECO = {**settings.SHOPRECO, "TEXT_ENCODER": SLOW}
    Product.objects.bulk_create(
        Product(sku=f"M-{n}", slug=f"m-{n}", title=f"Mirror number {n}", price=n, stock=1)
        for n in range(MANY)
    )


@pytest.mark.slow
@pytest.mark.usefixtures("many")
def test_rebuild_is_watched_cancelled_resumed_and_watched_to_the_end(
    admin: Callable[[str], Any], start_worker: Any, axe: Axe
) -> None:
    before = EmbeddingSpace.objects.get(state=SpaceState.ACTIVE)
    start_worker(SHOPRECO_TEST_BATCH_SIZE="10")
    page = admin("shopreco/run/")
    overview = page.locator("section", has=page.get_by_role("heading", name="Catalogues"))
    shop = overview.locator(".shopreco-part-of", has=page.get_by_role("heading", name=CATALOGUE))
    picture(page, "runs")
    shop.get_by_role("link", name="Rebuild with the current model").click()

    page.get_by_text(f"all, about {MANY + 12}").wait_for()
    picture(page, "confirm")
    assert axe(page) == []
    page.get_by_role("button", name="Rebuild").click()

    page.get_by_text("Encoding and writing what differs.").wait_for()
    done = page.locator('[data-shopreco="done"]')
    seen = int(done.inner_text())
    page.wait_for_function(
        "seen => Number(document.querySelector('[data-shopreco=done]').textContent) > seen",
        arg=seen,
    )
    page.wait_for_function(
        r"() => /^\d+:\d\d$/.test(document.querySelector('[data-shopreco=left]').textContent)"
    )
    assert re.match(r"[\d.]+$", page.locator('[data-shopreco="rate"]').inner_text())
    assert page.locator("progress").get_attribute("max") == str(MANY + 12)
    picture(page, "running")
    assert axe(page) == []

    page.get_by_role("button", name="Cancel this run").click()
    page.get_by_text("Workers stop after the batch in hand.").wait_for()
    run = Run.objects.latest("id")
    assert run.state == RunState.CANCELLED
    picture(page, "cancelled")
    assert not page.get_by_role("button", name="Cancel this run").is_visible()
    page.get_by_role("button", name="Resume this run").click()

    page.get_by_text("Answers come from the new version.").wait_for(timeout=60_000)
    assert done.inner_text() == str(MANY + 12)
    assert not page.get_by_role("button", name=re.compile("this run")).is_visible()
    picture(page, "done")
    assert axe(page) == []
    run.refresh_from_db()
    # On a busy machine a lease may end before its batch does: then that is encoded twice.
    assert (run.state, run.failed) == (RunState.DONE, 0)
    assert run.encoded >= MANY + 12
    before.refresh_from_db()
    assert before.state == SpaceState.RETIRED


def test_the_page_says_when_the_session_has_ended(
    admin: Callable[[str], Any], browser: Any
) -> None:
    run = services.reindex(CATALOGUE)
    page = admin(f"shopreco/run/{run.pk}/change/")
    page.get_by_text("Waiting for a worker.").wait_for()
    browser.clear_cookies()
    page.get_by_text("Your session has ended").wait_for()


def test_a_failed_run_shows_its_error(admin: Callable[[str], Any], axe: Axe) -> None:
    run = services.reindex(CATALOGUE)
    page = admin(f"shopreco/run/{run.pk}/change/")
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED, error="ValueError: boom")
    page.get_by_text("ValueError: boom").wait_for()
    assert page.get_by_role("button", name="Resume this run").is_visible()
    assert axe(page) == []


def test_pages_are_accessible_in_both_themes(
    admin: Callable[[str], Any], axe: Axe, page: Any
) -> None:
    Item.objects.filter(title="Brass desk lamp").update(outcome="failed", reason="ValueError: no")
    Item.objects.filter(title="Linen cushion").update(outcome="skipped", reason="by weight only")
    item, space = Item.objects.get(title="Steel desk lamp"), EmbeddingSpace.objects.get()
    node, steel, _found = found_in_a_text()
    block = Placement.objects.create(name="my-block", sources=["dense"])
    found = {}
    for name, path in {
        "items": "shopreco/item/",
        "items-found": "shopreco/item/?q=lamp&state=indexed",
        "item": f"shopreco/item/{item.pk}/change/",
        "spaces": "shopreco/embeddingspace/",
        "space": f"shopreco/embeddingspace/{space.pk}/change/",
        "overview": "shopreco/run/",
        "nodes": "shopreco/node/",
        "graph": f"shopreco/node/{node.pk}/change/",
        "value": f"shopreco/node/{steel.pk}/change/",
        "merge": f"shopreco/node/{steel.pk}/merge/",
        "extracted": "shopreco/edge/",
        "relations": "shopreco/relationtype/",
        "placements": "shopreco/placement/",
        "placement": f"shopreco/placement/{block.pk}/change/",
        "console": f"shopreco/item/console/?catalogue={CATALOGUE}&q=brass+desk+lamp&measure=on",
    }.items():
        admin(path)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.evaluate("document.getAnimations().forEach((fading) => fading.finish())")
            picture(page, f"{name}-{theme}")
            rule = "" if theme == THEMES[0] else "color-contrast"
            found[f"{name} {theme}"] = axe(page, rule)
    assert found == {name: [] for name in found}


def found_in_a_text() -> tuple[Node, Node, Edge]:
    """A lamp, a material, and an edge between them that waits for a decision."""
    lamp = Node.objects.get(item__title="Brass desk lamp")
    steel = Node.objects.get(kind="material", label="steel")
    material = RelationType.objects.get(code="has_material")
    edge = Edge.objects.create(
        source=lamp, relation=material, target=steel, provenance=Provenance.EXTRACTED, weight=0.45
    )
    return lamp, steel, edge


def test_an_edge_is_added_by_suggestion_and_another_rejected(
    admin: Callable[[str], Any], page: Any, axe: Axe
) -> None:
    lamp, _steel, found = found_in_a_text()
    admin(f"shopreco/node/{lamp.pk}/change/")
    assert axe(page) == []
    page.get_by_role("button", name="Reject material: steel").click()
    page.get_by_text("1 relation is rejected").wait_for()
    found.refresh_from_db()
    assert found.state == "rejected"

    page.get_by_role("region", name="Add a relation").get_by_label("Relation").select_option(
        label="material"
    )
    page.get_by_role("combobox", name="To: Search for a product or value").click()
    page.get_by_role("searchbox").last.fill("fenn")
    page.get_by_role("option", name="Fennel (brand)").click()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("is added").wait_for()
    added = Edge.objects.get(source=lamp, target__label="Fennel", relation__code="has_material")
    assert (added.provenance, added.state) == ("curated", "confirmed")
    assert axe(page) == []

    drawing = page.get_by_role("group", name="Brass desk lamp and its neighbours")
    drawing.get_by_role("link", name="Fennel").first.click()
    page.get_by_role("heading", name="Fennel", exact=True).wait_for()


def test_the_console_is_used_by_keyboard(admin: Callable[[str], Any], page: Any) -> None:
    admin("shopreco/item/console/")
    page.get_by_label("Catalogue").select_option(CATALOGUE)
    query = page.get_by_label("Query")
    query.fill("velvet cushion")
    query.press("Enter")
    results = page.get_by_role("region", name=re.compile("result"))
    assert "Velvet cushion" in results.get_by_role("row").nth(1).inner_text()
    page.get_by_label("Filters").fill("price_max = much")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("must be a number").wait_for()


def test_selected_items_are_reindexed_by_a_worker(
    admin: Callable[[str], Any], page: Any, start_worker: Any, wait_until: Any
) -> None:
    start_worker()
    stale = {"title": "out of date", "typed_title": "out of date", "hashes": {}}
    Item.objects.filter(title="Brass desk lamp").update(**stale)
    admin("shopreco/item/?q=out of date")
    page.get_by_role("checkbox").nth(1).check()
    page.locator("select[name=action]").select_option(label="Re-index selected products")
    page.get_by_role("button", name="Go").click()
    page.get_by_text("1 object will be indexed again.").wait_for()
    wait_until(Item.objects.filter(title="Brass desk lamp").exists)


def test_a_viewer_sees_progress_and_no_button(page: Any, live_server: Any, axe: Axe) -> None:
    viewer = User.objects.create_user("viewer", password="viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    run = services.reindex(CATALOGUE)
    visit = log_in(page, live_server.url, "viewer")
    visit(f"shopreco/run/{run.pk}/change/")
    page.get_by_text("Waiting for a worker.").wait_for()
    assert page.get_by_role("button", name=re.compile("this run")).count() == 0
    visit("shopreco/run/")
    assert page.get_by_role("link", name=re.compile("Re-index|Rebuild|Watch")).count() == 0
    assert axe(page) == []
