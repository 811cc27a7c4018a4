"""The catalogue of the demo shop, written and drawn by this package: same bytes every time.

    generate()    -> the products, each parent with its variants inside
    categories()  -> the category tree, parents before children
    brands()      -> the makers
    relations()   -> facts between products
    draw(product) -> an SVG picture;  render(product, size) -> the same as WebP bytes;
    render_all(products, size, workers) -> many of them, in processes
    looks(product) -> the SVG layers of every look that it comes in

It knows no Django: `demo_catalogue.assortment` turns its products into records for the loader.
"""

from __future__ import annotations

from collections.abc import Iterator

from demo_catalogue.generator import bank
from demo_catalogue.generator.compose import CURRENCY, generate
from demo_catalogue.generator.drawing import draw, looks, render, render_all
from demo_catalogue.generator.records import (
    DemoAttribute,
    DemoBrand,
    DemoCategory,
    DemoProduct,
    DemoRelation,
    Drawing,
)
from demo_catalogue.generator.relations import relations

__all__ = [
    "CURRENCY",
    "DemoAttribute",
    "DemoBrand",
    "DemoCategory",
    "DemoProduct",
    "DemoRelation",
    "Drawing",
    "brands",
    "categories",
    "draw",
    "generate",
    "looks",
    "relations",
    "render",
    "render_all",
]


def categories() -> Iterator[DemoCategory]:
    """The category tree, parents before their children."""
    yield from bank.category_table().values()


def brands() -> Iterator[DemoBrand]:
    """The makers, in alphabetical order of their slugs."""
    yield from sorted(bank.brand_table().values(), key=lambda brand: brand.slug)
