"""The exports of WooCommerce and Shopify load as they are, drafts and all."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from demo_shop.models import Product

pytestmark = pytest.mark.django_db

Load = Callable[..., str]


@pytest.fixture
def load(tmp_path: Path, settings: Any) -> Load:
    """Load a feed by the command; gives what it said."""
    settings.MEDIA_ROOT = tmp_path / "media"

    def loaded(name: str, content: str, **options: Any) -> str:
        (tmp_path / name).write_text(content, encoding="utf-8")
        said = io.StringIO()
        call_command("load_catalogue", str(tmp_path / name), stdout=said, stderr=said, **options)
        return said.getvalue()

    return loaded


WOOCOMMERCE = (
    'ID,Type,SKU,Name,Published,"Is featured?","Visibility in catalog",Description,'
    '"Date sale price starts","Date sale price ends","In stock?",Stock,"Sale price",'
    '"Regular price",Categories,Images,Parent,"Attribute 1 name","Attribute 1 value(s)",'
    '"Attribute 1 visible","Meta: _supplier"\n'
    '1,variable,vt,V Tee,1,0,visible,"Soft\\nwarm",,,1,,,,"Clothing > Tees, Sale",'
    '"https://x.example/w_4,h_4/a.jpg, https://x.example/b.jpg",,Color,"Blue, Red",1,me\n'
    "2,simple,hat,Hat,1,0,visible,,,,0,,,18,Hats,,,,,,\n"
    "3,simple,cap,Cap,1,0,visible,,,,1,4,16,18,Hats,,,Secret,x,0,\n"
    "4,simple,bag,Bag,1,0,visible,,2020-01-01,2020-02-01,1,,16,18,,,,,,,\n"
    "5,variable,draft,Draft,0,0,visible,,,,1,,,,,,,,,,\n"
    "6,variation,vt-r,V Tee - Red,1,0,visible,,,,1,,,20,,,vt,Color,Red,,\n"
    "7,variation,,V Tee - Blue,1,0,visible,,,,backorder,-2,,20,,,id:1,Color,Blue,,\n"
    "8,variation,draft-r,Draft - Red,1,0,visible,,,,1,,,20,,,id:5,Color,Red,,\n"
)


def test_woocommerces_own_csv(load: Load) -> None:
    said = load("export.csv", WOOCOMMERCE)
    assert "6 created, 0 updated, 0 unchanged, 0 failed, 2 drafts left out" in said
    tee, hat, cap, bag = (Product.objects.get(sku=sku) for sku in ("vt", "hat", "cap", "bag"))
    assert [each.path for each in tee.categories.all()] == ["Clothing > Tees", "Sale"]
    assert (tee.description, tee.image_link) == (
        "Soft\nwarm",
        "https://x.example/w_4,h_4/a.jpg",
    )
    assert tee.attributes == {"color": ["Blue", "Red"]}
    assert {(each.sku, each.price, each.attributes["color"]) for each in tee.variants.all()} == {
        ("vt-r", 20, "Red"),
        ("7", 20, "Blue"),
    }
    assert all(each.in_stock for each in tee.variants.all())
    assert (hat.price, hat.stock) == (18, 0)
    assert (cap.price, cap.compare_at_price, cap.stock, cap.attributes) == (16, 18, 4, {})
    assert (bag.price, bag.compare_at_price) == (18, None)


SHOPIFY = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,"
    "Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,"
    "Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,"
    "Google Shopping / MPN,Cost per item,Status\n"
    'tee,Tee,<p>Soft &amp; warm</p>,Acme,Shirts,"a, b",true,Color,Red,T-R,shopify,3,deny,12.50,'
    "15.00,'0036000291452,https://cdn.example/2.jpg,2,M1,5,active\n"
    "tee,,,,,,,,Blue,T-B,shopify,0,continue,12.50,,,https://cdn.example/1.jpg,1,,5,\n"
    "tee,,,,,,,,Green,T-G,shopify,0,deny,12.50,12.50,,,,,5,\n"
    "tee,,,,,,,,,,,,,,,,https://cdn.example/3.jpg,3,,,\n"
    "mug,Mug,,Acme,,,true,Title,Default Title,MUG,,,deny,9,,,,,,,active\n"
    "bad,Bad,,Acme,,,true,Title,Default Title,BAD,,,deny,cheap,,,,,,,active\n"
    "old,Old,,Acme,,,false,Title,Default Title,OLD,,,deny,9,,,,,,,active\n"
    "draft,Draft,,,,,true,Title,Default Title,DRAFT,,,deny,,,,,,,,draft\n"
)


def test_shopifys_own_csv(load: Load) -> None:
    with pytest.raises(CommandError, match="failed rows: 1"):
        load("export.csv", SHOPIFY, currency="USD")
    assert set(Product.objects.values_list("sku", flat=True)) == {"tee", "T-R", "T-B", "T-G", "MUG"}
    tee = Product.objects.get(sku="tee")
    assert (tee.description, tee.brand and tee.brand.name, tee.price) == (
        "Soft & warm",
        "Acme",
        None,
    )
    assert (tee.image_link, tee.in_stock) == ("https://cdn.example/1.jpg", True)
    red, blue, green = (tee.variants.get(sku=sku) for sku in ("T-R", "T-B", "T-G"))
    assert (red.title, red.price, red.compare_at_price) == ("Tee - Red", Decimal("12.50"), 15)
    assert (red.stock, red.ean, red.currency) == (3, "0036000291452", "USD")
    assert red.attributes == {"color": "Red", "mpn": "M1"}
    assert [each.in_stock for each in (red, blue, green)] == [True, True, False]
    assert green.compare_at_price is None
    assert Product.objects.get(sku="MUG").price == 9


def test_drafts_are_taken_down(load: Load) -> None:
    load("feed.csv", "id,title,parent\n1,One,\n1-S,One S,1\n2,Two,\n")
    load("feed.csv", "id,title,parent,status\n1,One,,draft\n1-S,One S,1,\n2,Two,,active\n")
    assert [each.sku for each in Product.objects.live()] == ["2"]
