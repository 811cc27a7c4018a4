"""Writers of the ordeal: random saves of the demo shop, the same with shopreco and without.

    python -m tests.ordeal_writer DIRECTORY SEED THREADS

prints "ready", waits for the file `go` in the directory, which says for how many seconds, and
prints one line of JSON.

No transaction here deadlocks with another by the shop's own rows: they are always locked in one
order, that of `MODELS`, then of the key. Whatever is saved afterwards needs no lock on any other.
The order of the saves, and so of all that shopreco does for them, is random.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import django

MAX_STATEMENTS = 4


class Statement(NamedTuple):
    """One save, with the rows that were drawn for it, of which it may use some."""

    kind: str
    brand: UUID
    category: UUID
    product: UUID
    other: UUID


LOCKS: Mapping[str, tuple[str, ...]] = {
    "save_brand": ("brand",),
    "save_category": ("category",),
    "save_product": ("product",),
    "move_product": ("brand", "product"),
    "take_down": ("product",),
    "add_category": ("category", "product"),
    "remove_category": ("category", "product"),
    "add_product": ("category", "product"),
    "toggle_row_between": ("category", "product"),
    "toggle_relation": ("product", "other"),
    "come_and_go": ("brand",),
}
"""Rows that a kind of statement has to hold, by the names of `Statement`."""
SIMPLE = ("save_brand", "save_category", "save_product")
"""Kinds that lock one row each, by the save itself."""
OF_MANY = ("save_brand", "save_category")
"""Kinds that many products follow. They would hide that a single one was forgotten, so they end
before the rest."""
LAST_SHARE = 0.1
WEIGHTS = {"save_product": 6, "save_brand": 3, "save_category": 2}


@dataclass
class Figures:
    """What a writer did. `failures` are counted by what was said."""

    saves: int = 0
    transactions: int = 0
    longest: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)


class Writer:
    """Saves until its time is over."""

    def __init__(self, seed: str) -> None:
        from demo_shop.models import Brand, Category, Product

        self.random = Random(seed)
        self.seed = seed
        self.number = 0
        self.figures = Figures()
        self.made: list[UUID] = []
        self.models = {"brand": Brand, "category": Category, "product": Product}
        self.keys = {
            name: list(model._base_manager.order_by("pk").values_list("pk", flat=True))
            for name, model in self.models.items()
        }

    def write(self, until: float) -> Figures:
        from django.db import connections, transaction

        calm = until - LAST_SHARE * (until - time.monotonic())
        while time.monotonic() < until:
            statements = self.drawn(without=OF_MANY if time.monotonic() > calm else ())
            started, kept = time.monotonic(), list(self.made)
            try:
                with transaction.atomic():
                    self.prepared(statements)()
            except Exception as error:  # noqa: BLE001 (every failure is a finding)
                self.figures.failures[said(error)] += 1
                self.made = kept
            else:
                self.figures.saves += len(statements)
                self.figures.transactions += 1
            self.figures.longest = max(self.figures.longest, time.monotonic() - started)
        connections.close_all()
        return self.figures

    def drawn(self, without: Sequence[str]) -> list[Statement]:
        simple = self.random.random() < 0.5
        kinds = [kind for kind in (SIMPLE if simple else LOCKS) if kind not in without]
        weights = [WEIGHTS.get(kind, 1) for kind in kinds]
        chosen = self.random.choices(kinds, weights, k=self.random.randint(1, MAX_STATEMENTS))
        # Each row once: of one that a transaction updates twice PostgreSQL checks the foreign keys
        # again when it commits, and so locks a brand out of turn.
        number = len(chosen)
        rows = (
            self.random.sample(self.keys["brand"], number),
            self.random.sample(self.keys["category"], number),
            *[iter(self.random.sample(self.keys["product"], 2 * number))] * 2,
        )
        return [Statement(*each) for each in zip(chosen, *rows, strict=False)]

    def prepared(self, statements: list[Statement]) -> Callable[[], None]:
        """All rows are locked in order and then saved in any, or each is locked by its save."""
        ordered = all(each.kind in SIMPLE for each in statements)
        if ordered:
            order = list(SIMPLE)
            statements = sorted(
                statements,
                key=lambda s: (order.index(s.kind), getattr(s, LOCKS[s.kind][0])),
            )
        else:
            self.lock(statements)

        def save() -> None:
            for statement in statements:
                getattr(self, statement.kind)(statement)

        return save

    def lock(self, statements: Iterable[Statement]) -> None:
        wanted: dict[str, set[UUID]] = {name: set() for name in self.models}
        for statement in statements:
            for name in LOCKS[statement.kind]:
                model = "product" if name == "other" else name
                wanted[model].add(getattr(statement, name))
        for name, model in self.models.items():
            rows = model._base_manager.filter(pk__in=wanted[name]).order_by("pk")
            list(rows.select_for_update().values_list("pk"))

    def word(self) -> str:
        """A word that nothing else has."""
        self.number += 1
        return f"{self.seed}v{self.number}"

    def get(self, name: str, statement: Statement) -> Any:
        return self.models[name]._base_manager.get(pk=getattr(statement, name))

    # One save each

    def save_brand(self, statement: Statement) -> None:
        brand = self.get("brand", statement)
        brand.name = f"Brand {self.word()}"
        brand.save()

    def save_category(self, statement: Statement) -> None:
        category = self.get("category", statement)
        category.path = f"Home > {self.word()}"
        category.save()

    def save_product(self, statement: Statement) -> None:
        # Some columns: another's change of the brand since we read it is not undone, which would
        # lock that brand out of turn.
        product = self.get("product", statement)
        product.title = f"Lamp {self.word()}"
        product.price = self.random.choice([None, self.random.randint(1, 500)])
        product.stock = self.random.randint(0, 3)
        product.save(update_fields=["title", "price", "stock", "updated"])

    def move_product(self, statement: Statement) -> None:
        product = self.get("product", statement)
        product.brand_id = statement.brand
        product.title = f"Lamp {self.word()}"
        product.save()

    def take_down(self, statement: Statement) -> None:
        product = self.get("product", statement)
        product.active = not product.active
        product.save()

    def add_category(self, statement: Statement) -> None:
        self.get("product", statement).categories.add(statement.category)

    def remove_category(self, statement: Statement) -> None:
        self.get("product", statement).categories.remove(statement.category)

    def add_product(self, statement: Statement) -> None:
        self.get("category", statement).products.add(statement.product)

    def toggle_row_between(self, statement: Statement) -> None:
        """As an inline of the admin does."""
        between = self.models["product"].categories.through._base_manager
        row = {"product_id": statement.product, "category_id": statement.category}
        if found := between.filter(**row).first():
            found.delete()
        else:
            between.create(**row)

    def toggle_relation(self, statement: Statement) -> None:
        from demo_shop.models import ProductRelation

        relations = ProductRelation.objects
        row = {"source_id": statement.product, "target_id": statement.other}
        if found := relations.filter(**row).first():
            found.delete()
        else:
            relations.create(**row, kind="complements")

    def come_and_go(self, statement: Statement) -> None:
        """A new product, or one that was made here leaves."""
        products = self.models["product"].objects
        if len(self.made) > 2:
            products.get(pk=self.made.pop(0)).delete()
            return
        word = self.word()
        made = products.create(
            sku=word, slug=word, title=f"Lamp {word}", brand_id=statement.brand, stock=1, price=7
        )
        self.made.append(made.pk)


def said(error: Exception) -> str:
    """What went wrong, and in which table, without what differs from time to time."""
    lines = str(error).splitlines() or [""]
    table = next((line.rpartition("relation")[2] for line in lines if "in relation" in line), "")
    return f"{type(error).__name__}: {lines[0]}{table}"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(directory: Path, seed: str, threads: int) -> None:
    writers = [Writer(f"{seed}t{number}") for number in range(threads)]
    say("ready")
    go = directory / "go"
    while not go.exists():
        time.sleep(0.02)
    started = time.monotonic()
    until = started + float(go.read_text())
    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(lambda writer: writer.write(until), writers))
    figures = {
        "saves": sum(each.saves for each in done),
        "transactions": sum(each.transactions for each in done),
        "longest": max(each.longest for each in done),
        "failures": sum((each.failures for each in done), Counter()),
        "seconds": time.monotonic() - started,
    }
    say(json.dumps(figures))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
