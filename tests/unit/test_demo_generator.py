"""The demo catalogue: whole, repeatable, bilingual, and drawn."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from difflib import SequenceMatcher
from itertools import combinations

import pytest
from PIL import Image

from demo_catalogue.generator import (
    DemoProduct,
    bank,
    brands,
    categories,
    draw,
    generate,
    relations,
    render,
    render_all,
)
from demo_catalogue.generator.identifiers import check_digit

PRODUCTS = tuple(generate())
ROWS = tuple(row for product in PRODUCTS for row in product.sellable)
KINDS = sorted({product.kind for product in PRODUCTS})


def chinese(text: str) -> int:
    return sum("\u4e00" <= letter <= "\u9fff" for letter in text)


def pixels(product: DemoProduct) -> bytes:
    return Image.open(io.BytesIO(render(product, size=64))).tobytes()


def test_the_same_catalogue_comes_out_every_time() -> None:
    assert tuple(generate()) == PRODUCTS
    assert [draw(row) for row in PRODUCTS[:40]] == [draw(row) for row in tuple(generate())[:40]]


def test_a_shop_of_about_a_thousand_rows() -> None:
    assert 950 <= len(ROWS) <= 1150
    assert len(KINDS) >= 45
    assert len(tuple(brands())) >= 30
    assert len({product.category_path for product in PRODUCTS}) >= 12


def test_every_path_leads_through_the_category_tree() -> None:
    known = {node.path: node for node in categories()}
    assert all(not node.parent_path or node.parent_path in known for node in known.values())
    for product in PRODUCTS:
        slugs = tuple(slug for slug, _, _ in product.category_path)
        assert slugs in known, product.sku
        assert 2 <= len(slugs) <= 3


@pytest.mark.parametrize("field", ["slug", "sku", "ean", "title_en", "title_zh"])
def test_names_and_codes_are_unique(field: str) -> None:
    everything = [*PRODUCTS, *(row for row in ROWS if row.parent_sku)]
    values = [getattr(product, field) for product in everything]
    assert len(values) == len(set(values))


def test_codes_check() -> None:
    for row in (*PRODUCTS, *ROWS):
        assert len(row.ean) == 13
        assert row.ean[-1] == check_digit(row.ean[:12])
    assert check_digit("400638133393") == "1"  # the example of the EAN-13 literature


def test_no_text_has_an_unfilled_slot_or_a_wrong_article() -> None:
    for row in (*PRODUCTS, *ROWS):
        for text in (row.title_en, row.title_zh, row.description_en, row.description_zh):
            assert text
            assert not {"{", "}"} & set(text), row.sku
        assert " a a" not in row.description_en
        assert " a o" not in row.description_en.replace(" a one", "")


def test_every_product_speaks_both_languages() -> None:
    for row in (*PRODUCTS, *ROWS):
        assert chinese(row.title_en + row.description_en) == 0, row.sku
        assert chinese(row.title_zh) >= 2, row.sku
        assert chinese(row.description_zh) >= 40, row.sku
        assert not {",", ";", "?", "!"} & set(row.description_zh), row.sku
        for attribute in row.attributes:
            assert attribute.label_en
            assert chinese(attribute.label_zh), attribute
            assert attribute.value_en
            assert attribute.value_zh
        assert all(chinese(name_zh) for _, _, name_zh in row.category_path)


def test_descriptions_are_long_enough_and_differ() -> None:
    by_kind = defaultdict(list)
    for product in PRODUCTS:
        assert len(product.description_en) >= 120, product.sku
        by_kind[product.kind].append(product.description_en)
    assert len({product.description_en for product in PRODUCTS}) == len(PRODUCTS)
    for kind, texts in by_kind.items():
        pairs = list(combinations(texts, 2))
        alike = sum(SequenceMatcher(None, a, b, autojunk=False).ratio() > 0.85 for a, b in pairs)
        assert alike == 0, kind


def test_variants_differ_from_their_parent_and_belong_to_it() -> None:
    for product in PRODUCTS:
        assert product.parent_sku is None
        if product.variants:
            assert len(product.variants) >= 2
            assert product.price == min(row.price for row in product.variants)
            assert product.stock == sum(row.stock for row in product.variants)
        for row in product.variants:
            assert row.parent_sku == product.sku
            assert not row.variants
            assert len(row.attributes) > len(product.attributes)


def test_prices_and_stock_are_a_shop_s() -> None:
    for row in ROWS:
        assert row.price > 0
        assert row.compare_at_price is None or row.compare_at_price > row.price
        assert row.currency == "EUR"
    sold_out = sum(row.stock == 0 for row in ROWS)
    on_sale = sum(row.compare_at_price is not None for row in ROWS)
    assert 0.03 < sold_out / len(ROWS) < 0.2
    assert 0.08 < on_sale / len(ROWS) < 0.35


RELATIONS = relations(PRODUCTS)
BY_SKU = {product.sku: product for product in PRODUCTS}


def value(product: DemoProduct, key: str) -> str | None:
    return next((each.value_en for each in product.attributes if each.key == key), None)


def test_relations_join_two_products_that_exist_and_say_so_once() -> None:
    for fact in RELATIONS:
        assert {fact.source, fact.target} <= BY_SKU.keys()
        assert fact.source != fact.target
    said = Counter((fact.relation, *sorted((fact.source, fact.target))) for fact in RELATIONS)
    assert set(said.values()) == {1}


def test_every_bulb_is_joined_to_all_lamps_that_it_fits_and_to_no_other() -> None:
    kinds = bank.read("relations.toml")["rule"][0]["target"]
    lamps = [product for product in PRODUCTS if product.kind in kinds]
    for bulb in PRODUCTS:
        if bulb.kind == "light-bulb":
            joined = {
                fact.target
                for fact in RELATIONS
                if fact.source == bulb.sku and fact.relation == "accessory_of"
            }
            fitting = value(bulb, "fitting")
            assert fitting
            assert joined == {lamp.sku for lamp in lamps if value(lamp, "fitting") == fitting}


def test_what_replaces_a_product_does_the_same_at_a_price_within_reach() -> None:
    vital = bank.read("relations.toml")["vital"]
    replacements = [fact for fact in RELATIONS if fact.relation == "substitutes"]
    assert len(replacements) > 200
    for fact in replacements:
        one, other = BY_SKU[fact.source], BY_SKU[fact.target]
        assert one.kind == other.kind
        assert one.price <= 2 * other.price
        assert other.price <= 2 * one.price
        for key in vital.get(one.kind, ()):
            assert value(one, key) == value(other, key)


def test_everything_goes_with_something() -> None:
    joined = {
        sku
        for fact in RELATIONS
        if fact.relation != "substitutes"
        for sku in (fact.source, fact.target)
    }
    assert {BY_SKU[sku].kind for sku in joined} == set(KINDS)


def test_a_product_goes_first_with_those_of_its_own_collection() -> None:
    joined = {frozenset((fact.source, fact.target)) for fact in RELATIONS}
    mates = [
        frozenset((chair.sku, other.sku))
        for chair in PRODUCTS
        for other in PRODUCTS
        if chair.kind == "armchair" and other.kind in {"floor-lamp", "side-table", "rug"}
        if chair.collection == other.collection
    ]
    assert mates
    assert joined.issuperset(mates)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_with_many_shapes(kind: str) -> None:
    for product in PRODUCTS:
        if product.kind == kind:
            assert draw(product).count("<path") >= 12, product.sku
            image = Image.open(io.BytesIO(render(product, size=96)))
            assert image.size == (96, 96)
            assert image.format == "WEBP"


def test_every_row_can_be_drawn() -> None:
    for row in ROWS:
        svg = draw(row)
        assert svg.startswith("<svg")
        assert "nan" not in svg


def test_pictures_made_in_processes_are_the_same() -> None:
    some = [PRODUCTS[0], PRODUCTS[-1], PRODUCTS[0]]
    assert list(render_all(some, size=64)) == [render(product, size=64) for product in some]


def test_pictures_of_different_colours_differ() -> None:
    compared = 0
    for product in PRODUCTS:
        by_colour = {row.drawing.colour: row for row in product.variants}
        pictures = [pixels(row) for row in by_colour.values()]
        compared += len(pictures) > 1
        assert len(set(pictures)) == len(pictures), product.sku
    assert compared > 100
