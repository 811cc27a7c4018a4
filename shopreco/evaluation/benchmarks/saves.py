"""The benchmark of saves: their cost with shopreco, against a process that does not have it.

Both processes are started alike and work on the same rows. The one without has the shop's app in
`INSTALLED_APPS` and not shopreco: no receiver, no mark, no nudge. They save in turns, so that
other load on the machine hits both alike. No worker runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from typing import Any, Final

import numpy as np
from django.db import connection

from shopreco.evaluation.benchmarks.saver import Model, Saver, saver
from shopreco.evaluation.scratch.preparation import migrate
from shopreco.evaluation.scratch.shop.models import Brand, Product
from shopreco.evaluation.scratch.shop.rows import fill_shop
from shopreco.evaluation.tables import table

TURN: Final = 10
WARM_UP_SAVES: Final = 200
BRAND_SAVES: Final = 20
OTHERS: Final = 2_000
"""Products of other brands, which are saved one after another."""
DURABILITY: Final = ("fsync", "full_page_writes", "synchronous_commit")


@dataclass(frozen=True, slots=True)
class SaveTimes:
    """Milliseconds of the same saves, without shopreco and with it."""

    without: tuple[float, ...]
    with_it: tuple[float, ...]

    def ratio(self, percent: float) -> float:
        return float(np.percentile(self.with_it, percent) / np.percentile(self.without, percent))

    def more(self, percent: float) -> float:
        return float(np.percentile(self.with_it, percent) - np.percentile(self.without, percent))


@dataclass(frozen=True, slots=True)
class SaveBenchmark:
    """Saves of products, and of a brand of `products` of them."""

    products: int
    durability: Mapping[str, str]
    """Settings of the server."""
    product: SaveTimes
    brand: SaveTimes

    @property
    def is_durable(self) -> bool:
        return set(self.durability.values()) == {"on"}

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "product_ratio_p50": self.product.ratio(50),
            "product_ratio_p99": self.product.ratio(99),
            "brand_more_p50_ms": self.brand.more(50),
            "brand_more_max_ms": self.brand.more(100),
        }

    def as_text(self) -> str:
        cells = [(self.product, 50), (self.product, 99), (self.brand, 50), (self.brand, 100)]
        rows = [
            ["without", *(f"{np.percentile(each.without, at):.2f}" for each, at in cells)],
            ["with", *(f"{np.percentile(each.with_it, at):.2f}" for each, at in cells)],
            ["times", *(f"{each.ratio(at):.2f}" for each, at in cells)],
            ["more", *(f"{each.more(at):.2f}" for each, at in cells)],
        ]
        server = ", ".join(f"{name} {value}" for name, value in self.durability.items())
        saves = (
            f"{len(self.product.without)} saves of a product each, in turns of {TURN}; "
            f"{len(self.brand.without)} of a brand of {self.products} products"
        )
        safety = f"{server}: a commit {'is' if self.is_durable else 'is NOT'} on disk"
        figures = table(["ms", "product p50", "p99", "brand p50", "max"], rows)
        note = (
            "Without: a process that has the shop's app and not shopreco. With: the mark and the "
            "nudge to the broker are included. No worker runs."
        )
        return f"{saves}\n{safety}\n{figures}\n{note}"


def benchmark_saves(saves: int, products: int) -> SaveBenchmark:
    """Save as many products, and a brand of so many others, without shopreco and with it.

    Raises:
        NoBroker: no broker answers.
    """
    migrate()
    fill_shop(products + OTHERS, of_first_brand=products)
    brand = Brand.objects.order_by("pk")[:1].get()
    others = list(Product.objects.exclude(brand=brand).values_list("pk", flat=True))
    with saver(with_shopreco=False) as without, saver(with_shopreco=True) as with_it:
        both = (without, with_it)
        _in_turns(both, "Product", list(islice(cycle(others), WARM_UP_SAVES)), TURN)
        _in_turns(both, "Brand", [brand.pk], 1)
        product = _in_turns(both, "Product", list(islice(cycle(others), saves)), TURN)
        of_brand = _in_turns(both, "Brand", [brand.pk] * BRAND_SAVES, 1)
    return SaveBenchmark(products, _durability(), product, of_brand)


def _in_turns(both: tuple[Saver, Saver], model: Model, keys: Sequence[Any], turn: int) -> SaveTimes:
    """Both save all rows. Who goes first changes with every turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for number, start in enumerate(range(0, len(keys), turn)):
        for at in (0, 1) if number % 2 else (1, 0):
            times[at].extend(both[at].save(model, keys[start : start + turn]))
    return SaveTimes(tuple(times[0]), tuple(times[1]))


def _durability() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY(%s) ORDER BY name",
            [list(DURABILITY)],
        )
        return dict(cursor.fetchall())
