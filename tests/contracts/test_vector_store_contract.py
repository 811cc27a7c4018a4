"""What every vector store promises, and that a search answers the same with any of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from numpy.typing import NDArray

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.db import process_cache
from shopreco.exceptions import ShopRecoError
from shopreco.indexing.spaces import create_space
from shopreco.models import Embedding, EmbeddingSpace, Item, SpaceState
from shopreco.spaces.stores import STORES, delete_embeddings, vector_store
from shopreco.spaces.stores.base import EmbeddingRow, VectorStore
from shopreco.spaces.stores.pgvector import PgvectorStore, literal
from tests.helpers.memory_store import MemoryStore, in_place_of_pgvector
from tests.testapp.models import Gadget, Maker

pytestmark = pytest.mark.django_db(transaction=True)

GADGET = "testapp.gadget"
NUMBER = 12


def index() -> None:
    run = services.run_inline(services.reindex(GADGET))
    assert (run.state, run.failed) == ("done", 0)


@pytest.fixture
def items() -> list[Item]:
    """Twelve items, of which four are not available."""
    Gadget.objects.bulk_create([Gadget(name=f"lamp {n}", stock=n < 8) for n in range(NUMBER)])
    index()
    found = list(Item.objects.filter(catalogue=GADGET).order_by("id"))
    assert [item.available for item in found].count(True) == 8
    return found


@pytest.fixture(params=["hnsw", "binary", "memory", "memory that finds three at once"])
def store(request: pytest.FixtureRequest, settings: Any) -> Iterator[VectorStore]:
    if request.param.startswith("memory"):
        memory = MemoryStore() if request.param == "memory" else MemoryStore(3)
        with in_place_of_pgvector(memory):
            yield memory
    else:
        settings.SHOPRECO = {**settings.SHOPRECO, "VECTOR_INDEX": request.param}
        yield STORES.get(request.param)


@pytest.fixture
def space(store: VectorStore, items: list[Item]) -> EmbeddingSpace:
    """A new space beside the active one, without embeddings."""
    new = create_space(get_catalogue(GADGET))
    assert new.state == SpaceState.BUILDING
    assert vector_store(new) is store
    return new


def unit_vectors(space: EmbeddingSpace, number: int, seed: int = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(number, space.dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def write(space: EmbeddingSpace, ids: Sequence[int], vectors: NDArray[np.float32]) -> None:
    rows = [EmbeddingRow(i, "hash", vector) for i, vector in zip(ids, vectors, strict=True)]
    with transaction.atomic():
        vector_store(space).write(space, rows, ids)


@pytest.fixture
def vectors(space: EmbeddingSpace, items: list[Item]) -> NDArray[np.float32]:
    """The embeddings of the items, written."""
    found = unit_vectors(space, NUMBER)
    write(space, ids_of(items), found)
    return found


def ids_of(items: Sequence[Item]) -> list[int]:
    return [item.pk for item in items]


AVAILABLE = ("(i.available = %s)", (True,))


def test_the_nearest_are_the_exact_ones_in_order(
    store: VectorStore, space: EmbeddingSpace, items: list[Item], vectors: NDArray[np.float32]
) -> None:
    store.build(space)
    for query in unit_vectors(space, 5, seed=1):
        expected = vectors @ query
        order = np.argsort(-expected)[:3]
        hits = store.nearest(space, query, 3)
        assert hits.item_ids.tolist() == [items[n].pk for n in order]
        assert hits.group_ids.tolist() == [items[n].group_id for n in order]
        assert hits.scores == pytest.approx(expected[order], abs=2e-3)


def test_a_condition_applies_before_the_limit(
    store: VectorStore, space: EmbeddingSpace, items: list[Item], vectors: NDArray[np.float32]
) -> None:
    store.build(space)
    query = vectors[-1]
    expected = [items[n].pk for n in np.argsort(-(vectors @ query)) if items[n].available]
    hits = store.nearest(space, query, 3, AVAILABLE)
    assert hits.item_ids.tolist() == expected[:3]
    every = store.nearest(space, query, 3 * NUMBER, AVAILABLE)
    assert every.item_ids.tolist() == expected
    one = store.nearest(space, query, 3, ("i.id = %s", (items[0].pk,)))
    assert one.item_ids.tolist() == [items[0].pk]
    assert len(store.nearest(space, query, 3, ("FALSE", ()))) == 0


def test_equally_near_items_come_in_the_order_of_their_ids(
    store: VectorStore, space: EmbeddingSpace, items: list[Item]
) -> None:
    [vector] = unit_vectors(space, 1)
    write(space, ids_of(items)[::-1], np.repeat(vector[None], NUMBER, axis=0))
    assert store.nearest(space, vector, 2 * NUMBER).item_ids.tolist() == ids_of(items)


def test_more_than_there_are_is_all_of_them(
    store: VectorStore, space: EmbeddingSpace, items: list[Item], vectors: NDArray[np.float32]
) -> None:
    store.build(space)
    hits = store.nearest(space, vectors[0], 100)
    assert sorted(hits.item_ids.tolist()) == ids_of(items)
    assert (np.diff(hits.scores) <= 0).all()


def test_an_empty_space_answers_nothing(
    store: VectorStore, space: EmbeddingSpace, items: list[Item]
) -> None:
    store.build(space)
    [query] = unit_vectors(space, 1)
    assert len(store.nearest(space, query, 5)) == 0
    assert len(store.nearest(space, query, 5, AVAILABLE)) == 0
    assert store.vectors(space, ids_of(items)) == {}
    assert np.isnan(store.scores(space, ids_of(items), query)).all()
    assert store.scores(space, [], query).shape == (0,)
    assert sum(store.drop(space, 5)) == 0


def test_scores_are_exact_and_unknown_where_there_is_no_embedding(
    store: VectorStore, space: EmbeddingSpace, items: list[Item], vectors: NDArray[np.float32]
) -> None:
    [query] = unit_vectors(space, 1, seed=2)
    asked = [items[4].pk, max(ids_of(items)) + 1, items[0].pk]
    scores = store.scores(space, asked, query)
    assert scores.dtype == float
    expected = [vectors[4] @ query, np.nan, vectors[0] @ query]
    assert scores == pytest.approx(expected, abs=2e-3, nan_ok=True)


def test_stored_vectors_are_given_back(
    store: VectorStore, space: EmbeddingSpace, items: list[Item], vectors: NDArray[np.float32]
) -> None:
    found = store.vectors(space, [items[2].pk, max(ids_of(items)) + 1])
    assert list(found) == [items[2].pk]
    assert found[items[2].pk].dtype == np.float32
    assert found[items[2].pk] == pytest.approx(vectors[2], abs=1e-3)


def test_a_write_replaces_what_its_items_had(
    store: VectorStore, space: EmbeddingSpace, items: list[Item], vectors: NDArray[np.float32]
) -> None:
    store.build(space)
    first, second = items[0].pk, items[1].pk
    row = EmbeddingRow(first, "again", vectors[1])
    for _again in range(2):
        with transaction.atomic():
            store.write(space, [row], [first, second])
        hits = store.nearest(space, vectors[1], 1)
        assert hits.item_ids.tolist() == [first]
        assert set(store.vectors(space, [first, second])) == {first}
    with transaction.atomic():
        store.write(space, [], [])
    assert len(store.nearest(space, vectors[1], 100)) == NUMBER - 1


def test_deleted_items_are_in_no_space(
    store: VectorStore, space: EmbeddingSpace, items: list[Item], vectors: NDArray[np.float32]
) -> None:
    gone = ids_of(items[:3])
    delete_embeddings(gone)
    assert store.vectors(space, gone) == {}
    assert len(store.nearest(space, vectors[0], 100)) == NUMBER - 3
    delete_embeddings([])
    active = EmbeddingSpace.objects.get(state=SpaceState.ACTIVE)
    assert vector_store(active).vectors(active, gone) == {}


def test_an_item_that_is_no_longer_there_is_not_found(
    store: VectorStore, space: EmbeddingSpace, items: list[Item], vectors: NDArray[np.float32]
) -> None:
    gone = items[0].pk
    items[0].delete()
    assert gone not in store.nearest(space, vectors[0], 100).item_ids.tolist()


def test_spaces_are_apart(
    store: VectorStore, space: EmbeddingSpace, items: list[Item], vectors: NDArray[np.float32]
) -> None:
    active = EmbeddingSpace.objects.get(state=SpaceState.ACTIVE)
    store.create(active)
    moved = -vectors[:2]
    write(active, ids_of(items[:2]), moved)
    assert store.nearest(space, vectors[0], 1).scores == pytest.approx([1.0], abs=2e-3)
    assert store.nearest(active, moved[0], 1).item_ids.tolist() == [items[0].pk]
    sum(store.drop(active, 100))
    assert len(store.nearest(space, vectors[0], 100)) == NUMBER


def test_an_index_is_built_once_and_again_after_a_change(
    store: VectorStore, space: EmbeddingSpace, items: list[Item], vectors: NDArray[np.float32]
) -> None:
    store.build(space)
    size = store.size(space)
    store.build(space)
    assert store.size(space) == size
    write(space, [items[0].pk], vectors[1:2])
    hits = store.nearest(space, vectors[1], 2)
    assert sorted(hits.item_ids.tolist()) == ids_of(items[:2])


def test_the_size_says_how_much_there_is(
    store: VectorStore, space: EmbeddingSpace, vectors: NDArray[np.float32]
) -> None:
    # Half precision: two bytes a dimension.
    assert store.size(space) >= NUMBER * space.dimension * 2
    sum(store.drop(space, 100))
    assert store.size(space) == 0


def test_a_space_is_dropped_in_chunks_and_again_where_it_was_left(
    store: VectorStore, space: EmbeddingSpace, items: list[Item], vectors: NDArray[np.float32]
) -> None:
    store.build(space)
    steps = store.drop(space, 5)
    assert next(steps) == 5
    assert len(store.vectors(space, ids_of(items))) == NUMBER - 5
    steps.close()  # type: ignore[attr-defined]  # the stores are generators
    rest = list(store.drop(space, 5))
    assert sum(rest) == NUMBER - 5
    assert max(rest) <= 5
    assert store.vectors(space, ids_of(items)) == {}
    assert len(store.nearest(space, vectors[0], 5)) == 0


def test_a_new_space_does_not_have_the_index_of_an_earlier_one(
    store: VectorStore, space: EmbeddingSpace
) -> None:
    store.build(space)
    store.create(space)
    assert store.size(space) == 0


def test_a_statement_finds_what_the_store_finds(
    store: VectorStore, space: EmbeddingSpace, vectors: NDArray[np.float32]
) -> None:
    if not store.supports_joint_scoring:
        with pytest.raises(ShopRecoError, match="MemoryStore"):
            store.statement(space, literal(vectors[0]), 3)
        return
    sql, params = store.statement(space, literal(vectors[0]), 3, AVAILABLE)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT item_id, -distance FROM ({sql}) AS near", params)
        rows = sorted(cursor.fetchall(), key=lambda row: -row[1])
    hits = store.nearest(space, vectors[0], 3, AVAILABLE)
    assert [row[0] for row in rows] == hits.item_ids.tolist()
    assert [row[1] for row in rows] == pytest.approx(hits.scores.tolist())


# A shop in another store

QUERIES = ["desk lamp", "brass", "oak desk for the home", "hose", "acme", "something to sit on"]
FILTERS: list[dict[str, Any]] = [{}, {"brand": "Acme"}, {"available": True}, {"price_max": 60}]


def fill() -> None:
    makers = [Maker.objects.create(name=name) for name in ("Acme", "Bolt")]
    materials = ("oak", "brass", "walnut", "steel")
    things = ("desk lamp", "desk", "bookcase", "garden hose", "chair", "stool")
    for n in range(24):
        thing, material = things[n % 6], materials[n % 4]
        Gadget.objects.create(
            name=f"{material.capitalize()} {thing} {n}",
            text=f"A {thing} of {material} for the home.",
            maker=makers[n % 2],
            path=f"Home > {thing.capitalize()}s",
            attributes={"material": material},
            price=10 + 5 * n,
            stock=n % 5,
        )


def answers() -> list[Any]:
    """Every search and block of this shop, in a process that has not answered yet."""
    found: list[Any] = []
    cache.clear()
    process_cache.clear()
    for query in QUERIES:
        for filters in FILTERS:
            page = services.search(query, catalogue=GADGET, filters=filters, facets=["*"])
            assert page.degraded == {}
            found.append((query, filters, page.total, named(page)))
    seeds = Gadget.objects.order_by("name")[:6]
    return found + [(seed.name, named(services.recommend(seed=seed))) for seed in seeds]


def named(page: services.ResultPage) -> list[tuple[str, Any]]:
    """What a page shows, with the score to the third decimal."""
    return [(str(each.object), pytest.approx(each.score, abs=1e-3)) for each in page]


@pytest.mark.parametrize("most_at_once", [16_384, 20])
def test_a_shop_answers_the_same_from_another_store(most_at_once: int) -> None:
    fill()
    index()
    expected = answers()
    assert all(page for *_query, page in expected[: len(FILTERS)])
    memory = MemoryStore(most_at_once)
    with in_place_of_pgvector(memory):
        services.run_inline(services.rebuild(GADGET))
        space = EmbeddingSpace.objects.get(state=SpaceState.ACTIVE)
        assert not Embedding.objects.filter(space=space).exists()
        assert memory.size(space) == 24 * space.dimension * 2
        with CaptureQueriesContext(connection) as queries:
            assert answers() == expected
        assert not any("shopreco_embedding " in query["sql"] for query in queries)
        Gadget.objects.all().delete()
        services.run_inline(services.reindex(GADGET))
        assert memory.size(space) == 0


def test_both_kinds_of_index_are_in_one_store() -> None:
    assert {type(store) for _kind, store in STORES.items()} == {PgvectorStore}
    assert len({id(store) for _kind, store in STORES.items()}) == 1
