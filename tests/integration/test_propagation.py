"""E(K) that spreads along the links between products, end to end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from numpy.typing import NDArray

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.encoders.graph import RESTART
from shopreco.fusion import fuse
from shopreco.indexing import embeddings, propagation
from shopreco.indexing.propagation import computed_vectors
from shopreco.indexing.retention import prune
from shopreco.models import (
    Edge,
    EdgeState,
    Embedding,
    EmbeddingSpace,
    ModalityVector,
    PropagatedVector,
    RelationType,
)
from shopreco.spaces import specification
from shopreco.spaces.vectors import aligned_vectors
from tests.helpers.graph import link
from tests.helpers.index import GADGET, active_space, drain, index, item_of
from tests.helpers.locks import wait_for_locks
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

STEPS = 2
NAMES = ("Oak lamp", "Glass bulb", "Linen shade", "Brass hook", "Garden chair")
LINKS = {("Oak lamp", "Glass bulb"): 1.0, ("Oak lamp", "Linen shade"): 0.4}

Vector = NDArray[np.float32]


@pytest.fixture(autouse=True)
def _steps(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "GRAPH_STEPS": STEPS}


@pytest.fixture
def shop(settings: Any) -> dict[str, Gadget]:
    """Five gadgets in the index; a lamp is linked to its bulb and its shade, both ways."""
    gadgets = {name: Gadget.objects.create(name=name) for name in NAMES}
    index()
    for (source, target), weight in LINKS.items():
        link(gadgets[source], "has_accessory", gadgets[target], weight)
    index()
    return gadgets


def embedding(gadget: Gadget) -> Vector:
    found = Embedding.objects.get(space=active_space(), item=item_of(gadget).pk)
    return np.asarray(found.vector, dtype=np.float32)


def encoded(gadget: Gadget, modality: str) -> Vector | None:
    """What the language model made of it, before anything spread."""
    rows = ModalityVector.objects.filter(item=item_of(gadget).pk, modality=modality)
    found = rows.filter(encoder=active_space().encoder_fingerprint).first()
    return None if found is None else np.asarray(found.vector, dtype=np.float32)


def spread() -> dict[int, Vector]:
    """What is stored of it, by item."""
    rows = PropagatedVector.objects.filter(space=active_space())
    return {row.item_id: np.asarray(row.vector, dtype=np.float32) for row in rows}


def by_hand(
    shop: Mapping[str, Gadget], links: Mapping[tuple[str, str], float]
) -> dict[str, Vector]:
    """Embeddings of what is linked, by the formulas written out as dense matrices."""
    names = sorted({name for pair in links for name in pair})
    weights = np.zeros((len(names), len(names)))
    relation = RelationType.objects.get(code="has_accessory").weight
    for (source, target), weight in links.items():
        at = names.index(source), names.index(target)
        weights[at] = weights[at[::-1]] = weight * relation
    shares = weights / weights.sum(axis=1, keepdims=True)
    own = [(encoded(shop[n], "graph"), encoded(shop[n], "text")) for n in names]
    start = np.array([text if told is None else told for told, text in own])
    found = start
    for _ in range(STEPS):
        found = RESTART * start + (1 - RESTART) * shares @ found
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    texts = np.array([encoded(shop[n], "text") for n in names])
    fused = fuse({"text": texts, "graph": found}, {"text": 1.0, "graph": 0.25})
    return dict(zip(names, fused, strict=True))


def written_by() -> set[tuple[int, str]]:
    """Items and the transaction that wrote their embedding."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT item_id, xmin::text FROM shopreco_embedding WHERE space_id = %s",
            [active_space().pk],
        )
        return set(cursor.fetchall())


def test_what_is_linked_takes_on_something_of_it(shop: dict[str, Gadget], settings: Any) -> None:
    for name, expected in by_hand(shop, LINKS).items():
        assert embedding(shop[name]) == pytest.approx(expected, abs=2e-3), name
    assert spread().keys() == {item_of(shop[n]).pk for n in NAMES[:3]}
    with_steps = {name: embedding(gadget) for name, gadget in shop.items()}

    before = active_space()
    settings.SHOPRECO = {**settings.SHOPRECO, "GRAPH_STEPS": 0}
    run = index(rebuild=True)
    assert run.encoded == 0
    assert active_space().pk != before.pk
    for name, vector in with_steps.items():
        moved = float(np.linalg.norm(vector - embedding(shop[name])))
        assert (moved > 0.02) == (name in NAMES[:3]), name


def test_steps_make_another_space_and_none_the_one_before(
    shop: dict[str, Gadget], settings: Any
) -> None:
    stepped = active_space()
    assert stepped.specification.graph_steps == STEPS
    assert specification.is_current(stepped, get_catalogue(GADGET))
    settings.SHOPRECO = {k: v for k, v in settings.SHOPRECO.items() if k != "GRAPH_STEPS"}
    assert not specification.is_current(stepped, get_catalogue(GADGET))
    index(rebuild=True)
    plain = active_space()
    assert plain.specification.graph_steps == 0
    assert plain.fingerprint != stepped.fingerprint
    found = []
    for steps in (0, 1, STEPS):
        settings.SHOPRECO = {**settings.SHOPRECO, "GRAPH_STEPS": steps}
        found.append(specification.current_fingerprint(get_catalogue(GADGET)))
    assert (found[0], found[2]) == (plain.fingerprint, stepped.fingerprint)
    assert len(set(found)) == 3


def test_a_rebuild_spreads_without_encoding(shop: dict[str, Gadget]) -> None:
    before = {name: embedding(gadget) for name, gadget in shop.items()}
    assert index(rebuild=True).encoded == 0
    for name, gadget in shop.items():
        assert embedding(gadget) == pytest.approx(before[name], abs=2e-3)


def test_the_parts_of_a_score_are_those_of_what_was_fused(shop: dict[str, Gadget]) -> None:
    space = active_space()
    ids = [item_of(gadget).pk for gadget in shop.values()]
    vectors = aligned_vectors(space, ids)
    fused = fuse(vectors, space.weights)
    for vector, gadget in zip(fused, shop.values(), strict=True):
        assert embedding(gadget) == pytest.approx(vector, abs=2e-3)
    page = services.search("glass oak lamp", catalogue=GADGET, explain=True)
    for result in page.results:
        dense = sum(result.contributions.get(m, 0) for m in ("text", "graph"))
        assert dense == pytest.approx(result.parts["dense"], abs=2e-3)
    assert page.results[0].contributions["graph"] != 0


def test_a_save_keeps_what_has_spread(shop: dict[str, Gadget]) -> None:
    lamp = shop["Oak lamp"]
    kept = spread()[item_of(lamp).pk]
    lamp.text = "With a switch in the cord"
    lamp.save()
    drain()
    assert spread()[item_of(lamp).pk] == pytest.approx(kept)
    text = encoded(lamp, "text")
    assert text is not None
    expected = fuse({"text": text[None], "graph": kept[None]}, {"text": 1.0, "graph": 0.25})
    assert embedding(lamp) == pytest.approx(expected[0], abs=2e-3)
    index()
    assert embedding(lamp) == pytest.approx(by_hand(shop, LINKS)["Oak lamp"], abs=2e-3)


def test_a_link_that_goes_takes_back_what_it_brought(shop: dict[str, Gadget]) -> None:
    shade = shop["Linen shade"]
    Edge.objects.filter(target__item=item_of(shade).pk).update(state=EdgeState.REJECTED)
    index()
    assert spread().keys() == {item_of(shop[n]).pk for n in NAMES[:2]}
    assert embedding(shade) == pytest.approx(encoded(shade, "text"), abs=2e-3)
    left = {pair: weight for pair, weight in LINKS.items() if "Linen shade" not in pair}
    for name, expected in by_hand(shop, left).items():
        assert embedding(shop[name]) == pytest.approx(expected, abs=2e-3), name


def test_nothing_is_written_again_where_nothing_moved(shop: dict[str, Gadget]) -> None:
    before = written_by()
    assert propagation.propagate_links(active_space()) == 0
    assert index().encoded == 0
    assert written_by() == before


def test_a_deleted_product_spreads_no_more(shop: dict[str, Gadget]) -> None:
    shade = item_of(shop["Linen shade"]).pk
    shop["Linen shade"].delete()
    drain()
    assert shade not in spread()
    index()
    assert shade not in spread()
    assert not Embedding.objects.filter(item=shade).exists()
    left = {("Oak lamp", "Glass bulb"): 1.0}
    for name, expected in by_hand(shop, left).items():
        assert embedding(shop[name]) == pytest.approx(expected, abs=2e-3), name


def test_an_item_that_left_meanwhile_is_not_written(shop: dict[str, Gadget]) -> None:
    vector = np.eye(1, active_space().dimension, dtype=np.float32)[0]
    gone = item_of(shop["Brass hook"]).pk
    ModalityVector.objects.filter(item=gone).delete()
    Embedding.objects.filter(item=gone).delete()
    embeddings.fuse_propagated(active_space(), {gone: vector})
    assert gone not in spread()
    assert not Embedding.objects.filter(item=gone).exists()


def test_what_a_worker_replaces_meanwhile_is_left_to_the_next_run(shop: dict[str, Gadget]) -> None:
    space, (lamp, bulb) = active_space(), (item_of(shop[name]).pk for name in NAMES[:2])
    before = spread()
    other = np.eye(1, space.dimension, dtype=np.float32)[0]
    rows = ModalityVector.objects.filter(item=lamp, modality="text")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            [row] = rows
            rows.delete()
            ModalityVector.objects.bulk_create([row])
            fused = pool.submit(
                in_a_thread, embeddings.fuse_propagated, space, {lamp: other, bulb: other}
            )
            wait_for_locks()
        assert fused.result(timeout=30) == 1
    assert spread()[lamp] == pytest.approx(before[lamp])
    assert spread()[bulb] == pytest.approx(other)
    assert index().state == "done"
    assert spread()[bulb] == pytest.approx(before[bulb], abs=1e-3)


def in_a_thread(work: Callable[..., int], *arguments: object) -> int:
    try:
        return work(*arguments)
    finally:
        connections.close_all()


def test_without_a_gpu_or_with_one_it_is_the_same(shop: dict[str, Gadget]) -> None:
    pytest.importorskip("torch")
    expected = computed_vectors(active_space(), None)
    # Torch computes on the processor as it would on a GPU.
    found = computed_vectors(active_space(), "cpu")
    assert list(found.item_ids) == list(expected.item_ids)
    assert found.vectors == pytest.approx(expected.vectors, abs=1e-5)


def test_pruning_keeps_what_answers_and_a_roll_back_needs(
    shop: dict[str, Gadget], settings: Any
) -> None:
    stepped = active_space()
    settings.SHOPRECO = {**settings.SHOPRECO, "GRAPH_STEPS": 1}
    index(rebuild=True)
    assert len(spread_spaces()) == 2
    now = timezone.now() + timedelta(seconds=1)
    assert prune(get_catalogue(GADGET), keep=1, before=now)["vectors"] == 0
    assert len(spread_spaces()) == 2, "the space before can answer again"
    prune(get_catalogue(GADGET), keep=0, before=now)
    assert spread_spaces() == {active_space().pk}
    assert not EmbeddingSpace.objects.filter(pk=stepped.pk).exists()


def spread_spaces() -> set[int]:
    return set(PropagatedVector.objects.values_list("space_id", flat=True))


def test_a_roll_back_catches_up_with_the_links(shop: dict[str, Gadget], settings: Any) -> None:
    stepped = active_space()
    settings.SHOPRECO = {**settings.SHOPRECO, "GRAPH_STEPS": 0}
    index(rebuild=True)
    Edge.objects.filter(target__item=item_of(shop["Linen shade"]).pk).delete()
    run = services.activate(stepped)
    assert run is not None
    services.run_inline(run)
    left = {("Oak lamp", "Glass bulb"): 1.0}
    for name, expected in by_hand(shop, left).items():
        assert embedding(shop[name]) == pytest.approx(expected, abs=2e-3), name
    shade = shop["Linen shade"]
    assert embedding(shade) == pytest.approx(encoded(shade, "text"), abs=2e-3)


def test_without_links_nothing_spreads() -> None:
    lamp = Gadget.objects.create(name="Oak lamp")
    index()
    assert active_space().steps == STEPS
    assert propagation.propagate_links(active_space()) == 0
    assert embedding(lamp) == pytest.approx(encoded(lamp, "text"), abs=2e-3)
