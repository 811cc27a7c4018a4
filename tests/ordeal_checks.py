"""What is looked at while and after an ordeal: the index beside the shop, the servers, the logs."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import Any

CATALOGUE = "demo_shop.product"


def stale_items() -> list[str]:
    """Products whose item is not what the shop says now, by the item's own columns."""
    from demo_shop.models import Product
    from shopreco.models import Item, Outcome

    columns = ("title", "price", "parent_id")
    stored = {
        object_id: (title, price, parent_id)
        for object_id, title, price, parent_id in Item.objects.filter(
            catalogue=CATALOGUE, outcome=Outcome.INDEXED
        ).values_list("object_id", *columns)
    }
    live = {
        str(pk): (title, price, str(parent_id or ""))
        for pk, title, price, parent_id in Product.objects.live().values_list("pk", *columns)
    }
    return [
        f"{object_id}: the shop has {live.get(object_id)}, the index {stored.get(object_id)}"
        for object_id in sorted(live.keys() | stored.keys())
        if live.get(object_id) != stored.get(object_id)
    ]


def unfound_items() -> list[str]:
    """What searches answer otherwise than the shop: by brand, by category, by the title's word."""
    from demo_shop.models import Product
    from shopreco.models import Embedding, SpaceState

    products = list(Product.objects.live().select_related("brand").prefetch_related("categories"))
    expected: dict[tuple[str, str], set[str]] = {}
    for product in products:
        paths = [category.path for category in product.categories.all()]
        for facet in [("brand", product.brand.name), *(("category", path) for path in paths)]:
            expected.setdefault(facet, set()).add(str(product.pk))
    found = []
    for (name, value), ids in expected.items():
        answered = _answered(filters={name: value}, limit=1000)
        if answered != ids:
            found.append(f"{name} {value}: lacks {ids - answered}, has {answered - ids}")
    for product in products:
        word = product.title.rpartition(" ")[2]
        if str(product.pk) not in _answered(query=word, limit=3):
            found.append(f"{product.pk} is not found by {word!r}")
    vectors = Embedding.objects.filter(space__catalogue=CATALOGUE, space__state=SpaceState.ACTIVE)
    if vectors.count() != len(products):
        found.append(f"{vectors.count()} vectors of {len(products)} products")
    return found


def _answered(**question: Any) -> set[str]:
    from shopreco import services

    page = services.search(catalogue=CATALOGUE, collapse=False, **question)
    return {result.object_id for result in page}


def broker() -> int:
    from django.conf import settings

    return int((settings.EMBEDDED.valkey.directory / "valkey.pid").read_text())


def seconds(run: Any) -> float:
    """How long a run took; 0 if it has not ended."""
    ended = run is not None and run.started_at and run.finished_at
    return (run.finished_at - run.started_at).total_seconds() if ended else 0.0


def deadlocks() -> int:
    """That PostgreSQL has ended in this database; backends report within a second."""
    from django.db import connection

    time.sleep(1.5)
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def durability() -> dict[str, str]:
    from django.db import connection

    names = ["fsync", "synchronous_commit", "full_page_writes"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [names])
        return dict(cursor.fetchall())


def errors(log: str) -> Counter[str]:
    """Kinds of exceptions that ended a traceback in a worker's log."""
    return Counter(re.findall(r"^([\w.]+(?:Error|Exception|Deadlock\w+)): ", log, re.MULTILINE))
