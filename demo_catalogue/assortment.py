"""The generated catalogue as records for the loader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from demo_catalogue import generator, terms
from demo_catalogue.generator import DemoProduct
from demo_catalogue.loader import Loader, Report
from demo_catalogue.records import ProductRecord
from demo_catalogue.studio import Looks, Studio, picture_name, video_name
from demo_shop import glossary
from demo_shop.models import PATH_SEPARATOR

FILMED = (
    "armchair", "backpack", "headphones", "jumper", "kite", "lantern", "office-chair",
    "pendant-light", "soft-toy", "table-lamp", "tent", "trainers", "vase", "wooden-vehicle",
)  # fmt: skip
"""Types of which the first product has a video."""


class Assortment:
    """All generated products, or those of some families: each a product with its variants."""

    def __init__(
        self, families: Iterable[DemoProduct] | None = None, *, filmed: Iterable[str] = FILMED
    ) -> None:
        self._families = list(generator.generate() if families is None else families)
        self.products = [each for top in self._families for each in (top, *top.variants)]
        self._drawings = {each.sku: generator.draw(each) for each in self.products}
        self._films: dict[str, Looks] = {
            each.sku: tuple(generator.looks(each)) for each in self._first_of(filmed)
        }

    def make_media(self, studio: Studio) -> None:
        """Draw the pictures and make the videos that are missing."""
        studio.draw(self._drawings.values())
        studio.film(self._films.values())

    def load(self) -> Report:
        """Write what the shop does not have, all or nothing; what it has keeps its changes.

        Nothing is marked for the index: whoever loads the demo re-indexes it.
        """
        loader = Loader(Studio(), generator.CURRENCY, keep_present=True, mark_changes=False)
        with transaction.atomic():
            terms.write_brands(generator.brands())
            terms.write_categories(generator.categories())
            terms.write_words(self.products)
            for _record in loader.load(self.records()):
                pass
            terms.write_relations(generator.relations(self._families))
        glossary.forget()
        return loader.report

    def records(self) -> Iterator[ProductRecord]:
        """The products, each followed by its variants."""
        # A shop's novelties do not come all at once, nor in the order of the catalogue; variants
        # come with their product, in their own order.
        now = timezone.now()
        by_key = sorted(self._families, key=lambda top: terms.key_of(top.sku))
        arrived = {top.sku: now - timedelta(hours=6 * age) for age, top in enumerate(by_key)}
        line = 0
        for top in self._families:
            for place, each in enumerate((top, *top.variants)):
                line += 1
                yield ProductRecord(
                    line=line,
                    sku=each.sku,
                    title=each.title_en,
                    title_zh=each.title_zh,
                    description=each.description_en,
                    description_zh=each.description_zh,
                    price=each.price,
                    compare_at_price=each.compare_at_price,
                    currency=each.currency,
                    stock=each.stock,
                    ean=each.ean,
                    brand=each.brand.name,
                    collection=each.collection,
                    categories=(PATH_SEPARATOR.join(name for _, name, _ in each.category_path),),
                    attributes={attribute.key: attribute.value_en for attribute in each.attributes},
                    pictures=(picture_name(self._drawings[each.sku]),),
                    video=self._video(each),
                    parent=each.parent_sku or "",
                    key=terms.key_of(each.sku),
                    slug=each.slug,
                    created=arrived[top.sku] + timedelta(seconds=place),
                )

    def _video(self, product: DemoProduct) -> str:
        return video_name(self._films[product.sku]) if product.sku in self._films else ""

    def _first_of(self, kinds: Iterable[str]) -> Iterator[DemoProduct]:
        first: dict[str, DemoProduct] = {}
        for product in self._families:
            first.setdefault(product.kind, product)
        return (first[kind] for kind in kinds if kind in first)
