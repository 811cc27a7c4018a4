"""Shops of the hostile host's gadgets."""

from __future__ import annotations

from decimal import Decimal

from tests.helpers.graph import link
from tests.testapp.models import Gadget, Maker


def desks_and_lamps() -> dict[str, Gadget]:
    acme, bolt = Maker.objects.create(name="Acme"), Maker.objects.create(name="Bolt")
    rows = [
        # name, maker, path, attributes, sku, price
        ("Walnut desk lamp", acme, "Home > Lighting", {"colour": "brown"}, "WDL-1", "49.50"),
        ("Brass desk lamp", bolt, "Home > Lighting", {"colour": "gold"}, "BDL-2", "89.00"),
        ("Oak desk", acme, "Home > Furniture", {"colour": "brown"}, "OD-3", "320"),
        ("Oak bookcase", bolt, "Home > Furniture", {"colour": "brown"}, "OB-4", "210"),
        ("Garden hose 25 ft", bolt, "Garden", {"colour": "green"}, "GH 25", "19.90"),
    ]
    return {
        name: Gadget.objects.create(
            name=name, maker=maker, path=path, attributes=attributes, sku=sku, price=price
        )
        for name, maker, path, attributes, sku, price in rows
    }


def shirts() -> list[Gadget]:
    """Sixty, each in four sizes; gives those without the sizes."""
    colours, sizes = ("red", "green", "blue"), ("s", "m", "l", "xl")
    makers = [Maker.objects.create(name=f"Maker {n}") for n in range(5)]
    parents = Gadget.objects.bulk_create(
        Gadget(
            name=f"Cotton shirt {n}" if n % 3 else f"Linen shirt {n}",
            maker=makers[n % 5],
            attributes={"colour": colours[n % 3]},
            price=Decimal(10 + n),
        )
        for n in range(60)
    )
    Gadget.objects.bulk_create(
        Gadget(
            name=f"{parent.name} {size}",
            maker=parent.maker,
            parent=parent,
            attributes={**parent.attributes, "size": size},
            price=parent.price,
        )
        for parent in parents
        for size in sizes
    )
    return parents


def tables_and_lamps() -> None:
    """Tables and lamps of three materials, and a hose of none."""
    made = [
        ("Rectangular table", {"material": "walnut"}),
        ("Round table", {"material": "walnut"}),
        ("Folding table", {"material": "steel"}),
        ("Desk lamp", {"material": "steel"}),
        ("Garden hose", {}),
    ]
    for name, attributes in made:
        Gadget.objects.create(name=name, attributes=attributes)


GOES_TOGETHER = (
    "Oak desk lamp",
    "Oak floor lamp",
    "Lamp bulb",
    "Desk",
    "Office chair",
    "Bench",
    "Garden hose",
)


def furniture() -> dict[str, Gadget]:
    """What `GOES_TOGETHER` names, of one maker."""
    maker = Maker.objects.create(name="Acme")
    return {name: Gadget.objects.create(name=name, maker=maker) for name in GOES_TOGETHER}


def relate(shop: dict[str, Gadget]) -> None:
    """Curated links between `furniture` that is indexed."""
    link(shop["Lamp bulb"], "accessory_of", shop["Oak desk lamp"])
    link(shop["Oak desk lamp"], "complements", shop["Desk"])
    link(shop["Desk"], "complements", shop["Office chair"], weight=0.5)
    link(shop["Oak floor lamp"], "substitutes", shop["Oak desk lamp"])


def numbered() -> None:
    """Products that are called by numbers, and such that have or mention the same ones."""
    brand = Maker.objects.create(name="365")
    Gadget.objects.create(name="Garden gnome", sku="365")
    Gadget.objects.create(name="Olive oil", maker=brand)
    Gadget.objects.create(name="Whole wheat pasta", maker=brand)
    Gadget.objects.create(name="Fountain pen", sku="1984")
    Gadget.objects.create(name="Orwell: 1984, a novel", sku="978-0-14-103614-4")
    Gadget.objects.create(name="Winter tales", sku="B2")
    Gadget.objects.create(name="Square bracket", sku="AB-1/2")
    Gadget.objects.create(name="Round bracket", sku="AB-12")
    Gadget.objects.create(name="Breakfast cereal", sku="036000291452")
    Gadget.objects.create(name="Desk lamp GTX 1080 Ti")


def spelt_shirts() -> None:
    """Five shirts in two colours, one of which is spelt in three ways."""
    for colour, size in [("Red", "S"), ("red", "M"), ("RED ", "L"), ("Red", "XL"), ("blue", "L")]:
        Gadget.objects.create(name=f"Shirt {size}", attributes={"colour": colour, "size": size})
