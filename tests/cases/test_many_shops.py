"""One process answers for many shops, each in a schema of its own: none sees what is another's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.db import connection, transaction

from shopreco import services
from shopreco.db import process_cache
from shopreco.db.locks import try_lock
from shopreco.db.process_cache import BoundedCache, NotYetRead, SpaceCache
from shopreco.graph.extraction import known_values
from shopreco.graph.locks import own_graph
from shopreco.indexing.removal import drop_space
from shopreco.models import EmbeddingSpace, Item, Node
from shopreco.queries import query_vectors
from shopreco.queries.entities import NAMES, VOCABULARIES
from shopreco.spaces.serving import active_space
from tests.helpers.answers import found
from tests.helpers.index import GADGET, index
from tests.helpers.threads import in_thread
from tests.testapp.models import Gadget, Maker

pytestmark = pytest.mark.django_db(transaction=True)

PATHS = {"lamps": '"$user", public', "sofas": "sofas, public"}


@contextmanager
def shop(name: str) -> Iterator[None]:
    """As a shop does that sets the schema by hand, on a connection that it keeps."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path TO {PATHS[name]}")
        yield
        cursor.execute(f"SET search_path TO {PATHS['lamps']}")


def fill(product: str, brands: dict[str, int], material: str) -> None:
    for brand, count in brands.items():
        maker = Maker.objects.create(name=brand)
        for number in range(count):
            Gadget.objects.create(
                name=f"{product} {brand} {number}", maker=maker, attributes={"material": material}
            )
    index()


@pytest.fixture
def two_shops() -> Iterator[None]:
    """The tables of both begin their ids at 1."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS sofas CASCADE")
        cursor.execute("CREATE SCHEMA sofas")
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            if table.startswith(("shopreco_", "testapp_")):
                cursor.execute(f"TRUNCATE public.{table} RESTART IDENTITY CASCADE")
                cursor.execute(f"CREATE TABLE sofas.{table} (LIKE public.{table} INCLUDING ALL)")
                cursor.execute(f"INSERT INTO sofas.{table} SELECT * FROM public.{table}")
    cache.clear()
    with shop("lamps"):
        fill("lamp", {"Northwind": 2, "Eastlight": 1}, "brass")
    with shop("sofas"):
        fill("sofa", {"Cosy": 2, "Softline": 1}, "linen")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path TO {PATHS['lamps']}")
        cursor.execute("DROP SCHEMA sofas CASCADE")


def seen(query: str) -> dict[str, Any]:
    """What a visitor sees of a shop: totals, facets, suggestions and a block."""
    page = services.search(query, catalogue=GADGET, facets=["*"])
    assert page.degraded == {}
    block = services.recommend(seed=Gadget.objects.earliest("pk"))
    assert block.degraded == {}
    return {
        "total": page.total,
        "facets": {f.name: {v.value: v.count for v in f.values} for f in page.facets},
        "suggested": {s.text for s in services.autocomplete(query[:3], catalogue=GADGET)},
        "beside": {str(result.object).split()[0] for result in block},
    }


LAMPS = {
    "total": 3,
    "facets": {"brand": {"Northwind": 2, "Eastlight": 1}, "material": {"brass": 3}},
    "beside": {"lamp"},
}
SOFAS = {
    "total": 3,
    "facets": {"brand": {"Cosy": 2, "Softline": 1}, "material": {"linen": 3}},
    "beside": {"sofa"},
}
FOREIGN = {"lamps": {"sofa", "cosy", "softline"}, "sofas": {"lamp", "northwind", "eastlight"}}


def assert_both_see_their_own() -> None:
    for _ in range(2):
        for name, query, expected in (("lamps", "lamp", LAMPS), ("sofas", "sofa", SOFAS)):
            with shop(name):
                got = seen(query)
                assert {key: got[key] for key in expected} == expected
                assert got["suggested"]
                assert not FOREIGN[name] & {text.split()[0].casefold() for text in got["suggested"]}


@pytest.mark.usefixtures("two_shops")
def test_each_schema_sees_its_own_though_ids_are_the_same() -> None:
    pks = set()
    for name in PATHS:
        with shop(name):
            pks.add((EmbeddingSpace.objects.get().pk, Item.objects.earliest("pk").pk))
    assert len(pks) == 1
    assert_both_see_their_own()


@pytest.mark.usefixtures("two_shops")
def test_so_it_does_where_the_server_does_not_report_the_search_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As PostgreSQL before 18."""
    monkeypatch.setattr(psycopg.ConnectionInfo, "parameter_status", Mock(return_value=None))
    assert_both_see_their_own()


@pytest.mark.usefixtures("two_shops")
def test_a_facet_value_filters_the_shop_that_has_it() -> None:
    with shop("lamps"):
        assert len(found("", filters={"brand": "Northwind"})) == 2
    with shop("sofas"):
        assert found("", filters={"brand": "Northwind"}) == []
        assert len(found("", filters={"brand": "Cosy"})) == 2


@pytest.mark.usefixtures("two_shops")
def test_a_worker_reads_the_known_values_of_the_shop_that_it_works_for() -> None:
    for name, expected in (("lamps", "brass"), ("sofas", "linen"), ("lamps", "brass")):
        with shop(name):
            known = known_values(GADGET)
            assert [v.node.label for v, _exact in known.mentions("brass and linen", "en")] == [
                expected
            ]


@pytest.mark.usefixtures("two_shops")
def test_each_schema_has_indexes_of_its_own_and_drops_no_other() -> None:
    def with_indexes() -> set[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT schemaname FROM pg_indexes WHERE indexname = 'shopreco_hnsw_1' ")
            return {schema for (schema,) in cursor.fetchall()}

    assert with_indexes() == {"public", "sofas"}
    with shop("sofas"):
        EmbeddingSpace.objects.update(state="retired")
        space = EmbeddingSpace.objects.get()
        drop_space(space)
        assert with_indexes() == {"public"}
        assert active_space(GADGET) is None
    with shop("lamps"):
        assert seen("lamp")["total"] == 3


@pytest.mark.usefixtures("two_shops")
def test_work_on_one_shop_does_not_wait_for_work_on_another() -> None:
    """Advisory locks are the whole database's."""

    def in_sofas() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(f"SET search_path TO {PATHS['sofas']}")
            cursor.execute("SET lock_timeout TO '1s'")
        with transaction.atomic():
            own_graph(GADGET)
        with try_lock("run 1") as mine:
            return mine

    with transaction.atomic():
        own_graph(GADGET)
        with try_lock("run 1") as mine:
            assert mine
            assert in_thread(in_sofas).result(timeout=30)


def test_after_a_restore_ids_mean_what_they_mean_now() -> None:
    fill("lamp", {"Northwind": 2}, "brass")
    assert seen("lamp")["facets"] == {"brand": {"Northwind": 2}, "material": {"brass": 2}}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(tablename, ', ') FROM pg_tables WHERE schemaname = "
            "'public' AND tablename ~ '^(shopreco|testapp)_' AND tablename NOT IN "
            "('shopreco_relationtype')"
        )
        (tables,) = cursor.fetchone()
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
    fill("sofa", {"Cosy": 2}, "linen")
    time.sleep(1.1)  # as long as a process goes on with the space that it knows
    assert seen("sofa")["facets"] == {"brand": {"Cosy": 2}, "material": {"linen": 2}}


# What is kept


@pytest.fixture
def slow() -> tuple[SpaceCache[str], list[int]]:
    began: list[int] = []

    def read(space: EmbeddingSpace) -> str:
        began.append(space.pk)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(1.5)")
        return "read"

    return SpaceCache(read, max_size=10, size=len), began


def test_what_takes_long_is_read_once_and_no_answer_waits_for_it(
    slow: tuple[SpaceCache[str], list[int]],
) -> None:
    Gadget.objects.create(name="lamp")
    index()
    space, (kept, began) = active_space(GADGET), slow
    assert space is not None

    def waited() -> float:
        start = time.monotonic()
        with pytest.raises(NotYetRead):
            kept.of(space, patience=0.1)
        return time.monotonic() - start

    waits = [in_thread(waited) for _ in range(8)]
    assert max(each.result(timeout=30) for each in waits) < 1.4
    assert kept.of(space, patience=30) == "read"
    assert began == [space.pk]


def test_the_first_search_of_a_process_does_not_wait_for_a_large_graph(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "QUERY_DEADLINE": 0.5}
    Gadget.objects.create(name="lamp")
    space = index().space
    assert space is not None
    query_vectors.query_encoder(space)
    process_cache.clear()
    beside = connection.copy()
    with beside.cursor() as cursor:
        # Whoever reads the names waits for this.
        cursor.execute("BEGIN; LOCK TABLE shopreco_edge IN ACCESS EXCLUSIVE MODE")
        page = services.search("lamp", catalogue=GADGET)
        assert (page.total, page.degraded.keys()) == (1, {"mentions"})
        cursor.execute("COMMIT")
    beside.close()
    VOCABULARIES.of(space, patience=30)
    assert services.search("lamp", catalogue=GADGET).degraded == {}
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


def test_of_too_much_that_goes_which_was_not_used_for_the_longest() -> None:
    kept: BoundedCache[str, str] = BoundedCache(10)
    for name in "abc":
        kept.put(name, name, 3)
    kept.get("a")
    kept.put("d", "d", 3)
    assert [name for name in "abcd" if kept.get(name)] == ["a", "c", "d"]
    kept.put("large", "large", 50)
    assert [name for name in ("a", "c", "d", "large") if kept.get(name)] == ["large"]


def test_reading_the_names_of_a_graph_counts_no_holder_beyond_the_bound() -> None:
    """Neither those of a brand that everything has, nor those of other catalogues."""
    fill("lamp", {"Northwind": 2}, "brass")
    Node.objects.bulk_create(
        Node(catalogue=name, kind="brand", key="acme", label="Acme")
        for name in (GADGET, "testapp.media")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO shopreco_node (catalogue, kind, key, label, in_texts, holders)
            SELECT n.catalogue, 'item', 'g' || g, 'g' || g, true, 0
            FROM shopreco_node n CROSS JOIN generate_series(1, 3000) AS g WHERE n.key = 'acme'
            """
        )
        cursor.execute(
            """
            INSERT INTO shopreco_edge (source_id, relation_id, target_id, weight, provenance, state)
            SELECT s.id, (SELECT min(id) FROM shopreco_relationtype), t.id, 1, 'declared', 'active'
            FROM shopreco_node t JOIN shopreco_node s
                ON s.catalogue = t.catalogue AND s.kind = 'item' WHERE t.key = 'acme'
            """
        )
        cursor.execute("ANALYZE shopreco_edge, shopreco_node")
        bounds = {"max_holders": 200, "max_names": 10_000, "max_links": 300_000}
        cursor.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {NAMES}",
            {"catalogue": GADGET, "encoder": "none", **bounds},
        )
        ((plan,),) = cursor.fetchone()
    assert 201 <= edges_read(plan["Plan"]) < 300


def edges_read(plan: dict[str, Any]) -> int:
    own = plan["Actual Rows"] * plan["Actual Loops"]
    below = sum(map(edges_read, plan.get("Plans", ())))
    return below + (int(own) if plan.get("Relation Name") == "shopreco_edge" else 0)
