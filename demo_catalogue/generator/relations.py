"""Facts between products: which bulb fits which lamp, what goes with what, what replaces what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from demo_catalogue.generator import bank
from demo_catalogue.generator.compose import generate
from demo_catalogue.generator.records import DemoProduct, DemoRelation

NEIGHBOURS = 3  # per product and rule: a shop shows a few, not all
IN_REACH = Decimal("1.6")  # how many times as dear as another a replacement may be

ByKind = Mapping[str, Sequence[DemoProduct]]


def relations(products: Iterable[DemoProduct] | None = None) -> list[DemoRelation]:
    """All relations between top-level products, by SKU. What goes with another product, or can
    replace it, is said once for both.

    The rules of relations.toml say which types belong together; with `same`, only products that
    share the value of that attribute, and then all of them.
    """
    by_kind: dict[str, list[DemoProduct]] = defaultdict(list)
    for product in generate() if products is None else products:
        by_kind[product.kind].append(product)
    table = bank.read("relations.toml")
    found = [*_by_rule(by_kind, table["rule"]), *_by_likeness(by_kind, table["vital"])]
    once = {(each.relation, *sorted((each.source, each.target))): each for each in found}
    return list(once.values())


def _by_rule(by_kind: ByKind, rules: Sequence[Mapping[str, Any]]) -> Iterator[DemoRelation]:
    for rule in rules:
        same = [rule["same"]] if "same" in rule else []
        for source in rule["source"]:
            for target in rule["target"]:
                for place, left in enumerate(by_kind[source]):
                    others = [each for each in by_kind[target] if _agree(left, each, same)]
                    # Everybody begins at another place, so that each is somebody's first choice.
                    start = place % max(len(others), 1)
                    others = _nearest_first(left, others[start:] + others[:start])
                    for right in others if same else others[:NEIGHBOURS]:
                        yield DemoRelation(left.sku, rule["relation"], right.sku)


def _nearest_first(left: DemoProduct, others: list[DemoProduct]) -> list[DemoProduct]:
    """Of the same collection, then of the same maker, then the rest as they come."""
    return sorted(
        others,
        key=lambda each: (each.collection != left.collection, each.brand != left.brand),
    )


def _by_likeness(by_kind: ByKind, vital: Mapping[str, Sequence[str]]) -> Iterator[DemoRelation]:
    """A product is replaced by those of its type that have most in common with it, at a price
    within reach, if they agree in what is `vital`: a bulb with another fitting is of no use."""
    for kind, products in by_kind.items():
        for left in products:
            alike = [
                right
                for right in products
                if right.sku != left.sku
                and max(left.price, right.price) <= IN_REACH * min(left.price, right.price)
                and _agree(left, right, vital.get(kind, ()))
            ]
            alike.sort(key=lambda right: (-_in_common(left, right), abs(right.price - left.price)))
            for right in alike[:NEIGHBOURS]:
                yield DemoRelation(left.sku, "substitutes", right.sku)


def _agree(left: DemoProduct, right: DemoProduct, keys: Iterable[str]) -> bool:
    mine, other = _values(left), _values(right)
    return all(mine.get(key) == other.get(key) for key in keys)


def _in_common(left: DemoProduct, right: DemoProduct) -> int:
    return len(_values(left).items() & _values(right).items())


def _values(product: DemoProduct) -> dict[str, str]:
    return {each.key: each.value_en for each in product.attributes}
