from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import defaultdict
from io import BytesIO
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from demo_catalogue.shoppers import Offer, simulate
from demo_shop.models import Product, ProductRelation, split_path
from shopreco import services


class Command(BaseCommand):
    help = (
        "Fill the event log with simulated visitors: people with tastes who search, look, buy and "
        "send back. Their events say `simulator`, their names and orders `simulated`. A second "
        "run within the hour adds nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--visitors", type=int, default=600)
        parser.add_argument("--days", type=int, default=30, help="days before today that they come")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, visitors: int, days: int, seed: int, **options: Any) -> None:
        # As of the hour, so that there is something of today, and a second run repeats the first.
        now = timezone.now().replace(minute=0, second=0, microsecond=0)
        events = simulate(offers(), visitors=visitors, days=days, until=now, seed=seed)
        lines = "".join(f"{json.dumps(each)}\n" for each in events)
        imported = services.import_events(BytesIO(lines.encode()), "jsonl", consent="personal")
        for error in imported.errors[:10]:
            self.stderr.write(f"line {error.index}: {error.detail}")
        self.stdout.write(
            f"{imported.accepted} simulated events of {visitors} visitors; "
            f"{imported.repeated} were there already"
        )


def offers() -> list[Offer]:
    """What visitors see: products with a price, by SKU, so that every run draws the same."""
    partners: dict[Any, list[str]] = defaultdict(list)
    pairs = ProductRelation.objects.exclude(kind=ProductRelation.Kind.SUBSTITUTES)
    for source, target in pairs.order_by("pk").values_list("source_id", "target_id"):
        partners[source].append(str(target))
        partners[target].append(str(source))
    products = Product.objects.live().filter(parent=None).exclude(price=None)
    found = []
    for product in products.select_related("brand").prefetch_related("categories").order_by("sku"):
        paths = sorted(each.path for each in product.categories.all())
        found.append(
            Offer(
                key=str(product.pk),
                category=tuple(split_path(paths[-1])) if paths else (str(product),),
                brand=product.brand.name if product.brand else "",
                price=float(product.price or 0),
                currency=product.currency,
                partners=tuple(partners[product.pk]),
            )
        )
    return found
