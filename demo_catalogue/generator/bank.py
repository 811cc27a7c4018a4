"""Reads the phrase banks: the TOML files beside this module, checked and typed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from demo_catalogue.generator.records import DemoBrand, DemoCategory

FOLDER = Path(__file__).parent
UNITS = {
    "cm": "厘米", "mm": "毫米", "m": "米", "ml": "毫升", "L": "升", "g": "克", "kg": "千克",
    "W": "瓦", "lm": "流明", "h": "小时", "mAh": "毫安时", "pieces": "件", "pages": "页",
    "persons": "人", "gsm": "克/平方米", "dB": "分贝", "°C": "°C", "K": "K", "tog": "托格",
}  # fmt: skip
MEASURE = re.compile(r"^(?P<number>[\d.]+(?: ?[x–] ?[\d.]+)*) ?(?P<unit>[^\d]*)$")


@dataclass(frozen=True, slots=True)
class Phrase:
    """The same thing said in English and in Chinese; may hold `{slots}`."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Value:
    """A value of an attribute: "oak", 橡木, and how it looks if it has a look of its own."""

    en: str
    zh: str
    colour: str = ""
    texture: str = ""


@dataclass(frozen=True, slots=True)
class ProductType:
    """Everything the banks say of one kind of product.

    `choices` are attributes with values to choose from, `numbers` attributes measured in a unit:
    (lowest, highest, step, unit). `variants` names the attributes in which the variants of one
    product differ, with the least and the greatest number of values. `accent` names the attribute
    that colours the second material of the drawing. `steps` raises the price per place in a
    variant axis (a bigger pan costs more).
    """

    slug: str
    category: str
    name: Phrase
    code: str
    brands: tuple[str, ...]
    price: tuple[float, float]
    products: int
    choices: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, tuple[float, float, float, str]]
    variants: Mapping[str, tuple[int, int]]
    accent: str
    steps: Mapping[str, float]
    titles: tuple[Phrase, ...]
    openings: tuple[Phrase, ...]
    features: tuple[Phrase, ...]
    uses: tuple[Phrase, ...]


def phrases(pairs: list[list[str]]) -> tuple[Phrase, ...]:
    return tuple(Phrase(*pair) for pair in pairs)


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


@cache
def labels() -> Mapping[str, Phrase]:
    """Attribute key -> its label."""
    return {key: Phrase(*pair) for key, pair in read("vocabulary.toml")["label"].items()}


@cache
def vocabulary() -> Mapping[str, Mapping[str, Value]]:
    """Attribute key -> value as written in the banks -> the value in both languages."""
    tables = read("vocabulary.toml")
    del tables["label"]
    return {
        key: {slug: Value(*cells) for slug, cells in table.items()} for key, table in tables.items()
    }


def value(key: str, written: str) -> Value:
    """The value `written` in the banks for attribute `key`; measures translate their unit."""
    known = vocabulary().get(key, {}).get(written)
    if known:
        return known
    measure = MEASURE.match(written)
    if not measure or measure["unit"] not in {*UNITS, ""}:
        raise KeyError(f"vocabulary.toml: [{key}] has no value {written!r}")
    number, unit = measure["number"], measure["unit"]
    return Value(written.replace(" x ", " × "), f"{number}{UNITS.get(unit, '')}".replace("x", "×"))


@cache
def materials() -> Mapping[str, tuple[Phrase, ...]]:
    """Material -> sentences about it."""
    return {slug: phrases(pairs) for slug, pairs in read("materials.toml").items()}


@cache
def brand_table() -> Mapping[str, DemoBrand]:
    return {
        slug: DemoBrand(
            slug,
            row["name"],
            row["name_zh"],
            row["story"][0],
            row["story"][1],
            row["level"],
            tuple(row["collections"]),
        )
        for slug, row in read("brands.toml").items()
    }


@cache
def category_table() -> Mapping[str, DemoCategory]:
    """Slug -> category, parents before children."""
    found: dict[str, DemoCategory] = {}

    def walk(rows: Mapping[str, Any], above: tuple[str, ...]) -> None:
        for slug, row in rows.items():
            if slug == "name":
                continue
            found[slug] = DemoCategory(slug, *row["name"], path=(*above, slug))
            walk(row, (*above, slug))

    walk(read("categories.toml"), ())
    return found


@cache
def product_types() -> Mapping[str, ProductType]:
    """All product types, department by department."""
    found: dict[str, ProductType] = {}
    for file in sorted((FOLDER / "departments").glob("*.toml")):
        for slug, row in tomllib.loads(file.read_text(encoding="utf-8")).items():
            found[slug] = ProductType(
                slug=slug,
                category=row["category"],
                name=Phrase(*row["name"]),
                code=row["code"],
                brands=tuple(row["brands"]),
                price=tuple(row["price"]),
                products=row["products"],
                choices={key: tuple(options) for key, options in row["choices"].items()},
                numbers={key: tuple(cells) for key, cells in row.get("numbers", {}).items()},
                variants={key: tuple(span) for key, span in row.get("variants", {}).items()},
                accent=row.get("accent", ""),
                steps=row.get("steps", {}),
                **{bank: phrases(row[bank]) for bank in ("titles", "openings", "features", "uses")},
            )
    return found
