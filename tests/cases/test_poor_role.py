"""A web process whose role may read and write rows and nothing else, and extensions in a schema of
their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import DatabaseError, connection

from shopreco import services
from shopreco.db.extensions import RequireExtension
from shopreco.indexing.marks import pending
from tests.helpers.answers import found
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget, Maker

pytestmark = pytest.mark.django_db(transaction=True)

ROLE, APART = "shopreco_web", "extensions_apart"


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def connect() -> Iterator[Callable[..., None]]:
    """`connect(role=…, path=…)`: connections of this process are made so from now on."""
    options: dict[str, Any] = connection.settings_dict["OPTIONS"]
    before = dict(options)

    def connect(role: str | None = None, path: str | None = None) -> None:
        connection.close()
        options.clear()
        options.update(before)
        if role:
            options["assume_role"] = role
        if path:
            options["options"] = f"-c search_path={path}"

    yield connect
    connect()


@pytest.fixture
def extensions_apart(connect: Callable[..., None]) -> Iterator[None]:
    names = ("vector", "pg_trgm")
    execute(
        f"CREATE SCHEMA {APART}",
        *(f"ALTER EXTENSION {name} SET SCHEMA {APART}" for name in names),
        f"DROP ROLE IF EXISTS {ROLE}",
        f"CREATE ROLE {ROLE}",
        f"GRANT USAGE ON SCHEMA public, {APART} TO {ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}",
    )
    yield
    connect()
    execute(
        *(f"ALTER EXTENSION {name} SET SCHEMA public" for name in names),
        f"DROP OWNED BY {ROLE}",
        f"DROP ROLE {ROLE}",
        f"DROP SCHEMA {APART}",
    )


@pytest.mark.usefixtures("extensions_apart")
def test_a_web_process_needs_no_more_than_rows(connect: Callable[..., None]) -> None:
    path = f"public,{APART}"
    connect(path=path)
    maker = Maker.objects.create(name="Northwind")
    for number in range(4):
        Gadget.objects.create(name=f"desk lamp {number}", maker=maker)
    run = index()
    assert (run.state, run.failed) == ("done", 0)
    connect(role=ROLE, path=path)
    with pytest.raises(DatabaseError, match="permission denied"):
        execute("CREATE TABLE public.mine (id int)")
    page = services.search("desk lamp", catalogue=GADGET, facets=["*"], sort="price_asc")
    assert (page.total, page.degraded) == (4, {})
    assert services.search("deks lamp", catalogue=GADGET).total == 4
    block = services.recommend(seed=Gadget.objects.earliest("pk"))
    assert (len(block), block.degraded) == (3, {})
    assert services.autocomplete("nor", catalogue=GADGET)
    assert list(services.missing_extensions()) == []
    Gadget.objects.create(name="desk lamp 4")
    assert pending(GADGET) == 1
    connect(path=path)
    index()
    assert len(found("desk lamp")) == 5


@pytest.mark.usefixtures("extensions_apart")
def test_extensions_that_are_out_of_sight_are_named_with_the_fix(
    connect: Callable[..., None],
) -> None:
    connect(path="public")
    assert any(APART in reason for reason in services.missing_extensions())
    with (
        connection.schema_editor(atomic=False) as editor,
        pytest.raises(CommandError, match=f"'{APART}'.*ALTER EXTENSION vector SET SCHEMA"),
    ):
        RequireExtension("vector").database_forwards("shopreco", editor, None, None)
