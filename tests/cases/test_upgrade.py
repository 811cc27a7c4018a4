"""A shop that was indexed by an older version is found as well after `migrate`."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from shopreco.models import FacetCode

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def before() -> Any:
    """The models as they were before spellings and typed forms."""
    call_command("migrate", "shopreco", "0016", verbosity=0)
    yield MigrationExecutor(connection).loader.project_state([("shopreco", "0016_has_words")]).apps
    call_command("migrate", "shopreco", verbosity=0)


def test_spellings_and_typed_forms_are_filled_in(before: Any) -> None:
    codes = before.get_model("shopreco", "FacetCode").objects
    for value in ("", "Red", "RED ", "red", "Blue", "GRÜN", "grün"):
        codes.create(catalogue="shop.product", name="colour", value=value)
    items = before.get_model("shopreco", "Item").objects
    for number, title in enumerate(["Oak table", "Häagen-Dazs", ""]):
        items.create(
            catalogue="shop.product", object_id=str(number), title=title, group_id=number,
            outcome="indexed",
        )  # fmt: skip

    call_command("migrate", "shopreco", verbosity=0)

    firsts = FacetCode.objects.filter(first=None).values_list("value", flat=True)
    assert sorted(firsts) == ["", "Blue", "GRÜN", "Red"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT typed_title FROM shopreco_item ORDER BY object_id")
        assert [typed for (typed,) in cursor.fetchall()] == [
            "oak table", "haagen-dazs haagendazs", "",
        ]  # fmt: skip
