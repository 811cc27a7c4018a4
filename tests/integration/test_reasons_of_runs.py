"""Reasons that a run finds, and what is none."""

from __future__ import annotations

import pytest
from django.utils import translation

from shopreco import services
from shopreco.answers.results import Reason, ResultPage
from shopreco.catalogues import get_catalogue
from shopreco.models import Edge, Provenance
from tests.helpers.graph import node_of
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget, Tag

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


def beside(seed: Gadget) -> dict[str, tuple[Reason, ...]]:
    page: ResultPage = services.recommend(seed=seed)
    assert page.degraded == {}
    return {result.object.name: result.reasons for result in page}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_yes_and_a_raw_key_are_no_reasons(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"material": "Yes", "waterproof": True, "style_general": "Hoodie", "strap_bags": "Wide"}
    tag = Tag.objects.create(name="rug")
    for name in ("Oak desk lamp", "Oak floor lamp"):
        Gadget.objects.create(name=name, attributes={**said, "fit": "Slim"}).tags.add(tag)
    words = {"fit": "Cut"}
    shop = type(get_catalogue(GADGET))
    plain = shop.get_facet_label
    monkeypatch.setattr(
        shop, "get_facet_label", lambda self, name: words.get(name) or plain(self, name)
    )
    index()
    with translation.override(language):
        found = beside(Gadget.objects.get(name="Oak desk lamp"))["Oak floor lamp"]
    assert [reason.code for reason in found] == ["same_fit"], "of all the one with words of its own"


def test_the_first_run_reads_values_in_texts() -> None:
    for name in ("Side table", "Bench"):
        Gadget.objects.create(name=name, attributes={"material": "walnut"})
    said = Gadget.objects.create(name="Walnut desk lamp")
    run = index()
    edge = Edge.objects.get(source=node_of(said), target__label="walnut")
    assert edge.provenance == Provenance.EXTRACTED
    assert run.state == "done"
    assert run.encoded == 3, "once each"
