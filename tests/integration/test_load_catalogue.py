"""`load_catalogue`: rows go in whole or not at all, twice is like once, bad rows are named."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from PIL import Image

from demo_catalogue import pictures
from demo_catalogue.gallery import FolderGallery
from demo_catalogue.loader import UNCOUNTED, Loader
from demo_catalogue.records import ProductRecord
from demo_shop.models import Brand, Category, Product
from shopreco.catalogues import get_catalogue
from shopreco.indexing import marks
from shopreco.models import Change

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.MEDIA_ROOT = tmp_path_factory.mktemp("media")


@pytest.fixture
def feed(tmp_path: Path) -> Any:
    """Write records into a feed and load it; gives what the command said."""

    def load(*records: dict[str, Any] | str, name: str = "feed.jsonl", **options: Any) -> str:
        lines = (each if isinstance(each, str) else json.dumps(each) for each in records)
        path = tmp_path / name
        path.write_text("\n".join(lines), encoding="utf-8")
        said = io.StringIO()
        call_command("load_catalogue", str(path), stdout=said, stderr=said, **options)
        return said.getvalue()

    return load


@pytest.fixture
def table(feed: Any) -> Any:
    """Load a CSV; gives what the command said."""

    def load(content: str, **options: Any) -> str:
        return str(feed(content, name="feed.csv", **options))

    return load


def record(sku: str, **values: Any) -> dict[str, Any]:
    return {"_id": sku, "title": f"Product {sku}", "price": 10, "currency": "USD", **values}


def picture(path: Path, size: tuple[int, int] = (30, 20), kind: str = "JPEG") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, "teal").save(path, kind)


def test_a_product_comes_with_all_its_relations(feed: Any, tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg", (1200, 800))
    said = feed(
        record(
            "A",
            text="Soft and warm.",
            brand="Kestrel",
            category=["Home > Textiles > Throws", "Gifts"],
            attributes={"color": "Teal", "material": ["Wool"]},
            images=["images/a.jpg"],
        )
    )
    product = Product.objects.get(sku="A")
    assert "1 created, 0 updated, 0 unchanged, 0 failed" in said
    assert (product.price, product.currency, product.stock) == (Decimal(10), "USD", UNCOUNTED)
    assert product.brand == Brand.objects.get(name="Kestrel")
    assert {each.path for each in product.categories.all()} == {"Home > Textiles > Throws", "Gifts"}
    assert Category.objects.get(path="Home > Textiles > Throws").slug_path == "home/textiles/throws"
    assert product.attributes == {"color": "Teal", "material": ["Wool"]}
    with Image.open(product.image.path) as large, Image.open(product.thumbnail.path) as small:
        assert (large.format, large.width, small.width) == ("WEBP", pictures.LARGE, pictures.SMALL)


def test_a_second_run_changes_only_what_has_changed(feed: Any) -> None:
    feed(record("A", category=["Home"]), record("B"))
    before = Product.objects.get(sku="A")
    said = feed(record("A", category=["Home"]), record("B", price=12))
    assert "0 created, 1 updated, 1 unchanged, 0 failed" in said
    assert Product.objects.get(sku="A").updated == before.updated
    assert Product.objects.get(sku="B").price == 12


def test_bad_rows_are_listed_with_their_lines_and_the_others_are_loaded(feed: Any) -> None:
    with pytest.raises(CommandError, match="failed rows: 3") as failure:
        feed(
            record("A"),
            "{broken",
            record("C", price="cheap"),
            record("D"),
            record("A", title="Again"),
        )
    assert failure.value.returncode == 1
    assert set(Product.objects.values_list("sku", flat=True)) == {"A", "D"}
    assert Product.objects.get(sku="A").title == "Product A"


def test_every_failure_says_line_sku_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("id,title,price\n1,One,2 EUR\n2,,3 EUR\n3,Three,much\n", encoding="utf-8")
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command("load_catalogue", str(path), stdout=said, stderr=said)
    assert "line 3 (2): no title" in said.getvalue()
    assert "line 4 (3): price 'much' is not a price" in said.getvalue()


def test_a_row_that_fails_in_the_database_leaves_nothing_behind(feed: Any) -> None:
    with pytest.raises(CommandError, match="failed rows: 1"):
        # The brand is new and comes first; the address then turns out to be none.
        feed(record("A", brand="Ghost", category=["Nowhere"], images=["http://[broken"]))
    assert not Product.objects.exists()
    assert not Brand.objects.exists()
    assert not Category.objects.exists()


def test_a_failed_row_does_not_spoil_the_brand_for_the_next(feed: Any) -> None:
    with pytest.raises(CommandError, match="failed rows: 1"):
        feed(
            record("A", brand="Kestrel", images=["http://[broken"]),
            record("B", brand="Kestrel"),
        )
    assert Product.objects.get().brand == Brand.objects.get(name="Kestrel")


@pytest.mark.parametrize("parent_first", [True, False])
def test_variants_find_their_parent_on_either_side(feed: Any, parent_first: bool) -> None:
    rows = [record("P"), record("P-S", parent="P"), record("P-M", parent="P")]
    feed(*(rows if parent_first else reversed(rows)))
    assert {each.sku for each in Product.objects.get(sku="P").variants.all()} == {"P-S", "P-M"}


def test_a_variant_without_its_parent_fails(feed: Any) -> None:
    with pytest.raises(CommandError, match="failed rows: 1"):
        feed(record("P-S", parent="P"))
    assert not Product.objects.exists()


def test_a_variant_of_a_variant_fails(feed: Any) -> None:
    with pytest.raises(CommandError, match="failed rows: 1"):
        feed(record("P"), record("P-S", parent="P"), record("P-S-1", parent="P-S"))
    assert set(Product.objects.values_list("sku", flat=True)) == {"P", "P-S"}


def test_a_group_gets_a_product_of_its_own(feed: Any) -> None:
    header = "id\ttitle\tprice\tavailability\titem group id\tcolor\tsize"
    rows = [
        "T-R\tCotton tee - Red, L\t9.00 EUR\tin stock\tT\tRed\tL",
        "T-B\tCotton tee - Blue, L\t9.00 EUR\tout of stock\tT\tBlue\tL",
    ]
    for _again in range(2):
        feed(header, *rows, name="feed.tsv")
    parent = Product.objects.get(sku="T")
    assert parent.title == "Cotton tee"
    assert {(each.sku, each.stock) for each in parent.variants.all()} == {
        ("T-R", UNCOUNTED),
        ("T-B", 0),
    }
    assert parent.in_stock
    assert Product.objects.count() == 3


def test_a_price_that_is_not_given_stays_open(feed: Any) -> None:
    feed(record("KIT", price=None))
    assert Product.objects.get(sku="KIT").price is None


def test_a_sale_price_keeps_the_price_before(feed: Any) -> None:
    feed(record("A", price="20 EUR", sale_price="15 EUR"))
    product = Product.objects.get(sku="A")
    assert (product.price, product.compare_at_price, product.reduced) == (15, 20, True)


def test_pictures_outside_the_folder_and_bad_ones_are_noted_but_do_not_keep_a_product_out(
    feed: Any, tmp_path: Path
) -> None:
    picture(tmp_path.parent / "secret.jpg")
    (tmp_path / "text.jpg").write_text("no picture")
    said = feed(
        record("A", images=["../secret.jpg"]),
        record("B", images=["text.jpg"]),
        record("C", images=["gone.jpg"]),
    )
    assert "line 1 (A): picture '../secret.jpg' lies outside the feed's folder" in said
    assert "line 2 (B): not a picture" in said
    assert "line 3 (C): picture 'gone.jpg' does not exist" in said
    assert Product.objects.filter(image="").count() == 3


def test_a_picture_too_large_to_unpack_is_refused_by_its_header(feed: Any, tmp_path: Path) -> None:
    Image.new("1", (8_000, 8_000)).save(tmp_path / "big.png")
    assert "8000 × 8000 pixels are too many" in feed(record("A", images=["big.png"]))


def test_one_picture_is_stored_once(feed: Any, tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    feed(record("A", images=["a.jpg"]), record("B", images=["a.jpg"]))
    feed(record("C", images=["a.jpg"]))
    (folder,), _files = default_storage.listdir("")
    assert len(default_storage.listdir(folder)[1]) == 1


def test_pictures_elsewhere_are_referred_to(feed: Any) -> None:
    feed(record("A", images=["https://shop.example/a.jpg"]))
    assert Product.objects.get(sku="A").pictures == ["https://shop.example/a.jpg"]


def test_replace_takes_down_what_the_feed_no_longer_has(feed: Any) -> None:
    feed(record("A"), record("B"))
    said = feed(record("A"), replace=True)
    assert "1 products that are not in the feed were taken down" in said
    assert [each.sku for each in Product.objects.live()] == ["A"]
    feed(record("B"))
    assert Product.objects.live().count() == 2


def test_replace_takes_nothing_down_when_a_row_failed(feed: Any) -> None:
    feed(record("A"), record("B"))
    with pytest.raises(CommandError, match="nothing was taken down"):
        feed(record("A"), "{broken", replace=True)
    assert Product.objects.live().count() == 2


def test_a_file_that_breaks_off_keeps_its_whole_rows_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(
        '<rss xmlns:g="http://base.google.com/ns/1.0"><channel>'
        "<item><g:id>1</g:id><g:title>One</g:title></item><item><g:id>2",
        encoding="utf-8",
    )
    with pytest.raises(CommandError, match="could not be read to its end"):
        call_command("load_catalogue", str(path), stdout=io.StringIO(), stderr=io.StringIO())
    assert Product.objects.get().sku == "1"


def test_titles_of_the_same_words_get_addresses_of_their_own(feed: Any) -> None:
    feed(record("A", title="Red chair"), record("B", title="Red chair"), record("C", title="椅子"))
    slugs = set(Product.objects.values_list("slug", flat=True))
    assert slugs == {"red-chair", "red-chair-b", "c"}


def test_a_row_that_the_database_refuses_costs_that_row_of_its_batch(feed: Any) -> None:
    rows: list[Any] = [record(f"A{n}", brand="Oak", category="Home") for n in range(12)]
    # More than a number of JSON can be, which PostgreSQL says.
    rows[7] = '{"_id": "B", "title": "B", "brand": "Ghost", "attributes": {"size": 1e400}}'
    with pytest.raises(CommandError, match="failed rows: 1"):
        feed(*rows)
    assert Product.objects.filter(brand__name="Oak", categories__path="Home").count() == 11
    assert not Brand.objects.filter(name="Ghost").exists()


def test_two_levels_are_two_categories(table: Any) -> None:
    table("id,title,category\n1,Drill,Tools &gt; Drills\n")
    category = Product.objects.get().categories.get()
    assert category.path == "Tools > Drills"
    assert category.parent == Category.objects.get(path="Tools")


def test_the_variants_of_a_group_whose_first_row_is_refused_have_a_product(feed: Any) -> None:
    with pytest.raises(CommandError, match="failed rows: 1"):
        feed(
            record("T-1", item_group_id="T", images=["http://[broken"]),
            record("T-2", item_group_id="T"),
        )
    assert [each.sku for each in Product.objects.get(sku="T").variants.all()] == ["T-2"]


def test_families_are_whole_wherever_batches_end(tmp_path: Path) -> None:
    families = [
        ("A-1", "A", ""),
        ("G-1", "", "G"),
        ("A", "", ""),
        ("A-2", "A", ""),
        ("G-2", "", "G"),
    ]
    records = [
        ProductRecord(line, sku, sku, parent=parent, group=group)
        for line, (sku, parent, group) in enumerate(families, start=1)
    ]
    for expected in ((5, 0, 0), (0, 0, 5)):
        loader = Loader(FolderGallery(tmp_path), "EUR", batch_size=2)
        assert list(loader.load(records)) == records
        report = loader.report
        assert (report.created, report.updated, report.unchanged) == expected
    for parent in ("A", "G"):
        variants = Product.objects.get(sku=parent).variants.all()
        assert {each.sku for each in variants} == {f"{parent}-1", f"{parent}-2"}


def test_what_the_staff_entered_beside_the_feed_stays(feed: Any) -> None:
    feed(record("A"))
    Product.objects.update(title_zh="灯", collection="Alder", video="products/lamp.mp4")
    assert "1 updated" in feed(record("A", price=11))
    product = Product.objects.get()
    assert (product.title_zh, product.collection, product.video.name) == (
        "灯",
        "Alder",
        "products/lamp.mp4",
    )


def test_what_is_written_in_batches_is_marked_with_its_family(table: Any) -> None:
    def marked(*skus: str) -> bool:
        marks.collect(get_catalogue("demo_shop.product"))
        keys = Change.objects.filter(catalogue="demo_shop.product").values_list("object_id")
        found = {key for (key,) in keys}
        Change.objects.all().delete()
        return found == {str(Product.objects.get(sku=sku).pk) for sku in skus}

    header = "id,title,parent,category\n"
    table(f"{header}1,One,,Home\n1-S,One S,1,\n2,Two,,\n")
    assert marked("1", "1-S", "2")
    table(f"{header}1,One,,Home\n1-S,One S,1,\n2,Two,,\n")
    assert marked()
    table(f"{header}1,One,,Garden\n1-S,One S,1,\n2,Two,,\n")
    assert marked("1", "1-S")
    table(f"{header}1,One,,Garden\n1-S,One small,2,\n2,Two,,\n")
    assert marked("1", "1-S", "2")
    table(f"{header}1,One,,Garden\n2,Two,,\n", replace=True)
    assert marked("1-S")


def test_a_price_of_three_decimals_is_kept_with_two_and_noted(table: Any) -> None:
    said = table("id,title,price\n1,One,1.255 KWD\n")
    assert Product.objects.get().price == Decimal("1.26")
    assert "price 1.255 is kept as 1.26" in said


def test_what_is_not_read_is_said_once(table: Any) -> None:
    said = table("id,title,bin\n1,One,A\n2,Two,B\n")
    assert said.count("'bin' is no property that is known") == 1
