"""`{% load shopreco %}`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.middleware.cache import FetchFromCacheMiddleware, UpdateCacheMiddleware
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import cache_page
from rest_framework.request import Request

from demo_shop.models import Product
from shopreco.middleware import PersonalPages
from shopreco.models import EmbeddingSpace, SpaceState
from shopreco.templatetags.shopreco import BlockFailed
from tests.helpers.demo import CATALOGUE

NO_API = "tests.integration.urls_without_api"


class Elements(HTMLParser):
    """The elements of a piece of HTML, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def render(source: str, path: str = "/", **context: Any) -> str:
    request = RequestFactory().get(path)
    request.user = AnonymousUser()
    return Template("{% load shopreco %}" + source).render(Context({"request": request, **context}))


def lamp() -> Product:
    return Product.objects.get(title="Steel desk lamp")


# search_box


def test_the_search_box_is_a_plain_form_with_what_was_typed() -> None:
    html = render("{% search_box %}", path='/?q=brass+"lamp"')
    (form,) = Elements(html).all("form")
    assert (form["action"], form["method"], form["role"]) == ("/search/", "get", "search")
    (field,) = Elements(html).all("input")
    assert (field["name"], field["value"]) == ("q", 'brass "lamp"')
    (label,) = Elements(html).all("label")
    assert label["for"] == field["id"]


def test_the_search_box_knows_where_suggestions_come_from() -> None:
    (form,) = Elements(render("{% search_box %}")).all("form")
    assert form["data-shopreco-suggest"] == reverse("shopreco:autocomplete") + "?language=en"
    html = render('{% search_box catalogue="demo_shop.product" facet_prefix="f." %}')
    (form,) = Elements(html).all("form")
    assert str(form["data-shopreco-suggest"]).endswith("?catalogue=demo_shop.product&language=en")
    assert form["data-facet-prefix"] == "f."


def test_the_search_box_goes_where_it_is_told() -> None:
    html = render(
        '{% search_box "/find/" name="query" id="top" placeholder="Lamps" %}', "/?query=a"
    )
    elements = Elements(html)
    assert elements.all("form")[0]["action"] == "/find/"
    field = elements.all("input")[0]
    assert (field["name"], field["id"], field["value"]) == ("query", "top", "a")
    assert field["placeholder"] == "Lamps"
    assert Elements(render('{% search_box action="home" %}')).all("form")[0]["action"] == "/"


def test_the_search_box_reads_the_request_of_rest_framework_too() -> None:
    request = Request(RequestFactory().get("/?q=lamp"))
    html = Template("{% load shopreco %}{% search_box %}").render(Context({"request": request}))
    assert Elements(html).all("input")[0]["value"] == "lamp"


def test_the_search_box_works_without_a_request() -> None:
    assert "<form" in Template("{% load shopreco %}{% search_box %}").render(Context())


def test_without_the_api_the_search_box_has_no_suggestions() -> None:
    with override_settings(ROOT_URLCONF=NO_API):
        html = render('{% search_box "/find/" %}')
    assert "<form" in html
    assert "<script" not in html
    assert "data-shopreco-suggest" not in html


PHOTO_BOX = '{% search_box photo_action="/photo/" %}'


def test_the_photo_button_is_a_plain_form_of_its_own() -> None:
    elements = Elements(render(PHOTO_BOX, "/?q=lamp"))
    search, photo = elements.all("form")
    assert search["method"] == "get"
    assert (photo["action"], photo["method"]) == ("/photo/", "post")
    assert photo["enctype"] == "multipart/form-data"
    fields = elements.all("input")
    files = [field for field in fields if field["type"] == "file"]
    assert {(field["name"], field["accept"]) for field in files} == {("photo", "image/*")}
    assert [field.get("capture") for field in files] == [None, "environment"]
    assert [field["value"] for field in fields if field["name"] == "q"] == ["lamp", "lamp"]
    assert [field["value"] for field in fields if field["name"] == "csrfmiddlewaretoken"] != [""]


def test_words_stay_beside_the_photo_until_it_is_taken_away() -> None:
    elements = Elements(render(PHOTO_BOX, "/?q=in+red&photo=abc&page=2"))
    kept = [each["value"] for each in elements.all("input") if each["type"] == "hidden"]
    assert "abc" in kept
    [remove] = elements.all("a")
    assert remove["href"] == "/search/?q=in+red"
    [picture] = elements.all("canvas")
    assert picture["data-shopreco-photo"] == "abc"


@pytest.mark.parametrize("box", ["{% search_box %}", PHOTO_BOX.replace(" %}", " catalogue=c %}")])
def test_without_an_address_or_pictures_there_is_no_photo_button(box: str) -> None:
    html = render(box, "/?photo=abc", c="testapp.gadget")
    assert len(Elements(html).all("form")) == 1
    assert "photo" not in html


def test_nothing_is_inline() -> None:
    for source in ("{% search_box %}", PHOTO_BOX):
        for tag, attributes in Elements(render(source)).found:
            assert tag != "style"
            assert "style" not in attributes
            assert not [name for name in attributes if name.startswith("on")]
            assert tag != "script" or attributes["src"]


def test_the_search_box_speaks_chinese() -> None:
    with translation.override("zh-hans"):
        html = render("{% search_box %}")
    assert "搜索" in html
    assert "Search" not in html


# The stylesheet

SHEET = "/static/shopreco/shopreco.css"
BLOCK = '{% recommendations product "product-similar" limit=2 %}'


@pytest.fixture
def styled(settings: Any) -> None:
    """As it is in a shop that sets nothing."""
    settings.SHOPRECO = {n: v for n, v in settings.SHOPRECO.items() if n != "STYLESHEET"}


def sheets(html: str) -> list[str | None]:
    return [each["href"] for each in Elements(html).all("link")]


@pytest.mark.usefixtures("shop", "styled")
def test_the_first_tag_of_a_page_brings_the_stylesheet() -> None:
    html = render("{% search_box %}" + BLOCK, product=lamp())
    assert sheets(html) == [SHEET]
    assert html.index(SHEET) < html.index("<form")
    assert sheets(render(BLOCK.replace("%}", "lazy=True %}") + BLOCK, product=lamp())) == [SHEET]
    assert sheets(render(BLOCK.replace("%}", "as page %}"), product=lamp())) == []
    other = Product.objects.get(title="Linen cushion")
    Product.objects.exclude(pk=other.pk).update(active=False)
    assert render(BLOCK, product=other) == "", "nor does a block without results"


@pytest.mark.usefixtures("styled")
@pytest.mark.parametrize("include", ["{% include part %}", "{% include part only %}"])
def test_the_stylesheet_comes_once_also_to_what_a_page_includes(include: str) -> None:
    part = Template("{% load shopreco %}{% search_box id='b' %}")
    page = Template("{% load shopreco %}{% search_box %}" + include)
    html = page.render(RequestContext(RequestFactory().get("/"), {"part": part}))
    assert html.count("<form") == 2
    assert sheets(html) == [SHEET]


def test_a_site_brings_a_stylesheet_of_its_own_or_none(settings: Any) -> None:
    settings.SHOPRECO = {**settings.SHOPRECO, "STYLESHEET": "shop/mine.css"}
    assert sheets(render("{% search_box %}")) == ["/static/shop/mine.css"]
    settings.SHOPRECO = {**settings.SHOPRECO, "STYLESHEET": ""}
    assert sheets(render("{% search_box %}")) == []


@pytest.mark.usefixtures("styled")
def test_under_a_policy_of_nonces_the_stylesheet_carries_that_of_the_request() -> None:
    request = RequestFactory().get("/")
    request.csp_nonce = "r4nd0m"
    html = Template("{% load shopreco %}{% search_box %}").render(Context({"request": request}))
    (link,) = Elements(html).all("link")
    assert link["nonce"] == "r4nd0m"


# recommendations


@pytest.mark.usefixtures("shop")
def test_a_block_lists_results_with_what_events_need() -> None:
    html = render('{% recommendations product "product-similar" limit=3 %}', product=lamp())
    (section,) = Elements(html).all("section")
    assert section["data-placement"] == "product-similar"
    assert len(str(section["data-rec-id"])) == 32
    items = [each for each in Elements(html).all("li") if "data-item-id" in each]
    assert [each["data-rank"] for each in items] == ["1", "2", "3"]
    first = Product.objects.get(pk=items[0]["data-item-id"])
    assert first.get_absolute_url() in [each["href"] for each in Elements(html).all("a")]
    assert first.title in html


@pytest.mark.usefixtures("shop")
def test_as_gives_the_page_instead_of_html() -> None:
    html = render(
        '{% recommendations product "product-similar" limit=2 as page %}'
        "{{ page.total }}:{% for result in page %}{{ result.object.title }};{% endfor %}",
        product=lamp(),
    )
    assert html.startswith("2:")
    assert html.count(";") == 2


@pytest.mark.usefixtures("shop")
def test_caps_and_diversity_are_options() -> None:
    html = render(
        '{% recommendations product "product-similar" limit=9 max_per_brand=1 diversity=0.3 as p %}'
        "{% for result in p %}{{ result.object.brand.name }};{% endfor %}",
        product=lamp(),
    )
    brands = [name for name in html.split(";") if name]
    assert sorted(set(brands)) == sorted(brands)


@pytest.mark.usefixtures("shop")
def test_a_placement_has_its_own_template_where_there_is_one(tmp_path: Path, settings: Any) -> None:
    own = tmp_path / "shopreco" / "blocks" / "product-similar.html"
    own.parent.mkdir(parents=True)
    own.write_text("{{ placement }} of {{ seed.title }}: {{ cards|length }}", encoding="utf-8")
    engine = {**settings.TEMPLATES[0], "DIRS": [tmp_path]}
    settings.TEMPLATES = [engine]
    html = render('{% recommendations product "product-similar" limit=2 %}', product=lamp())
    assert html == "product-similar of Steel desk lamp: 2"


@pytest.mark.usefixtures("shop")
def test_a_block_is_narrowed_by_a_dict_of_filters(client: Client) -> None:
    context = {"product": lamp(), "only": {"brand": ["Marlow"], "price_max": 75}}
    tag = '{% recommendations product "product-similar" limit=9 filters=only '
    number = int(render(tag + "as page %}{{ page.results|length }}", **context))
    assert number > 0
    assert render(tag + "%}", **context).count("data-item-id") == number
    lazy = render(tag + "lazy=True %}", **context)
    (place,) = [e for e in Elements(lazy).all("div") if "data-shopreco-block" in e]
    assert "brand=Marlow" in str(place["data-shopreco-block"])
    fragment = client.get(str(place["data-shopreco-block"])).content.decode()
    assert fragment.count("data-item-id") == number


@pytest.mark.usefixtures("shop")
def test_lazy_leaves_a_placeholder_whose_fragment_is_the_block(client: Client) -> None:
    html = render(
        '{% recommendations product "product-similar" limit=2 max_per_brand=1 lazy=True %}',
        product=lamp(),
    )
    (place,) = [e for e in Elements(html).all("div") if "data-shopreco-block" in e]
    url = urlsplit(str(place["data-shopreco-block"]))
    assert url.path == reverse("shopreco:block", args=["product-similar"])
    assert parse_qs(url.query) == {
        "catalogue": [CATALOGUE],
        "id": [str(lamp().pk)],
        "language": ["en"],
        "limit": ["2"],
        "max_per_brand": ["1"],
    }
    (script,) = Elements(html).all("script")
    assert script == {"type": "module", "src": "/static/shopreco/blocks.js"}
    fragment = client.get(str(place["data-shopreco-block"])).content.decode()
    assert fragment.count("data-item-id") == 2


@pytest.mark.usefixtures("shop")
def test_a_block_leaves_out_what_the_blocks_before_it_on_the_page_show() -> None:
    source = (
        '{% recommendations product "product-similar" limit=3 as first %}'
        '{% recommendations product "product-substitute" limit=3 as second %}'
        '{% recommendations product "product-similar" limit=3 as again %}'
        "{% for r in first %}{{ r.object_id }} {% endfor %}|"
        "{% for r in second %}{{ r.object_id }} {% endfor %}|"
        "{% for r in again %}{{ r.object_id }} {% endfor %}"
    )
    first, second, again = (part.split() for part in render(source, product=lamp()).split("|"))
    assert len(first) == 3
    assert second
    assert not {*first} & {*second}
    assert again == first, "the same block twice, as for two layouts, is the same"
    other = source.replace("substitute", "similar").replace(
        "limit=3 as second", "limit=4 as second"
    )
    first, second, _again = (part.split() for part in render(other, product=lamp()).split("|"))
    assert second
    assert not {*first} & {*second}
    alone = '{% recommendations product "product-substitute" limit=3 as p %}{% for r in p %}'
    assert {*render(alone + "{{ r.object_id }} {% endfor %}", product=lamp()).split()} & {*first}, (
        "another page is another page, whatever is cached"
    )


@pytest.mark.usefixtures("shop")
def test_a_placement_may_stand_alone() -> None:
    html = render('{% recommendations "home-new" limit=3 %}')
    assert html.count("data-item-id") == 3
    assert 'data-placement="home-new"' in html
    other = '{% recommendations "home-new" catalogue="testapp.gadget" as page %}'
    assert render(other + "{{ page.degraded }}") == "{&#x27;index&#x27;: " + NO_GADGETS


NO_GADGETS = "&#x27;testapp.gadget has no active space: run a re-index&#x27;}"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("listed", [list, tuple, lambda found: found])
def test_a_block_is_about_several_objects(listed: Callable[..., Any], client: Client) -> None:
    products = listed(Product.objects.filter(title__in=["Brass desk lamp", "Linen cushion"]))
    tag = '{% recommendations products "product-similar" limit=9'
    html = render(tag + " %}", products=products)
    assert html.count("data-item-id") >= 3
    assert not any(f'data-item-id="{each.pk}"' in html for each in products)
    lazy = render(tag + " lazy=True %}", products=products)
    (place,) = [e for e in Elements(lazy).all("div") if "data-shopreco-block" in e]
    url = str(place["data-shopreco-block"])
    assert set(parse_qs(urlsplit(url).query)["id"]) == {str(each.pk) for each in products}
    fragment = client.get(url).content.decode()
    assert fragment.count("data-item-id") == html.count("data-item-id")
    assert render(tag + " lazy=True %}", products=[]) == render(tag + " %}", products=[]) == ""


@pytest.mark.usefixtures("shop")
def test_a_personal_block_waits_in_a_placeholder_that_is_the_same_for_all() -> None:
    html = render('{% recommendations "home-for-you" limit=4 %}')
    (place,) = [e for e in Elements(html).all("div") if "data-shopreco-block" in e]
    assert "data-remembers" in place
    assert "data-item-id" not in html
    shared = render('{% recommendations "home-new" lazy=True %}')
    (place,) = [e for e in Elements(shared).all("div") if "data-shopreco-block" in e]
    assert "data-remembers" not in place


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("how", ["lazy=False %}", "as page %}{% for r in page %}x{% endfor %}"])
@pytest.mark.parametrize(
    "cached",
    [
        lambda view: UpdateCacheMiddleware(PersonalPages(FetchFromCacheMiddleware(view))),
        lambda view: PersonalPages(cache_page(60)(view)),
    ],
    ids=["site", "view"],
)
def test_a_page_with_a_personal_block_is_kept_by_no_cache(
    how: str, cached: Callable[[Any], Any]
) -> None:
    """Neither by a proxy, nor by Django's own around the site or around a view."""
    made: list[str] = []

    def page(request: HttpRequest, block: str) -> HttpResponse:
        made.append(block)
        source = f'{{% load shopreco %}}{{% recommendations "{block}" {how}'
        return HttpResponse(Template(source).render(RequestContext(request)))

    for block, times in [("home-for-you", 2), ("home-new", 1)]:
        view = cached(partial(page, block=block))
        for _visit in range(2):
            response = view(RequestFactory().get(f"/{block}/"))
            assert len(response.content) > 3
            policy = response.headers.get("Cache-Control", "")
            assert (policy == "private, no-store") == (block == "home-for-you")
        assert made.count(block) == times


@pytest.mark.usefixtures("shop")
def test_without_results_there_is_no_block() -> None:
    Product.objects.exclude(pk=lamp().pk).update(active=False)
    html = render('[{% recommendations product "product-similar" %}]', product=lamp())
    assert html == "[]"


@pytest.mark.usefixtures("shop")
def test_without_an_index_there_is_no_block() -> None:
    EmbeddingSpace.objects.update(state=SpaceState.RETIRED)
    html = render('[{% recommendations product "product-similar" %}]', product=lamp())
    assert html == "[]"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ('{% recommendations product "product-simlar" %}', "product-similar"),
        ('{% recommendations nothing "product-similar" %}', "nothing"),
        ('{% recommendations product "product-similar" limit="many" %}', "many"),
        ('{% recommendations product "product-similar" diversity=7 %}', "diversity"),
        ('{% recommendations product "product-similar" max_per_brand="x" %}', "'x'"),
    ],
)
def test_failures_leave_the_block_out_and_are_logged(
    source: str, problem: str, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    assert render(f"[{source}]", product=lamp()) == "[]"
    assert problem in caplog.text
    assert render(source.replace("%}", "as page %}") + "{{ page.total }}", product=lamp()) == "0"
    settings.DEBUG = True
    with pytest.raises(Exception, match=problem):
        render(source, product=lamp())


@pytest.mark.usefixtures("shop")
def test_a_failing_database_statement_costs_the_block_alone(settings: Any) -> None:
    """The host's transaction, as under ATOMIC_REQUESTS, goes on."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE shopreco_embedding RENAME TO elsewhere")
    html = render('[{% recommendations product "product-similar" %}]', product=lamp())
    assert html == "[]"
    assert lamp().title == "Steel desk lamp"
    settings.DEBUG = True
    with pytest.raises(BlockFailed, match="shopreco_embedding"):
        render('{% recommendations product "product-similar" %}', product=lamp())


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("{% recommendations %}", "takes an object, a placement"),
        ("{% recommendations product %}", "takes an object, a placement"),
        ('{% recommendations product "product-similar" "more" %}', "takes an object"),
        ("{% recommendations product limit=3 %}", "takes an object"),
        ('{% recommendations product "product-similar" limt=3 %}', "Did you mean 'limit'"),
        ('{% recommendations product "product-similar" colour=3 %}', "Known: limit"),
    ],
)
def test_mistakes_are_found_when_the_template_is_read(source: str, hint: str) -> None:
    with pytest.raises(TemplateSyntaxError, match=hint):
        render(source)
