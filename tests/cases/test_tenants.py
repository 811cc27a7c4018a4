"""A platform of shops by django-tenants, in a process with settings of its own."""

from __future__ import annotations

import pytest

from tests.helpers.suite import run_cases

pytestmark = pytest.mark.usefixtures("servers")


def test_with_django_tenants_every_shop_has_its_own() -> None:
    run_cases("tests/tenants/cases.py", "tests.tenants.settings")
