"""What the generator hands over: plain, frozen records, each text in English and in Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class DemoCategory:
    """A node of the category tree. `path` holds the slugs from the root down to this node."""

    slug: str
    name_en: str
    name_zh: str
    path: tuple[str, ...]

    @property
    def parent_path(self) -> tuple[str, ...]:
        """The path of the category above; empty for a department."""
        return self.path[:-1]


@dataclass(frozen=True, slots=True)
class DemoBrand:
    """An invented maker. `level` multiplies prices: 1 is the middle of the market."""

    slug: str
    name: str
    name_zh: str
    story_en: str
    story_zh: str
    level: float
    collections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoAttribute:
    """One property of a product, ready to be shown: key `colour`, label `Colour`, value `Sage`."""

    key: str
    label_en: str
    label_zh: str
    value_en: str
    value_zh: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the illustrator needs to know.

    `colour` and `accent` are hex colours; `texture` and `accent_texture` name patterns
    ("plain", "grain", "knit", ...); `options` are (attribute, value as
    written in the banks), and the number of the product within its type as `place`.
    """

    kind: str
    colour: str
    texture: str
    accent: str
    accent_texture: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """A product of the shop: simple, or a parent with variants, or one of those variants.

    A parent cannot be bought itself: its price is that of its cheapest variant and its stock the
    sum. A variant repeats its parent's texts with its own colour or size added, names its parent
    in `parent_sku` and has no variants of its own.
    """

    slug: str
    kind: str
    title_en: str
    title_zh: str
    description_en: str
    description_zh: str
    brand: DemoBrand
    collection: str
    category_path: tuple[tuple[str, str, str], ...]  # (slug, English name, Chinese name)
    attributes: tuple[DemoAttribute, ...]
    price: Decimal
    compare_at_price: Decimal | None
    currency: str
    stock: int
    sku: str
    ean: str
    drawing: Drawing
    parent_sku: str | None = None
    variants: tuple[DemoProduct, ...] = ()

    @property
    def sellable(self) -> tuple[DemoProduct, ...]:
        """The rows a customer can put into the cart: the variants, else the product itself."""
        return self.variants or (self,)


@dataclass(frozen=True, slots=True)
class DemoRelation:
    """`source` `relation` `target`, by SKU of top-level products.

    Relations: `accessory_of`, and `complements` and `substitutes`, which hold both ways.
    """

    source: str
    relation: str
    target: str
