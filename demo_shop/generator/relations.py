"""Facts between products: which bulb fits which lamp, what goes with what, what replaces what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from . import bank
from .compose import generate
from .records import DemoProduct, DemoRelation

NEIGHBOURS = 2  # complements per product and rule: a shop shows a few, not all


def relations(products: Iterable[DemoProduct] | None = None) -> list[DemoRelation]:
    """All relations between top-level products, by SKU, without duplicates.

    A rule of relations.toml joins two product types; with `same = "fitting"` only products that
    share the value of that attribute are joined. `matches` comes from a shared collection.
    """
    products = list(generate() if products is None else products)
    found = [*_by_rule(products), *_by_collection(products), *_by_likeness(products)]
    return list(dict.fromkeys(found))


def _by_rule(products: Sequence[DemoProduct]) -> Iterator[DemoRelation]:
    kinds: dict[str, list[DemoProduct]] = defaultdict(list)
    for product in products:
        kinds[product.kind].append(product)
    for rule in bank.read("relations.toml")["rule"]:
        for source in rule["source"]:
            for target in rule["target"]:
                for place, left in enumerate(kinds[source]):
                    fitting = [right for right in kinds[target] if _fits(left, right, rule)]
                    limit = len(fitting) if "same" in rule else NEIGHBOURS
                    for offset in range(min(limit, len(fitting))):
                        right = fitting[(place + offset * 3) % len(fitting)]
                        yield DemoRelation(left.sku, rule["relation"], right.sku)


def _fits(left: DemoProduct, right: DemoProduct, rule: dict[str, str]) -> bool:
    key = rule.get("same")
    return key is None or _value(left, key) == _value(right, key)


def _value(product: DemoProduct, key: str) -> str | None:
    return next((a.value_en for a in product.attributes if a.key == key), None)


def _by_collection(products: Sequence[DemoProduct]) -> Iterator[DemoRelation]:
    sets: dict[tuple[str, str], list[DemoProduct]] = defaultdict(list)
    for product in products:
        sets[product.brand.slug, product.collection].append(product)
    for members in sets.values():
        for place, left in enumerate(members):
            for right in members[place + 1 :]:
                if left.kind != right.kind:
                    yield DemoRelation(left.sku, "matches", right.sku)


def _by_likeness(products: Sequence[DemoProduct]) -> Iterator[DemoRelation]:
    """The nearest price among the products of the same type and material replaces a product."""
    for left in products:
        alike = [
            right
            for right in products
            if right.kind == left.kind
            and right.sku != left.sku
            and _value(right, "material") == _value(left, "material")
        ]
        if alike:
            nearest = min(alike, key=lambda right: abs(right.price - left.price))
            yield DemoRelation(left.sku, "substitutes", nearest.sku)
