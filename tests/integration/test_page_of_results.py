"""The page of results of docs/how-to/page-of-results.md, as it stands there."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.http import Http404
from django.test import RequestFactory

from demo_shop.models import Product
from tests.helpers.docs import ROOT, code_blocks

pytestmark = [pytest.mark.usefixtures("shop"), pytest.mark.urls("demo_shop.urls")]

PAGE = ROOT / "docs" / "how-to" / "page-of-results.md"
Results = Callable[..., str]


@pytest.fixture
def results(tmp_path: Path, settings: Any) -> Results:
    """The HTML of the page for some parameters; four products a page."""
    [view] = code_blocks(PAGE, "python")
    [template] = code_blocks(PAGE, "django")
    (tmp_path / "results.html").write_text(template, encoding="utf-8")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    views = ModuleType("views")
    exec(view, vars(views))
    vars(views)["PER_PAGE"] = 4

    def get(**parameters: Any) -> str:
        request = RequestFactory().get("/search/", parameters)
        return str(views.results(request).content.decode())

    return get


def names(html: str) -> list[str]:
    return [
        unescape(name) for name in re.findall(r'class="shopreco-card-title"[^>]*>([^<]+)', html)
    ]


def test_it_lists_what_was_found_with_prices_and_addresses(results: Results) -> None:
    html = results(q="brass desk lamp")
    assert names(html)[0] == "Brass desk lamp"
    lamp = Product.objects.get(title="Brass desk lamp")
    assert f'href="{lamp.get_absolute_url()}"' in html
    assert "€9.90" in html


def test_a_value_is_ticked_where_it_is_chosen_and_its_count_is_what_it_leaves(
    results: Results,
) -> None:
    html = results(q="desk lamp")
    [count] = re.findall(r'name="f.brand" value="Marlow">\s*Marlow \((\d+)\)', html)
    chosen = results(q="desk lamp", **{"f.brand": "Marlow"})
    assert f"<p>{count} products" in chosen
    assert 'name="f.brand" value="Marlow" checked' in chosen
    assert 'name="f.brand" value="Fennel">' in chosen, "the others can be added"


def test_prices_narrow_and_stay_in_their_fields(results: Results) -> None:
    html = results(price_max="25", sort="price_desc")
    assert names(html) == ["Steel desk lamp", "Brass desk lamp"]
    assert 'value="25"' in html
    assert '<option value="price_desc" selected>' in html


def test_every_page_leads_to_the_next_with_what_was_chosen(results: Results) -> None:
    seen: list[str] = []
    parameters = {"f.brand": ["Fennel", "Marlow"], "page": ["1"]}
    while True:
        html = results(**parameters)
        seen += names(html)
        more = re.search(r'href="\?([^"]+)">More', html)
        if not more:
            break
        parameters = parse_qs(unescape(more[1]))
        assert parameters["f.brand"] == ["Fennel", "Marlow"]
    assert len(seen) == len(set(seen)) == 8


def test_the_variant_that_was_asked_for_is_the_one_to_click(results: Results) -> None:
    html = results(q="green garden chair")
    green = Product.objects.get(title="Garden chair green")
    assert names(html)[0] == green.title
    assert f'href="{green.get_absolute_url()}"' in html


def test_choosing_a_suggestion_goes_where_the_page_filters(results: Results) -> None:
    assert 'data-facet-prefix="f."' in results()


@pytest.mark.parametrize("typed", [{"page": "x"}, {"page": "0"}, {"sort": "best"}])
def test_what_no_form_has_made_is_not_found(results: Results, typed: dict[str, str]) -> None:
    with pytest.raises(Http404):
        results(**typed)
