"""services.search on indexes of other kinds: other keys, languages, databases, vector indexes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.indexing import reindex
from shopreco.models import EmbeddingSpace, SpaceState
from shopreco.queries import query_vectors
from shopreco.retrieval import hybrid
from tests.helpers.answers import names, search
from tests.helpers.gadgets import desks_and_lamps, shirts
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget, Manual

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


def test_a_misspelt_word_is_read_as_the_nearest_known_one() -> None:
    desks_and_lamps()
    index()
    Gadget.objects.bulk_create([Gadget(name="Oak bookcase, small"), Gadget(name="A bookcase")])
    index()
    assert "Oak bookcase" in names(search("bokcase"))


def test_string_keys_in_another_database_are_found() -> None:
    for ref, title in [("a/b:c é", "Manual of the walnut lamp"), ("2", "Manual of the oak desk")]:
        Manual.objects.create(ref=ref, title=title, language="en")
    index("testapp.manual")
    page = services.search("walnut", catalogue="testapp.manual")
    assert page.degraded == {}
    assert page.results[0].object_id == "a/b:c é"
    assert page.results[0].object == Manual.objects.get(pk="a/b:c é")
    assert services.search("", catalogue="testapp.manual", filters={"language": "de"}).total == 0


def test_the_query_is_read_in_the_language_that_it_is_written_in() -> None:
    Gadget.objects.create(name="不锈钢保温杯", text="保温十二小时")
    Gadget.objects.create(name="Stainless steel cup")
    Gadget.objects.create(name="Cups of steel")
    index()
    request = RequestFactory().get("/", headers={"accept-language": "en"})
    assert names(search("不锈钢", request=request))[0] == "不锈钢保温杯"
    assert set(names(search("cup"))) >= {"Stainless steel cup", "Cups of steel"}


def test_hash_codes_find_what_vectors_find(settings: Any) -> None:
    shirts()
    index()
    expected = names(services.search("blue cotton shirt", catalogue=GADGET, limit=10))
    settings.SHOPRECO = {**settings.SHOPRECO, "VECTOR_INDEX": "binary"}
    services.run_inline(reindex.start(get_catalogue(GADGET), rebuild=True))
    space = EmbeddingSpace.objects.get(catalogue=GADGET, state=SpaceState.ACTIVE)
    assert space.vector_index == "binary"
    page = services.search("blue cotton shirt", catalogue=GADGET, limit=10)
    assert page.degraded == {}
    assert names(page) == expected
    filtered = services.search("shirt", catalogue=GADGET, filters={"available": True})
    assert filtered.degraded == {}
    assert filtered.total
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = %s", [f"shopreco_hnsw_{space.pk}"]
        )
        assert "bit_hamming_ops" in cursor.fetchone()[0]


def test_an_unknown_vector_index_is_a_check(settings: Any) -> None:
    from shopreco.conf import problems

    [(_id, _message, fix)] = problems({"VECTOR_INDEX": "flat"})
    assert fix == "It must be one of hnsw, binary."


def test_query_vectors_are_cached(django_assert_max_num_queries: Callable[..., Any]) -> None:
    desks_and_lamps()
    index()
    space = EmbeddingSpace.objects.get(state=SpaceState.ACTIVE)
    first = query_vectors.begin(space, "walnut lamp").result()
    assert query_vectors.begin(space, "walnut lamp").done()
    assert (query_vectors.begin(space, "walnut lamp").result() == first).all()
    assert hybrid.RESCORED > 0
    # Servers before 18 are asked for their search path as well; spellings are read once a minute.
    with django_assert_max_num_queries(17):
        search("walnut lamp", facets=["*"])
