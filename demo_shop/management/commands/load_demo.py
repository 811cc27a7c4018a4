from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from itertools import chain
from multiprocessing import get_context
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from demo_shop import generator, glossary
from demo_shop.drawings import SMALL, rasterise
from demo_shop.films import film
from demo_shop.generator import DemoProduct
from demo_shop.models import PATH_SEPARATOR, Brand, Category, Product, ProductRelation, Word

NAMESPACE = uuid.UUID("b06ce9ed-7f0b-4c8e-9d0f-1c3f0f2f8a11")
"""The demo's keys come from its SKUs, so they are the same on every machine."""
BATCH = 500
FILMED = (
    "armchair", "backpack", "headphones", "jumper", "kite", "lantern", "office-chair",
    "pendant-light", "soft-toy", "table-lamp", "tent", "trainers", "vase", "wooden-vehicle",
)  # fmt: skip
"""Types of which the first product has a video."""

Looks = tuple[tuple[str, str], ...]
"""What a film is made of: see `films.film`."""


class Command(BaseCommand):
    help = (
        "Load the demo catalogue, draw its pictures and make its videos. What is already there "
        "stays as it is, so a second run is quick and keeps changed prices and stock."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self._quiet = not options["verbosity"]
        families = list(generator.generate())
        products = [each for top in families for each in (top, *top.variants)]
        drawn = {each.sku: generator.draw(each) for each in products}
        filmed = {each.sku: tuple(generator.looks(each)) for each in _filmed(families)}
        self._draw(drawn.values())
        self._film(filmed.values())
        with transaction.atomic():
            categories = _load_categories()
            created = _load_products(products, drawn, filmed, _load_brands(), categories)
            _load_relations(families)
            _load_words(products)
        glossary.forget()
        if not self._quiet:
            self.stdout.write(f"{len(products)} products in the demo shop, {created} of them new")

    def _draw(self, drawings: Iterable[str]) -> None:
        """Render every drawing that has no picture yet, on all cores."""
        missing = [svg for svg in dict.fromkeys(drawings) if not default_storage.exists(_file(svg))]
        for svg, (large, small) in self._made(rasterise, missing, "Drawing pictures", "picture"):
            # The large one last: where it exists, both do.
            default_storage.save(_file(svg, SMALL), ContentFile(small))
            default_storage.save(_file(svg), ContentFile(large))

    def _film(self, films: Iterable[Looks]) -> None:
        missing = [looks for looks in films if not default_storage.exists(_film_file(looks))]
        for looks, video in self._made(film, missing, "Making videos", "video"):
            default_storage.save(_film_file(looks), ContentFile(video))

    def _made(
        self, make: Callable[[Any], Any], sources: Sequence[Any], title: str, unit: str
    ) -> Iterator[tuple[Any, Any]]:
        """Each source with what `make` makes of it, on all cores."""
        if not sources:
            return
        # Spawned, not forked: a fork would share this process's database connection.
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            yield from tqdm(
                zip(sources, pool.map(make, sources), strict=True),
                total=len(sources),
                desc=title,
                unit=unit,
                disable=True if self._quiet else None,
            )


def _filmed(families: Iterable[DemoProduct]) -> Iterator[DemoProduct]:
    first: dict[str, DemoProduct] = {}
    for product in families:
        first.setdefault(product.kind, product)
    return (first[kind] for kind in FILMED if kind in first)


def _file(svg: str, size: int | None = None) -> str:
    """Where the picture of a drawing lies: named by its content, so never out of date."""
    return f"demo/{_digest(svg)}-{size}.webp" if size else f"demo/{_digest(svg)}.webp"


def _film_file(looks: Looks) -> str:
    return f"demo/{_digest(*chain.from_iterable(looks))}.mp4"


def _digest(*documents: str) -> str:
    return hashlib.blake2b("".join(documents).encode(), digest_size=10).hexdigest()


def _load_brands() -> dict[str, Brand]:
    brands = [Brand(name=each.name, name_zh=each.name_zh) for each in generator.brands()]
    Brand.objects.bulk_create(brands, ignore_conflicts=True)
    return {brand.name: brand for brand in Brand.objects.all()}


def _load_categories() -> dict[tuple[str, ...], Category]:
    """The tree, by slugs; parents come before their children."""
    found: dict[tuple[str, ...], Category] = {}
    for position, each in enumerate(generator.categories()):
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
    return found


def _load_products(
    products: list[DemoProduct],
    drawn: Mapping[str, str],
    filmed: Mapping[str, Looks],
    brands: dict[str, Brand],
    categories: dict[tuple[str, ...], Category],
) -> int:
    """Create what is missing; the number of new products."""
    present = set(Product.objects.values_list("sku", flat=True))
    new = [each for each in products if each.sku not in present]
    rows = [_product(each, drawn[each.sku], filmed.get(each.sku), brands) for each in new]
    # A shop's novelties do not come all at once, nor in the order of the catalogue; variants
    # come with their product, in their own order.
    now = timezone.now()
    families = {row.pk: [row] for row in rows if row.parent_id is None}
    for row in rows:
        if row.parent_id is not None:
            families.setdefault(row.parent_id, []).append(row)
    for age, key in enumerate(sorted(families)):
        for place, row in enumerate(families[key]):
            row.created = now - timedelta(hours=6 * age) + timedelta(seconds=place)
    Product.objects.bulk_create(rows, batch_size=BATCH)
    link = Product.categories.through
    link.objects.bulk_create(
        [
            link(
                product_id=row.pk,
                category_id=categories[tuple(slug for slug, _en, _zh in each.category_path)].pk,
            )
            for row, each in zip(rows, new, strict=True)
        ],
        batch_size=BATCH,
    )
    return len(rows)


def _product(each: DemoProduct, svg: str, looks: Looks | None, brands: dict[str, Brand]) -> Product:
    return Product(
        id=_key(each.sku),
        parent_id=_key(each.parent_sku) if each.parent_sku else None,
        sku=each.sku,
        ean=each.ean,
        slug=each.slug,
        title=each.title_en,
        title_zh=each.title_zh,
        description=each.description_en,
        description_zh=each.description_zh,
        brand=brands[each.brand.name],
        collection=each.collection,
        attributes={attribute.key: attribute.value_en for attribute in each.attributes},
        price=each.price,
        compare_at_price=each.compare_at_price,
        currency=each.currency,
        stock=each.stock,
        image=_file(svg),
        thumbnail=_file(svg, SMALL),
        video=_film_file(looks) if looks else "",
    )


def _key(sku: str) -> uuid.UUID:
    return uuid.uuid5(NAMESPACE, sku)


def _load_relations(families: Iterable[DemoProduct]) -> None:
    relations = [
        ProductRelation(
            source_id=_key(each.source), kind=each.relation, target_id=_key(each.target)
        )
        for each in generator.relations(families)
    ]
    ProductRelation.objects.bulk_create(relations, ignore_conflicts=True, batch_size=BATCH)


def _load_words(products: list[DemoProduct]) -> None:
    words = {word.word: word for each in products for word in _words(each)}
    Word.objects.bulk_create(words.values(), ignore_conflicts=True, batch_size=BATCH)


def _words(product: DemoProduct) -> Iterator[Word]:
    for each in product.attributes:
        yield Word(word=each.key, english=each.label_en, chinese=each.label_zh)
        yield Word(word=each.value_en, english=each.value_en, chinese=each.value_zh)
