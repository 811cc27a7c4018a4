from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from demo_shop.models import Product


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of an axis, and the variant that choosing it leads to."""

    value: str
    variant: Product
    chosen: bool
    exists: bool
    """Whether that variant keeps everything else as it is now."""


@dataclass(frozen=True, slots=True)
class Axis:
    """An attribute in which the variants of a product differ."""

    name: str
    choices: tuple[Choice, ...]
    pictured: bool
    """Whether its values look different, so that a picture says more than a word."""


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    live = Product.objects.live().for_cards()
    asked = get_object_or_404(live, slug=slug)
    main = asked.parent or asked
    variants = list(
        Product.objects.live().for_cards().filter(parent=main).order_by("created", "sku")
    )
    shown = asked
    if asked is main and variants:
        shown = next((each for each in variants if each.stock > 0), variants[0])
    category = main.categories.most_specific()
    return render(
        request,
        "shop/product.html",
        {
            "product": main,
            "shown": shown,
            "asked": asked,
            "axes": list(axes(variants, shown)) if variants else [],
            "pictures": shown.pictures or main.pictures,
            "filmed": next((each for each in (shown, main) if each.video), None),
            "trail": category.ancestors() if category else [],
            "properties": properties({**main.properties, **shown.properties}),
            "text": shown.text or main.text,
        },
    )


def axes(variants: list[Product], shown: Product) -> Iterator[Axis]:
    """Yield the choices of a customer: the attributes in which the variants differ."""
    for name in dict.fromkeys(key for each in variants for key in each.properties):
        values = dict.fromkeys(_value(each, name) for each in variants)
        values.pop("", None)
        if len(values) < 2:
            continue
        choices = tuple(_choice(variants, shown, name, value) for value in values)
        pictures = {each.variant.image.name for each in choices}
        yield Axis(name, choices, pictured=len(pictures) == len(choices) and "" not in pictures)


def _choice(variants: list[Product], shown: Product, name: str, value: str) -> Choice:
    wanted = {**shown.properties, name: value}

    def likeness(variant: Product) -> tuple[int, bool]:
        same = sum(_value(variant, key) == str(each) for key, each in wanted.items())
        return same, variant.stock > 0

    having = [each for each in variants if _value(each, name) == value]
    nearest = max(having, key=likeness)
    return Choice(
        value=value,
        variant=nearest,
        chosen=_value(shown, name) == value,
        exists=likeness(nearest)[0] == len(wanted),
    )


def _value(variant: Product, name: str) -> str:
    value = variant.attributes.get(name)
    return "" if value is None else str(value)


def properties(attributes: Mapping[str, object]) -> list[tuple[str, list[object]]]:
    """List attributes as names and values, without those that are false or empty."""
    rows = []
    for name, value in attributes.items():
        values = value if isinstance(value, list) else [value]
        said = [each for each in values if each not in (None, "", False)]
        if said:
            rows.append((name, said))
    return rows
