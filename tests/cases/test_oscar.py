"""The how-to for django-oscar, in a process with settings of its own."""

from __future__ import annotations

import pytest

from tests.helpers.suite import run_cases

pytestmark = pytest.mark.usefixtures("servers")


def test_a_shop_of_django_oscar_is_searched_without_a_line_of_it_changed() -> None:
    # Oscar uses what treebeard is going to remove.
    run_cases("tests/oscar_shop/cases.py", "tests.oscar_shop.settings", "-W", "default")
