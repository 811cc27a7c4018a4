"""E(K): what the graph says of an item beyond its own text is encoded, and kept up to date."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.graph import neighbourhoods
from shopreco.indexing import outbox
from shopreco.models import (
    Edge,
    EdgeState,
    Embedding,
    EmbeddingSpace,
    ModalityVector,
    SpaceState,
)
from tests.helpers.graph import link
from tests.helpers.index import GADGET, drain, index, item_of
from tests.testapp.models import Gadget, Maker

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


def told(gadget: Gadget) -> str:
    catalogue = get_catalogue(GADGET)
    documents = {str(gadget.pk): catalogue.document(gadget)}
    return neighbourhoods.neighbourhoods(GADGET, documents)[str(gadget.pk)]


def vector(gadget: Gadget) -> ModalityVector | None:
    return ModalityVector.objects.filter(
        item=item_of(gadget), modality="graph", vector__isnull=False
    ).first()


@pytest.fixture
def lamp() -> Gadget:
    return Gadget.objects.create(name="Oak lamp", attributes={"material": "oak"})


@pytest.fixture
def bulb() -> Gadget:
    return Gadget.objects.create(name="Glass bulb")


def test_what_the_item_says_itself_is_not_told_again(lamp: Gadget) -> None:
    lamp.maker = Maker.objects.create(name="Acme")
    lamp.save()
    index()
    assert Edge.objects.filter(source__item=item_of(lamp)).count() == 2
    assert told(lamp) == ""
    assert vector(lamp) is None
    # Somebody says that it is so: of the brand, that the text does not say.
    Edge.objects.filter(source__item=item_of(lamp)).update(state=EdgeState.CONFIRMED)
    assert told(lamp) == "brand: Acme"


def test_a_link_is_told_from_both_ends(lamp: Gadget, bulb: Gadget) -> None:
    index()
    link(bulb, "accessory_of", lamp)
    assert told(bulb) == "accessory of: Oak lamp"
    assert told(lamp) == "has accessory: Glass bulb"
    services.reindex_objects(GADGET, [str(lamp.pk), str(bulb.pk)])
    before = np.asarray(Embedding.objects.get(item=item_of(bulb)).vector)
    drain()
    after = np.asarray(Embedding.objects.get(item=item_of(bulb)).vector)
    assert vector(bulb) is not None
    assert float(before @ after) < 0.999, "the graph moved the vector"
    [first, *_others] = services.search("glass oak lamp", catalogue=GADGET, explain=True).results
    assert first.contributions["graph"] != 0


def test_a_rejected_edge_is_not_told(lamp: Gadget, bulb: Gadget) -> None:
    index()
    edge = link(bulb, "accessory_of", lamp)
    edge.state = EdgeState.REJECTED
    edge.save()
    assert told(bulb) == told(lamp) == ""


def test_another_title_is_told_by_the_neighbours(lamp: Gadget) -> None:
    shade = Gadget.objects.create(name="Linen shade", parent=lamp)
    index()
    before = vector(lamp)
    assert before is not None
    assert told(lamp) == "has variant: Linen shade"
    shade.name = "Paper shade"
    shade.save()
    drain()
    after = vector(lamp)
    assert after is not None
    assert after.content_hash != before.content_hash
    assert not outbox.any_claimable(GADGET)


def test_a_link_that_the_catalogue_no_longer_declares_is_told_by_neither(lamp: Gadget) -> None:
    shade = Gadget.objects.create(name="Linen shade", parent=lamp)
    index()
    shade.parent = None
    shade.save()
    drain()
    assert told(lamp) == told(shade) == ""
    assert vector(lamp) is None
    assert vector(shade) is None


def test_after_one_run_the_next_encodes_nothing(lamp: Gadget) -> None:
    for number in range(12):
        Gadget.objects.create(name=f"Shade {number}", parent=lamp)
    index()
    again = index()
    assert (again.state, again.encoded) == ("done", 0)


def test_without_weight_nothing_is_encoded(lamp: Gadget, settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "MODALITY_WEIGHTS": {"BETA": 0.0}}
    Gadget.objects.create(name="Linen shade", parent=lamp)
    index()
    assert not ModalityVector.objects.filter(modality="graph").exists()
    space = EmbeddingSpace.objects.get(catalogue=GADGET, state=SpaceState.ACTIVE)
    assert space.weights == {"text": 1.0}
