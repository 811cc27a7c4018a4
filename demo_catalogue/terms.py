"""Brands, categories, words and relations of the generated catalogue, into the shop's tables.

Feeds have none of these: the loader makes the brands and categories that their products name.
Rows that the shop has already stay as they are.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator

from demo_catalogue.generator import DemoBrand, DemoCategory, DemoProduct, DemoRelation
from demo_shop.models import PATH_SEPARATOR, Brand, Category, ProductRelation, Word

NAMESPACE = uuid.UUID("b06ce9ed-7f0b-4c8e-9d0f-1c3f0f2f8a11")
"""The demo's keys come from its SKUs, so they are the same on every machine."""
BATCH = 500


def key_of(sku: str) -> uuid.UUID:
    """Primary key of a generated product."""
    return uuid.uuid5(NAMESPACE, sku)


def write_brands(brands: Iterable[DemoBrand]) -> None:
    rows = [Brand(name=each.name, name_zh=each.name_zh) for each in brands]
    Brand.objects.bulk_create(rows, ignore_conflicts=True)


def write_categories(categories: Iterable[DemoCategory]) -> None:
    """Write the tree; parents come before their children."""
    found: dict[tuple[str, ...], Category] = {}
    for position, each in enumerate(categories):
        parent = found.get(each.parent_path)
        path = f"{parent.path}{PATH_SEPARATOR}{each.name_en}" if parent else each.name_en
        found[each.path], _new = Category.objects.get_or_create(
            path=path,
            defaults={
                "parent": parent,
                "name": each.name_en,
                "name_zh": each.name_zh,
                "slug_path": "/".join(each.path),
                "position": position,
            },
        )


def write_relations(relations: Iterable[DemoRelation]) -> None:
    rows = [
        ProductRelation(
            source_id=key_of(each.source), kind=each.relation, target_id=key_of(each.target)
        )
        for each in relations
    ]
    ProductRelation.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)


def write_words(products: Iterable[DemoProduct]) -> None:
    """Write the words of all attributes, for the shop's glossary."""
    words = {word.word: word for each in products for word in _words(each)}
    Word.objects.bulk_create(words.values(), ignore_conflicts=True, batch_size=BATCH)


def _words(product: DemoProduct) -> Iterator[Word]:
    for each in product.attributes:
        yield Word(word=each.key, english=each.label_en, chinese=each.label_zh)
        yield Word(word=each.value_en, english=each.value_en, chinese=each.value_zh)
