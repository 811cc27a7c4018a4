"""Statements of an answer go through Django's cursor, and leave a transaction of the host's as it
was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.db.statements import PendingStatement, Statement, as_arrays, read_arrays
from shopreco.models import Item
from shopreco.queries.filters import parse_filters
from shopreco.retrieval.dense import NEIGHBOURS
from shopreco.services.inspection import plan_of
from shopreco.spaces.serving import active_space
from shopreco.spaces.stores import vector_store
from shopreco.spaces.stores.pgvector import literal
from tests.helpers.answers import found
from tests.helpers.index import GADGET, index
from tests.helpers.threads import in_thread
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True)

MAIN = ("FROM shopreco_lexicalentry l", "near AS MATERIALIZED", "FROM shopreco_item i WHERE i.id =")
"""Of what a search sends: the words, the nearest vectors, the facets."""
SETTINGS = "SELECT current_setting('hnsw.ef_search'), current_setting('hnsw.iterative_scan')"


@pytest.fixture(autouse=True)
def lamps() -> None:
    Gadget.objects.bulk_create([Gadget(name=f"desk lamp {n}") for n in range(5)])
    index()
    found("desk lamp")


def fetched(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def test_a_wrapper_of_the_host_sees_every_statement_of_a_search() -> None:
    seen: list[str] = []

    def spy(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(spy):
        services.search("desk lamp", catalogue=GADGET, facets=["*"])
    assert [sum(part in sql for sql in seen) for part in MAIN] == [1, 1, 1]


def test_the_log_of_a_connection_has_every_statement_with_its_parameters() -> None:
    with CaptureQueriesContext(connection) as queries:
        services.search("desk lamp", catalogue=GADGET, facets=["*"])
    logged = [query["sql"] for query in queries]
    assert [sum(part in sql for sql in logged) for part in MAIN] == [1, 1, 1]
    assert not any("%s" in sql for sql in logged)


def test_a_guard_of_the_host_forbids_every_statement() -> None:
    def deny(*args: Any) -> Any:
        raise RuntimeError("no database here")

    with connection.execute_wrapper(deny):
        page = services.search("desk lamp", catalogue=GADGET)
    assert (page.total, len(page)) == (0, 0)
    assert all("no database here" in reason for reason in page.degraded.values())
    assert page.degraded


@pytest.fixture
def kept_connection() -> Iterator[None]:
    """A connection that outlives requests and is checked in each, as in production."""
    settings = connection.settings_dict
    before = {name: settings[name] for name in ("CONN_MAX_AGE", "CONN_HEALTH_CHECKS")}
    connection.close()
    settings.update(CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=True)
    yield
    settings.update(before)
    connection.close()


@pytest.mark.usefixtures("kept_connection")
def test_a_connection_that_broke_between_two_requests_costs_the_second_nothing() -> None:
    assert len(found("desk lamp")) == 5
    assert connection.connection is not None
    pid = connection.connection.info.backend_pid
    in_thread(lambda: fetched(f"SELECT pg_terminate_backend({pid}, 5000)")).result(timeout=30)
    connection.close_if_unusable_or_obsolete()  # as Django does when a request begins
    page = services.search("desk lamp", catalogue=GADGET)
    assert (page.total, page.degraded) == (5, {})


def test_the_settings_of_a_search_end_with_it_within_a_transaction_of_the_host() -> None:
    seed, space = Gadget.objects.earliest("pk"), active_space(GADGET)
    assert space is not None
    with transaction.atomic():
        fetched("SELECT '[1]'::vector <=> '[1]'::vector")  # loads the settings of pgvector
        before = fetched(SETTINGS)
        assert services.search("desk lamp", catalogue=GADGET, facets=["*"]).total == 5
        assert fetched(SETTINGS) == before
        assert len(services.recommend(seed=seed)) == 4
        assert fetched(SETTINGS) == before
        item = Item.objects.get(catalogue=GADGET, object_id=str(seed.pk))
        scope = parse_filters(get_catalogue(GADGET), {})
        store = vector_store(space)
        vector = literal(store.vectors(space, [item.pk])[item.pk])
        nearest = store.statement(space, vector, NEIGHBOURS, scope.where())
        assert not plan_of("dense", nearest, "", measure=True).error
        assert fetched(SETTINGS) == before
        fetched("SELECT set_config('hnsw.ef_search', '77', true)")
        found("desk lamp")
        assert fetched(SETTINGS)[0] == "77"


def test_a_statement_is_sent_before_it_is_read() -> None:
    asked = PendingStatement(
        as_arrays(Statement("SELECT 1 AS n FROM pg_sleep(%s)", (0,)), {"n": "i8"})
    )
    pid = connection.connection.info.backend_pid  # type: ignore[union-attr]  # it is open

    def has_run() -> bool:
        state = f"SELECT query LIKE '%pg_sleep(0)%' FROM pg_stat_activity WHERE pid = {pid}"
        return any(fetched(state)[0] for _ in range(500))

    assert in_thread(has_run).result(timeout=30)
    assert read_arrays(asked.row(), {"n": "i8"})[0].tolist() == [1]
