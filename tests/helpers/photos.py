"""A small shop with pictures, indexed and aligned, and photos to search it by."""

from __future__ import annotations

from decimal import Decimal

from django.core.files.base import ContentFile
from PIL import Image

from demo_shop.models import Brand, Product
from tests.helpers.media import encoded

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
