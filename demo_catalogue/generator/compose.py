"""Turns product types into products: choices, texts, prices, variants, all from a fixed seed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import combinations, count
from itertools import product as cross
from random import Random
from typing import TypeVar

from demo_catalogue.generator import bank
from demo_catalogue.generator.bank import Phrase, ProductType, Value
from demo_catalogue.generator.identifiers import ean13, slugify
from demo_catalogue.generator.records import DemoAttribute, DemoBrand, DemoProduct, Drawing

SEED = "shopreco demo, first edition"
CURRENCY = "EUR"
# The order of a description: o = opening, f = feature, m = material, u = use, b = brand,
# / = new paragraph.
LAYOUTS = ("ofm/fu", "om/ffu", "ou/fmf", "off/mb", "ofu/bm", "omf/ub", "of/ufm")
SALE_SHARE = 0.18
SOLD_OUT_SHARE = 0.09

ARTICLE = re.compile(r"\b(?P<article>[Aa]) \{(?P<slot>\w+)\}")

T = TypeVar("T")


def generate() -> Iterator[DemoProduct]:
    """All products, parents with their variants inside, in the same order every time."""
    numbers = count(1)
    for kind in bank.product_types().values():
        yield from _products(kind, numbers)


def _products(kind: ProductType, numbers: Iterator[int]) -> Iterator[DemoProduct]:
    rng = Random(f"{SEED}: {kind.slug}")
    names = [(brand, name) for brand in kind.brands for name in _brand(brand).collections]
    names = _spread(rng, names, kind.products)
    fixed = {key: _spread(rng, kind.choices[key], kind.products) for key in kind.choices}
    titles = _spread(rng, kind.titles, kind.products)
    openings = _spread(rng, kind.openings, kind.products)
    features = _spread(rng, tuple(combinations(kind.features, 2)), kind.products)
    uses = _spread(rng, kind.uses, kind.products)
    layouts = _spread(rng, LAYOUTS, kind.products)
    for place in range(kind.products):
        brand, collection = _brand(names[place][0]), names[place][1]
        chosen = {key: column[place] for key, column in fixed.items() if key not in kind.variants}
        for key, (low, high, step, unit) in kind.numbers.items():
            number = low + step * rng.randint(0, round((high - low) / step))
            chosen[key] = f"{number:g} {unit}".strip()
        axes = {
            key: _pick_axis(rng, kind.choices[key], fixed[key][place], span)
            for key, span in kind.variants.items()
        }
        # An axis with one value only is an ordinary attribute.
        chosen |= {key: options[0] for key, options in axes.items() if len(options) == 1}
        axes = {key: options for key, options in axes.items() if len(options) > 1}
        slots = _slots(kind, brand, collection, chosen)
        bank_of = {
            "o": [openings[place]],
            "f": features[place],
            "m": _about_material(chosen, place),
            "u": [uses[place]],
            "b": [Phrase(brand.story_en, brand.story_zh)],
        }
        parts = {letter: [_fill(part, slots) for part in bank_of[letter]] for letter in bank_of}
        title = _fill(titles[place], slots)
        description = _lay_out(layouts[place], parts)
        price = _price(rng, kind, brand)
        number = next(numbers)
        base = DemoProduct(
            slug=slugify(title.en),
            kind=kind.slug,
            title_en=title.en[0].upper() + title.en[1:],
            title_zh=title.zh,
            description_en=description.en,
            description_zh=description.zh,
            brand=brand,
            collection=collection,
            category_path=_category_path(kind.category),
            attributes=tuple(_attribute(key, written) for key, written in chosen.items()),
            price=price,
            compare_at_price=_compare_at(rng, price) if rng.random() < SALE_SHARE else None,
            currency=CURRENCY,
            stock=_stock(rng),
            sku=f"{kind.code}-{place + 1:03d}",
            ean=ean13(number * 100),
            drawing=_drawing(kind, {**chosen, **{key: axes[key][0] for key in axes}}, place),
        )
        yield _with_variants(rng, kind, base, chosen, axes, number, place) if axes else base


def _with_variants(
    rng: Random,
    kind: ProductType,
    parent: DemoProduct,
    chosen: Mapping[str, str],
    axes: Mapping[str, Sequence[str]],
    number: int,
    place: int,
) -> DemoProduct:
    variants = []
    for index, written in enumerate(cross(*axes.values()), start=1):
        own = dict(zip(axes, written, strict=True))
        values = {key: bank.value(key, option) for key, option in own.items()}
        raised = 1 + sum(kind.steps.get(key, 0) * axes[key].index(own[key]) for key in own)
        note = _variant_note(own, values, place)
        compare_at = parent.compare_at_price
        variants.append(
            replace(
                parent,
                slug="-".join([parent.slug, *(slugify(value.en) for value in values.values())]),
                title_en=f"{parent.title_en}, {', '.join(v.en for v in values.values())}",
                title_zh=f"{parent.title_zh}（{'、'.join(v.zh for v in values.values())}）",
                description_en=f"{parent.description_en}\n\n{note.en}",
                description_zh=f"{parent.description_zh}\n\n{note.zh}",
                attributes=(
                    *(_attribute(key, option) for key, option in own.items()),
                    *parent.attributes,
                ),
                price=_charming(float(parent.price) * raised),
                compare_at_price=compare_at and _charming(float(compare_at) * raised),
                stock=_stock(rng),
                sku="-".join([parent.sku, *(slugify(v.en).upper()[:12] for v in values.values())]),
                ean=ean13(number * 100 + index),
                drawing=_drawing(kind, {**chosen, **own}, place),
                parent_sku=parent.sku,
            )
        )
    cheapest = min(variants, key=lambda variant: variant.price)
    return replace(
        parent,
        price=cheapest.price,
        compare_at_price=cheapest.compare_at_price,
        stock=sum(variant.stock for variant in variants),
        variants=tuple(variants),
    )


# Texts


def _slots(
    kind: ProductType, brand: DemoBrand, collection: str, chosen: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    values = {key: bank.value(key, written) for key, written in chosen.items()}
    english = {key: value.en for key, value in values.items()}
    chinese = {key: value.zh for key, value in values.items()}
    names = {"model": collection, "name": kind.name.en}
    return (
        {**english, **names, "brand": brand.name},
        {**chinese, **names, "name": kind.name.zh, "brand": brand.name_zh},
    )


def _fill(phrase: Phrase, slots: tuple[dict[str, str], dict[str, str]]) -> Phrase:
    def article(found: re.Match[str]) -> str:
        vowel = slots[0][found["slot"]][0] in "aeiouAEIOU"
        return f"{found['article']}{'n' if vowel else ''} {{{found['slot']}}}"

    english = ARTICLE.sub(article, phrase.en)
    return Phrase(english.format_map(slots[0]), phrase.zh.format_map(slots[1]))


def _lay_out(layout: str, parts: Mapping[str, list[Phrase]]) -> Phrase:
    paragraphs = []
    for letters in layout.split("/"):
        sentences = [parts[letter].pop(0) for letter in letters if parts[letter]]
        paragraphs.append(
            Phrase(
                " ".join(_capitalise(sentence.en) for sentence in sentences),
                "".join(sentence.zh for sentence in sentences),
            )
        )
    return Phrase(
        "\n\n".join(paragraph.en for paragraph in paragraphs),
        "\n\n".join(paragraph.zh for paragraph in paragraphs),
    )


def _capitalise(text: str) -> str:
    return text[0].upper() + text[1:]


def _about_material(chosen: Mapping[str, str], place: int) -> list[Phrase]:
    """A sentence about the material; none while the variants differ in it."""
    return [_rotate(bank.materials()[chosen["material"]], place)] if "material" in chosen else []


def _variant_note(own: Mapping[str, str], values: Mapping[str, Value], place: int) -> Phrase:
    """What sets a variant apart: "Colour: sage green; Size: M."."""
    labels = bank.labels()
    about = _about_material(own, place)
    return Phrase(
        " ".join(
            [
                "; ".join(f"{labels[key].en}: {value.en}" for key, value in values.items()) + ".",
                *(sentence.en for sentence in about),
            ]
        ),
        "；".join(f"{labels[key].zh}：{value.zh}" for key, value in values.items())
        + "。"
        + "".join(sentence.zh for sentence in about),
    )


def _attribute(key: str, written: str) -> DemoAttribute:
    label, value = bank.labels()[key], bank.value(key, written)
    return DemoAttribute(key, label.en, label.zh, _capitalise(value.en), value.zh)


def _category_path(slug: str) -> tuple[tuple[str, str, str], ...]:
    table = bank.category_table()
    nodes = [table[step] for step in table[slug].path]
    return tuple((node.slug, node.name_en, node.name_zh) for node in nodes)


# Choices


def _spread(rng: Random, options: Sequence[T], times: int) -> list[T]:
    """`times` options, each used about equally often, in a random order."""
    found: list[T] = []
    while len(found) < times:
        found += rng.sample(list(options), len(options))
    return found[:times]


def _rotate(options: Sequence[T], place: int) -> T:
    return options[place % len(options)]


def _pick_axis(
    rng: Random, options: Sequence[str], first: str, span: tuple[int, int]
) -> Sequence[str]:
    """Between span[0] and span[1] options, `first` among them, in the order of the bank."""
    size = min(rng.randint(*span), len(options))
    others = rng.sample([option for option in options if option != first], size - 1)
    picked = {first, *others}
    return [option for option in options if option in picked]


def _brand(slug: str) -> DemoBrand:
    return bank.brand_table()[slug]


# Money and stock


def _price(rng: Random, kind: ProductType, brand: DemoBrand) -> Decimal:
    low, high = kind.price
    # Squaring the draw puts more products at the cheap end, as in a real assortment.
    return _charming((low + (high - low) * rng.random() ** 1.6) * brand.level)


def _charming(amount: float) -> Decimal:
    """Prices as shops write them: 7.95, 24.90, 149.00."""
    if amount < 20:
        return Decimal(max(1, round(amount))) - Decimal("0.05")
    if amount < 100:
        return Decimal(round(amount)) - Decimal("0.10")
    return Decimal(round(amount / 5) * 5 - 1).quantize(Decimal("0.01"))


def _compare_at(rng: Random, price: Decimal) -> Decimal:
    return _charming(float(price) * rng.choice((1.15, 1.2, 1.25, 1.35, 1.5)) + 1)


def _stock(rng: Random) -> int:
    if rng.random() < SOLD_OUT_SHARE:
        return 0
    return 1 + int(rng.expovariate(1 / 24))


# Looks


def _drawing(kind: ProductType, chosen: Mapping[str, str], place: int) -> Drawing:
    body = _first(kind, chosen, ("colour", "material"), "colour")
    texture = _first(kind, chosen, ("pattern", "material"), "texture") or "plain"
    accent = bank.value(kind.accent, chosen[kind.accent]) if kind.accent else Value("", "")
    return Drawing(
        kind=kind.slug,
        colour=body,
        texture=texture,
        accent=accent.colour or "#c9a06b",
        accent_texture=accent.texture or "plain",
        options=(*chosen.items(), ("place", str(place))),
    )


def _first(kind: ProductType, chosen: Mapping[str, str], keys: Iterable[str], look: str) -> str:
    for key in keys:
        if key in chosen and key != kind.accent:
            found: str = getattr(bank.value(key, chosen[key]), look)
            if found:
                return found
    return ""
