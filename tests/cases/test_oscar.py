"""`shopreco.contrib.oscar` with the real django-oscar, in a process with settings of its own."""

from __future__ import annotations

import pytest

from tests.helpers.suite import run_cases

pytestmark = pytest.mark.usefixtures("servers")

CASES = [f"tests/oscar_shop/cases_{each}.py" for each in ("catalogue", "events", "pages")]


def test_a_shop_of_django_oscar_works_without_a_line_of_it_changed() -> None:
    # Oscar uses what treebeard is going to remove.
    run_cases(CASES[0], "tests.oscar_shop.settings", *CASES[1:], "-W", "default")
