"""A shop's attributes and the filters that every shop has do not take each other's names."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks

from shopreco import services
from shopreco.api.parameters import SearchParameters
from shopreco.catalogues import Attributes, Catalogue, Filter, Text, Title
from shopreco.catalogues.fields import RESERVED
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget, Maker

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


def facets(**options: Any) -> dict[str, dict[str, int]]:
    page = services.search("table", catalogue=GADGET, facets=["*"], **options)
    assert page.degraded == {}
    return {each.label: {v.value: v.count for v in each.values} for each in page.facets}


def chosen(**filters: Any) -> list[str]:
    return [str(r.object) for r in services.search("table", catalogue=GADGET, filters=filters)]


def test_an_attribute_called_language_is_a_property_of_a_book() -> None:
    Gadget.objects.create(name="Table of German verbs", attributes={"language": "German"})
    Gadget.objects.create(name="Table of English verbs", attributes={"language": "English"})
    index()

    assert facets()["Language"] == {"German": 1, "English": 1}
    assert chosen(**{"attribute.language": "German"}) == ["Table of German verbs"]
    assert len(chosen(language="en")) == 2


def test_an_attribute_may_have_the_name_of_any_filter() -> None:
    Gadget.objects.create(name="Table", price=100, attributes=dict.fromkeys(RESERVED, "A"))
    Gadget.objects.create(name="Table, large", price=200, attributes=dict.fromkeys(RESERVED, "B"))
    index()
    for name in RESERVED:
        assert chosen(**{f"attribute.{name}": "A"}) == ["Table"]
        both = {f"attribute.{name}": ["A", "B"], "price_min": 150}
        assert chosen(**both) == ["Table, large"]


def test_an_attribute_does_not_replace_what_is_declared() -> None:
    maker = Maker.objects.create(name="House 59")
    Gadget.objects.create(name="Table", maker=maker, attributes={"brand": "Generic"})
    index()
    assert chosen(brand="House 59") == ["Table"]
    assert chosen(**{"attribute.brand": "Generic"}) == ["Table"]


def test_all_parameters_of_a_search_are_reserved() -> None:
    assert SearchParameters().fields.keys() <= RESERVED


def test_the_log_names_a_filter_that_no_item_has(caplog: pytest.LogCaptureFixture) -> None:
    Gadget.objects.create(name="Shirt", attributes={"Colour": "blue"})
    index()
    page = services.search("shirt", catalogue=GADGET, filters={"colour": "blue"})
    assert (page.total, page.degraded) == (0, {})
    assert "Did you mean 'Colour'?" in caplog.text
    caplog.clear()
    for known in ({"Colour": "red"}, {"brand": "Acme"}, {"price_max": 1}):
        assert services.search("shirt", catalogue=GADGET, filters=known).total == 0
    assert "ever had" not in caplog.text


def found(catalogue: type[Catalogue]) -> dict[str | None, str]:
    return {
        each.id: each.msg for each in catalogue.check() if isinstance(each, checks.CheckMessage)
    }


def test_a_facet_with_a_filters_name_is_an_error() -> None:
    class Books(Catalogue):
        model = Gadget
        title = Title("name")
        language = Filter("maker.name")
        attributes = Attributes()

    assert "shopreco.E009" in found(Books)


def test_a_path_through_a_method_is_a_warning_until_what_it_reads_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Gadgets(Catalogue):
        model = Gadget
        title = Title("name")
        brand = Filter("maker.get_group.name")
        own = Text("get_text")

    class Watched(Gadgets):
        reindex_on = ("maker",)

    monkeypatch.setattr(Maker, "get_group", lambda self: self, raising=False)
    monkeypatch.setattr(Gadget, "get_text", lambda self: self.name, raising=False)
    assert "get_group" in found(Gadgets)["shopreco.W010"]
    assert "shopreco.W010" not in found(Watched)
