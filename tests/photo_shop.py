"""A small shop with pictures, indexed and aligned, and photos to search it by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.test import override_settings
from PIL import Image
from pytest_django import DjangoDbBlocker

from demo_shop.models import Brand, Product
from tests.conftest import Process, processes_in, worker_starter
from tests.indexed_shop import committed
from tests.media import encoded

COLOURS = {"red": (200, 30, 30), "green": (30, 180, 60), "blue": (40, 60, 200)}
KINDS = ("lamp", "cushion", "vase", "kettle")
BRANDS = ("Fennel", "Marlow")
EACH = 10
"""Products of every kind and colour: more than enough pairs for an alignment."""


def photo(colour: str = "red", size: int = 96, format: str = "JPEG") -> ContentFile[bytes]:
    """A photo in a colour of the shop; another size is another file of the same looks."""
    picture = Image.new("RGB", (size, size), COLOURS[colour])
    return ContentFile(encoded(picture, format), name=f"photo.{format.lower()}")


def fill() -> None:
    brands = [Brand.objects.create(name=name) for name in BRANDS]
    number = 0
    for colour in COLOURS:
        for kind in KINDS:
            for n in range(EACH):
                number += 1
                Product.objects.create(
                    sku=f"AL-{number:04}",
                    slug=f"product-{number}",
                    title=f"{kind.capitalize()} number {n} in {colour}",
                    brand=brands[n % len(brands)],
                    price=Decimal(10 + number),
                    stock=n % 3,
                    attributes={"colour": colour},
                    image=photo(colour, 64, "PNG"),
                    thumbnail=photo(colour, 64, "PNG"),
                )


@pytest.fixture(scope="module")
def _photo_shop(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    media = override_settings(MEDIA_ROOT=str(tmp_path_factory.mktemp("media")))
    with media, committed(fill, django_db_blocker):
        yield


@pytest.fixture
def photo_shop(_photo_shop: None, db: None) -> None:
    """The shop, indexed once for all tests of a module."""
    cache.clear()


@pytest.fixture(scope="module")
def photo_worker(_photo_shop: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A worker beside the shop, for all tests of a module."""
    with processes_in(tmp_path_factory.mktemp("worker")) as start:
        yield worker_starter(start)()


@pytest.fixture
def start_photo_worker(_photo_shop: None, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Start a worker beside the shop, for one test."""
    with processes_in(tmp_path) as start:
        yield worker_starter(start)
