"""`{% load shopreco %}`: the search box and the recommendation blocks."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, islice
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.db import models
from django.http import HttpRequest, QueryDict
from django.shortcuts import resolve_url
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.template.loader import get_template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from shopreco import services
from shopreco.catalogues import Catalogue, Image, catalogue_of, get_catalogue
from shopreco.conf import get_settings
from shopreco.exceptions import ShopRecoError
from shopreco.middleware import mark_personal
from shopreco.registries import did_you_mean
from shopreco.services import (
    MAX_ANCHORS,
    MAX_EXCLUDED,
    Card,
    ResultPage,
    StageName,
    recommend,
    render_block,
)

logger = logging.getLogger(__name__)

register = template.Library()

MAX_PER = "max_per_"
OPTIONS = ("limit", "diversity", "filters", "catalogue", "lazy")
USAGE = (
    '{% recommendations product "product-similar" limit=8 lazy=True %}, or '
    '{% recommendations "home-trending" %}'
)


class BlockFailed(ShopRecoError):
    """Nothing could be recommended; what failed is in the message and, in full, in the log."""

    code = "block_failed"


@register.filter
def money(amount: Decimal | float | None, currency: str = "") -> str:
    """An amount in the visitor's language: `{{ card.price|money:card.currency }}`."""
    return "" if amount is None else services.money(Decimal(str(amount)), currency)


@register.filter
def cards(page: ResultPage) -> list[Card]:
    """What to show of the results of a page: `{% for card in page|cards %}`."""
    return services.cards(page)


@register.simple_tag(takes_context=True)
def search_box(
    context: template.Context,
    action: str = "search",
    *,
    name: str = "q",
    id: str = "shopreco-search",
    catalogue: str = "",
    placeholder: str = "",
    facet_prefix: str = "",
    photo_action: str = "",
    photo_name: str = "photo",
) -> SafeString:
    """A search form with suggestions while typing; without script it is a plain form.

    Args:
        action: the page of results: a URL, or the name of one.
        name: of the parameter that has the query.
        id: of the field; a second box on a page needs one of its own.
        catalogue: what suggestions come from; by default the first catalogue.
        placeholder: shown in the empty field.
        facet_prefix: with the facet's name after it, the parameter by which the page of results
            filters: choosing the brand Fennel goes to `?f.brand=Fennel` with the prefix `f.`.
        photo_action: where a photo is sent: a URL, or the name of one. Without one, or where the
            catalogue declares no `Image`, there is no photo button.
        photo_name: of the file that is sent there, and of the parameter that has the photo's key on
            the page of results.
    """

    def render() -> SafeString:
        request = _request(context)
        asked = request.GET if request else QueryDict()
        typed, results = asked.get(name, ""), resolve_url(action)
        box = {
            "action": results,
            "name": name,
            "id": id,
            "value": typed,
            "catalogue": catalogue,
            "placeholder": placeholder,
            "facet_prefix": facet_prefix,
            "max_length": get_settings().MAX_QUERY_LENGTH,
            "suggest_url": _suggest_url(catalogue),
            "nonce": _nonce(request),
        }
        if photo_action and request and _has_pictures(catalogue):
            box |= {
                "photo_action": resolve_url(photo_action),
                "photo_name": photo_name,
                "photo": asked.get(photo_name, ""),
                "without_photo": f"{results}?{urlencode({name: typed})}" if typed else results,
            }
        # The request is for the token of the photo's form alone.
        given = request if "photo_action" in box else None
        html = SafeString(get_template("shopreco/search_box.html").render(box, given))
        return _with_stylesheet(context, html)

    return _never_breaking_the_page("search_box", render)


def _request(context: template.Context) -> HttpRequest | None:
    """Django's own, also where a template is included with `only` or rendered by DRF."""
    request = context.get("request") or getattr(context, "request", None)
    request = getattr(request, "_request", request)
    return request if isinstance(request, HttpRequest) else None


def _has_pictures(catalogue: str) -> bool:
    return any(isinstance(each, Image) for each in get_catalogue(catalogue or None).fields.values())


def _suggest_url(catalogue: str) -> str:
    """Empty, and so no suggestions, where the host does not include the API."""
    try:
        url = reverse("shopreco:autocomplete")
    except NoReverseMatch:
        return ""
    asked = {"catalogue": catalogue, **_language()}
    asked = {name: value for name, value in asked.items() if value}
    return f"{url}?{urlencode(asked)}" if asked else url


def _language() -> dict[str, str]:
    """Of the page, for what it loads later."""
    return {"language": get_language() or ""}


def _nonce(request: object) -> str:
    """That of a content security policy, as django-csp or Django 6 makes it; empty without one."""
    for name in ("csp_nonce", "_csp_nonce"):
        # Before it is used, one that is made on demand counts as false.
        if (nonce := getattr(request, name, None)) is not None:
            return str(nonce)
    return ""


@register.simple_tag(takes_context=True)
def shopreco_events(context: template.Context) -> SafeString:
    """The script that tells the shop what visitors see and choose; once on every page.

    It reads cards of blocks by itself, and of results in an element with `data-query-id`; what else
    happens on a page is said by `{% event %}`.
    """

    def render() -> SafeString:
        script, url = static("shopreco/events.js"), reverse("shopreco:events")
        nonce = _nonce(_request(context))
        return format_html(
            '<script type="module" src="{}" data-shopreco-events="{}"{}></script>',
            script,
            url,
            format_html(' nonce="{}"', nonce) if nonce else "",
        )

    return _never_breaking_the_page("shopreco_events", render)


@register.simple_tag
def event(name: str, *objects: Any, on: str = "", **fields: Any) -> SafeString:
    """An attribute that says what happens: when the page is seen, or a form is sent.

        <main {% event "view_item" product %}>
        <form {% event "add_to_cart" product on="submit" %}>

    objects: of the shop, or their keys. on: "submit" for a form, whose field `quantity` is read.
    fields: as `POST events/` takes them, such as `value` and `currency`.
    """

    def render() -> SafeString:
        items = [{"item_id": str(getattr(each, "pk", each))} for each in objects]
        said = json.dumps({"name": name, "items": items, **fields}, default=str)
        return format_html('data-shopreco-{}="{}"', "submit" if on == "submit" else "event", said)

    return _never_breaking_the_page("event", render)


@register.tag
def recommendations(parser: Parser, token: Token) -> RecommendationsNode:
    """A block of recommendations.

        {% recommendations product "product-similar" limit=8 %}
        {% recommendations products "cart-cross-sell" %}
        {% recommendations "home-trending" %}
        {% recommendations product "product-similar" limit=8 as page %}
        {% recommendations product "product-similar" limit=8 lazy=True %}

    It is about an object of the shop, about several, or about what its placement says. `as` gives
    the `ResultPage` instead of HTML. `lazy` leaves a placeholder that a script fills when it comes
    near the viewport. A block that differs by visitor is lazy unless `lazy=False` is given, so that
    no cache of pages keeps it. `diversity` (0 to 1) and `max_per_<facet>` vary the results;
    `filters`, a dict as `search` takes it, narrows them; `catalogue` says what is shown where there
    is no object.
    """
    _tag, *bits = token.split_contents()
    target = ""
    if len(bits) >= 2 and bits[-2] == "as":
        *bits, _as, target = bits
    is_alone = bool(bits) and bits[0][0] in "\"'"
    arguments, rest = (bits[:1], bits[1:]) if is_alone else (bits[:2], bits[2:])
    options = token_kwargs(rest, parser)
    # `token_kwargs` takes away what it understands.
    if len(arguments) != 2 - is_alone or rest or token_kwargs([*arguments[-1:]], parser):
        raise template.TemplateSyntaxError(
            f"recommendations takes an object, a placement and options: {USAGE}"
        )
    for option in options:
        if option not in OPTIONS and not option.startswith(MAX_PER):
            hint = did_you_mean(option, [*OPTIONS, f"{MAX_PER}<facet>"])
            raise template.TemplateSyntaxError(f"recommendations has no option {option!r}. {hint}")
    *seed, placement = map(parser.compile_filter, arguments)
    return RecommendationsNode(next(iter(seed), None), placement, options, target)


class RecommendationsNode(template.Node):
    def __init__(
        self,
        seed: FilterExpression | None,
        placement: FilterExpression,
        options: Mapping[str, FilterExpression],
        target: str,
    ) -> None:
        self.seed = seed
        self.placement = placement
        self.options = options
        self.target = target

    def render(self, context: template.Context) -> SafeString:
        if self.target:
            context[self.target] = ResultPage()
        return _never_breaking_the_page("recommendations", lambda: self._render(context))

    def _render(self, context: template.Context) -> SafeString:
        placement, seed = str(self.placement.resolve(context)), self._seed(context)
        values = {name: value.resolve(context) for name, value in self.options.items()}
        filters = dict(values.pop("filters", None) or {})
        caps = {n.removeprefix(MAX_PER): int(values.pop(n)) for n in [*values] if MAX_PER in n}
        given, seeds = values.pop("catalogue", None), _listed(seed)
        shop = catalogue_of(seeds[0]) if seeds else get_catalogue(given)
        about: dict[str, Any] = {"seed": seed, "catalogue": shop.name}
        is_personal, request = services.is_personal(placement, **about), _request(context)
        if values.pop("lazy", is_personal) and not self.target:
            asked = {**filters, **values, **{f"{MAX_PER}{name}": cap for name, cap in caps.items()}}
            html = _placeholder(placement, shop, seed, asked, _nonce(request), is_personal)
            return _with_stylesheet(context, html)
        options: dict[str, Any] = {
            **({"limit": int(values["limit"])} if "limit" in values else {}),
            **({"diversity": float(values["diversity"])} if "diversity" in values else {}),
            "filters": filters,
            # None: as the placement has it.
            "max_per": caps or None,
        }
        shown = _on_page(context).shown
        mine = (shop.name, repr((placement, [each.pk for each in seeds], options)))
        options["exclude"] = _shown_beside(shown, mine)
        page = recommend(placement, request=request, **about, **options)
        if page.is_personal and request is not None:
            mark_personal(request)
        if StageName.RECOMMEND in page.degraded:
            raise BlockFailed(page.degraded[StageName.RECOMMEND])
        shown[mine] = [result.object_id for result in page]
        if self.target:
            context[self.target] = page
            return SafeString("")
        alone = seed if isinstance(seed, models.Model) else None
        return _with_stylesheet(context, render_block(page, placement, alone, request))

    def _seed(self, context: template.Context) -> models.Model | list[models.Model] | None:
        """What the block is about: an object or several, as far as the template says it."""
        if self.seed is None:
            return None
        given = self.seed.resolve(context)
        if isinstance(given, models.Model):
            return given
        if isinstance(given, Iterable) and not isinstance(given, str):
            seeds = list(islice(given, MAX_ANCHORS))
            if all(isinstance(each, models.Model) for each in seeds):
                return seeds
        raise TypeError(f"{self.seed} is {given!r:.80}, not an object of the shop. Usage: {USAGE}")


def _listed(seed: models.Model | list[models.Model] | None) -> list[models.Model]:
    return [seed] if isinstance(seed, models.Model) else seed or []


def _placeholder(
    placement: str,
    shop: Catalogue,
    seed: models.Model | list[models.Model] | None,
    asked: Mapping[str, Any],
    nonce: str,
    is_personal: bool,
) -> SafeString:
    """What a script fills; nothing for a block about objects of which there are none."""
    if seed == []:
        return SafeString("")
    keys = [str(each.pk) for each in _listed(seed)]
    asked = {**asked, "catalogue": shop.name, **({"id": keys} if keys else {})}
    asked |= {name: value for name, value in _language().items() if value}
    url = f"{reverse('shopreco:block', args=[placement])}?{urlencode(asked, doseq=True)}"
    # What a page remembers is of the first catalogue, as its events are.
    remembers = is_personal and shop is get_catalogue()
    lazy = {"url": url, "placement": placement, "nonce": nonce, "remembers": remembers}
    return SafeString(get_template("shopreco/lazy.html").render(lazy))


BlockKey = tuple[str, str]
"""A catalogue, and what is asked of it."""


@dataclass(slots=True)
class OnPage:
    """What the tags of one page know of each other."""

    has_stylesheet: bool = False
    shown: dict[BlockKey, list[str]] = field(default_factory=dict)
    """Keys of the objects in a block."""


def _on_page(context: template.Context) -> OnPage:
    """Of the request, for a page is made of many contexts; of the context where there is none."""
    page = _request(context) or context.render_context
    known: OnPage = vars(page).setdefault("_shopreco_on_page", OnPage())
    return known


def _shown_beside(shown: Mapping[BlockKey, list[str]], block: BlockKey) -> list[str]:
    """What other blocks of the page show of the block's catalogue; the same block twice, as for two
    layouts, is the same."""
    others = (ids for key, ids in shown.items() if key != block and key[0] == block[0])
    return list(dict.fromkeys(chain.from_iterable(others)))[:MAX_EXCLUDED]


def _with_stylesheet(context: template.Context, html: SafeString) -> SafeString:
    """The HTML of a tag after the stylesheet, if it is the first on its page."""
    sheet, page = get_settings().STYLESHEET, _on_page(context)
    if not html or not sheet or page.has_stylesheet:
        return html
    page.has_stylesheet = True
    nonce = _nonce(_request(context))
    link = format_html('<link rel="stylesheet" href="{}"', static(sheet))
    link += format_html(' nonce="{}">', nonce) if nonce else SafeString(">")
    return link + html


def _never_breaking_the_page(tag: str, render: Callable[[], SafeString]) -> SafeString:
    """Nothing, and a log entry, on whatever goes wrong; in DEBUG the developer sees it."""
    try:
        return render()
    except Exception:
        if settings.DEBUG:
            raise
        logger.exception("{%% %s %%} is left out of the page", tag)
        return SafeString("")
