"""An app adds a retriever, a stage, a run kind, an evaluation subject, a tab and a beat, each by a
line in its `AppConfig.ready`: see `tests/extension`. Here it is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client

from demo_shop.models import Product
from shopreco import services
from shopreco.admin import admin_tabs
from shopreco.answers.search import SEARCH_STAGES
from shopreco.exceptions import ConfigurationError
from shopreco.models import Placement
from shopreco.retrieval.base import RETRIEVERS
from shopreco.runs import engine
from shopreco.runs.registry import run_kinds
from shopreco.tasks import beat_schedule
from tests.helpers.demo import CATALOGUE
from tests.helpers.suite import run_cases


@pytest.mark.usefixtures("servers")
def test_where_the_app_is_installed_all_that_it_adds_works() -> None:
    run_cases("tests/extension/cases.py", "tests.extension.settings")


def test_without_the_app_nothing_of_it_is_there() -> None:
    assert not apps.is_installed("tests.extension")
    assert "cheaper" not in RETRIEVERS
    assert "pin" not in [stage.name for stage in SEARCH_STAGES]
    assert "stocktake" not in run_kinds
    assert "cheapest" not in admin_tabs
    assert "extension-stocktake" not in beat_schedule()


@pytest.mark.django_db
def test_without_the_app_its_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no run kind 'stocktake'"):
        engine.start("stocktake", catalogue=CATALOGUE, subject="stock")
    with pytest.raises(CommandError, match="invalid choice: 'listed'"):
        call_command("shopreco_evaluate", "listed", str(tmp_path))


@pytest.mark.usefixtures("shop")
def test_without_the_app_its_block_is_empty_and_says_why(admin_client: Client) -> None:
    Placement.objects.create(name="extension-block", sources=["cheaper"])
    page = services.recommend("extension-block", seed=Product.objects.all()[0])
    assert len(page) == 0
    assert page.degraded.keys() == {"neighbours"}
    assert "There is no retriever 'cheaper'" in page.degraded["neighbours"]
    tabs = admin_client.get("/admin/shopreco/item/").context["tabs"]
    assert "Cheapest" not in {link.label for link in tabs}
