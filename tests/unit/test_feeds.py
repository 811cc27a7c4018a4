"""Every feed format gives the same rows, names the line of what it cannot read, and goes on."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_catalogue.feeds import FORMATS, FeedError, ProductRecord, RecordError, feed_for, opened
from demo_catalogue.feeds.columns import record_from
from demo_catalogue.feeds.headings import column_name
from demo_catalogue.feeds.prices import parse_price

Line = dict[str, str]

SHIRT: Line = {
    "id": "SH-1-L",
    "title": "Linen shirt – long sleeves",
    "description": "Cool in summer.\nWashed soft.",
    "price": "49.00 EUR",
    "sale_price": "39.00 EUR",
    "availability": "in stock",
    "brand": "Märta & Sons",
    "gtin": "4006381333931",
    "product_type": "Clothing > Tops > Shirts",
    "image_link": "pictures/shirt.jpg",
    "item_group_id": "SH-1",
    "color": "Sage green",
    "size": "L",
}
SHIRT_ROW = ProductRecord(
    line=0,
    sku="SH-1-L",
    title="Linen shirt – long sleeves",
    description="Cool in summer.\nWashed soft.",
    price=Decimal("39.00"),
    compare_at_price=Decimal("49.00"),
    currency="EUR",
    brand="Märta & Sons",
    ean="4006381333931",
    categories=("Clothing > Tops > Shirts",),
    pictures=("pictures/shirt.jpg",),
    group="SH-1",
    attributes={"color": "Sage green", "size": "L"},
)
CLOCK: Line = {
    "id": "CL-2",
    "title": "墙上的钟",
    "price": "12 USD",
    "availability": "out_of_stock",
}
CLOCK_ROW = ProductRecord(
    line=0, sku="CL-2", title="墙上的钟", price=Decimal("12.00"), currency="USD", stock=0
)
NAMELESS: Line = {"id": "NO-3", "title": "", "price": "1 EUR"}


def rss(records: list[Line]) -> bytes:
    items = "".join(
        "<item>\n"
        + "".join(f"<g:{name}>{escape(value)}</g:{name}>" for name, value in record.items())
        + "</item>\n"
        for record in records
    )
    return (
        '<?xml version="1.0"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">'
        f"<channel><title>A shop</title><link>https://shop.example</link>\n{items}</channel></rss>"
    ).encode()


def atom(records: list[Line]) -> bytes:
    own = {"title": "title", "description": "summary"}
    entries = "".join(
        "<entry>\n"
        + "".join(
            f"<{own[name]}>{escape(value)}</{own[name]}>"
            if name in own
            else f"<g:{name}>{escape(value)}</g:{name}>"
            for name, value in record.items()
        )
        + '<link href="https://shop.example/p"/></entry>\n'
        for record in records
    )
    return (
        '<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom" '
        f'xmlns:g="http://base.google.com/ns/1.0"><title>A shop</title>\n{entries}</feed>'
    ).encode()


def table(delimiter: str) -> Callable[[list[Line]], bytes]:
    def write(records: list[Line]) -> bytes:
        target = io.StringIO()
        names = list(dict.fromkeys(name for record in records for name in record))
        writer = csv.DictWriter(target, names, delimiter=delimiter, lineterminator="\n")
        writer.writerow({name: name.replace("_", " ") for name in names})
        writer.writerows(records)
        return target.getvalue().encode()

    return write


def json_lines(records: list[Line]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


WRITERS: dict[str, Callable[[list[Line]], bytes]] = {
    "feed.xml": rss,
    "feed.atom": atom,
    "feed.tsv": table("\t"),
    "feed.csv": table(","),
    "feed.jsonl": json_lines,
}
formats = pytest.mark.parametrize("name", WRITERS)


def read(name: str, content: bytes) -> list[ProductRecord | RecordError]:
    return list(feed_for(Path(name)).read(io.BytesIO(content)))


def without_lines(rows: list[ProductRecord | RecordError]) -> list[ProductRecord | RecordError]:
    return [replace(row, line=0) for row in rows]


class TestEveryFormat:
    @formats
    def test_reads_the_same_rows(self, name: str) -> None:
        rows = read(name, WRITERS[name]([SHIRT, CLOCK]))
        assert without_lines(rows) == [SHIRT_ROW, CLOCK_ROW]

    @formats
    def test_reports_a_bad_row_in_its_place_and_reads_on(self, name: str) -> None:
        first, bad, last = read(name, WRITERS[name]([CLOCK, NAMELESS, SHIRT]))
        assert isinstance(bad, RecordError)
        assert (bad.sku, bad.message) == ("NO-3", "no title")
        assert first.line < bad.line < last.line
        assert without_lines([first, last]) == [CLOCK_ROW, SHIRT_ROW]

    @formats
    def test_names_the_line_where_a_row_begins(self, name: str) -> None:
        content = WRITERS[name]([SHIRT, CLOCK])
        lines = content.decode().splitlines()
        for row in read(name, content):
            beginning = "\n".join(lines[row.line - 1 : row.line + 1])
            assert row.sku in beginning

    @formats
    def test_reads_a_row_before_the_file_ends(self, name: str) -> None:
        content = WRITERS[name]([SHIRT] * 5_000)
        stream = io.BytesIO(content)
        next(feed_for(Path(name)).read(stream))
        assert stream.tell() < len(content) / 2

    @formats
    def test_reads_gzip(self, name: str, tmp_path: Path) -> None:
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress(WRITERS[name]([CLOCK])))
        with opened(path) as (content, _file):
            rows = list(feed_for(path).read(content))
        assert without_lines(rows) == [CLOCK_ROW]

    @formats
    def test_survives_any_bytes(self, name: str) -> None:
        @given(st.binary(max_size=300))
        def check(content: bytes) -> None:
            for start in (b"", WRITERS[name]([SHIRT])[:200]):
                try:
                    rows = read(name, start + content)
                except FeedError:
                    continue
                assert all(isinstance(row, (ProductRecord, RecordError)) for row in rows)

        check()

    def test_is_found_by_its_ending(self) -> None:
        for ending in FORMATS:
            assert (
                feed_for(Path(f"a{ending}")).__class__ is feed_for(Path(f"A{ending}.gz")).__class__
            )

    def test_unknown_endings_are_named_with_those_that_are_known(self) -> None:
        with pytest.raises(FeedError, match=r"'\.xlsx'; known are \.xml"):
            feed_for(Path("products.xlsx"))


class TestMerchantXml:
    def test_entities_are_refused(self) -> None:
        bomb = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><item>&b;</item></rss>'
        with pytest.raises(FeedError, match="entities"):
            read("feed.xml", bomb)

    def test_a_file_that_breaks_off_gives_its_whole_rows_first(self) -> None:
        content = rss([SHIRT, CLOCK])
        rows: list[ProductRecord | RecordError] = []
        reading = feed_for(Path("feed.xml")).read(io.BytesIO(content[: content.index(b"CL-2")]))
        rows.append(next(reading))
        with pytest.raises(FeedError, match=r"line \d+: not well-formed XML"):
            next(reading)
        assert [row.sku for row in rows] == ["SH-1-L"]

    def test_a_page_that_is_no_feed_is_refused(self) -> None:
        with pytest.raises(FeedError, match="not a Google Merchant feed"):
            read("feed.xml", b"<html><body><p>Not found</p></body></html>")

    def test_details_and_repeated_elements_are_kept(self) -> None:
        content = rss([CLOCK]).replace(
            b"</item>",
            b"<g:product_detail><g:section_name>General</g:section_name>"
            b"<g:attribute_name>Hands</g:attribute_name><g:attribute_value>2</g:attribute_value>"
            b"</g:product_detail><g:shipping><g:price>5 USD</g:price></g:shipping>"
            b"<g:product_type>Home</g:product_type><g:product_type>Gifts</g:product_type></item>",
        )
        (row,) = read("feed.xml", content)
        assert isinstance(row, ProductRecord)
        assert row.attributes == {"Hands": "2"}
        assert row.categories == ("Home", "Gifts")
        assert row.price == Decimal("12.00")


class TestTables:
    def test_quoted_cells_may_hold_lines_and_the_next_row_keeps_its_number(self) -> None:
        rows = read("feed.csv", b'id,title,description\n1,One,"a\nb\nc"\n2,Two,x\n')
        assert [(row.sku, row.line) for row in rows] == [("1", 2), ("2", 5)]

    def test_a_byte_order_mark_is_no_part_of_the_first_name(self) -> None:
        (row,) = read("feed.csv", b"\xef\xbb\xbfsku,name\nA,Chair\n")
        assert row.sku == "A"

    def test_a_table_without_names_is_refused(self) -> None:
        with pytest.raises(FeedError, match="must name the columns"):
            read("feed.tsv", b"1\tChair\n2\tTable\n")

    def test_a_row_with_too_many_cells_is_one_bad_row(self) -> None:
        bad, good = read("feed.csv", b"id,title\n1,One,too,many\n2,Two\n")
        assert bad == RecordError(2, "4 cells under 2 column names")
        assert good.sku == "2"

    def test_another_encoding_is_named(self) -> None:
        with pytest.raises(FeedError, match="not UTF-8"):
            read("feed.csv", "id,title\n1,Stühle\n".encode("latin-1"))


class TestJsonLines:
    def test_bad_lines_cost_only_themselves(self) -> None:
        content = (
            b'{"_id": "1", "title": "One"}\n{broken\n[1]\n\xff\n{"_id": "2", "title": "Two"}\n'
        )
        rows = read("feed.jsonl", content)
        assert [row.line for row in rows] == [1, 2, 3, 4, 5]
        assert [type(row) for row in rows] == [
            ProductRecord,
            RecordError,
            RecordError,
            RecordError,
            ProductRecord,
        ]

    def test_reads_products_with_paths_parents_and_attributes(self) -> None:
        record = {
            "_id": "H1-XS",
            "title": "Hoodie",
            "text": "Warm.\n• Two tones",
            "price": None,
            "currency": "USD",
            "category": ["Men > Tops", "Sale"],
            "attributes": {
                "product_type": "simple",
                "color": "Black",
                "climate": ["Cool", "Windy"],
                "new": True,
                "bundle_options": {"a": ["b"]},
            },
            "images": ["images/a.jpg", "images/b.jpg"],
            "parent": "H1",
            "video": None,
        }
        (row,) = read("feed.jsonl", json.dumps(record).encode())
        assert row == ProductRecord(
            line=1,
            sku="H1-XS",
            title="Hoodie",
            description="Warm.\n• Two tones",
            currency="USD",
            categories=("Men > Tops", "Sale"),
            attributes={"color": "Black", "climate": ["Cool", "Windy"], "new": True},
            pictures=("images/a.jpg", "images/b.jpg"),
            parent="H1",
        )

    def test_metadata_is_read_as_columns(self) -> None:
        record = {
            "_id": "7",
            "title": "White skirt",
            "image": "images/7.jpg",
            "metadata": {
                "masterCategory": "Apparel",
                "subCategory": "Bottomwear",
                "articleType": "Skirts",
                "baseColour": "White",
                "season": None,
                "price": 12.5,
            },
        }
        (row,) = read("feed.jsonl", json.dumps(record).encode())
        assert isinstance(row, ProductRecord)
        assert row.categories == ("Apparel > Bottomwear > Skirts",)
        assert row.attributes == {"base_colour": "White"}
        assert row.price == Decimal("12.50")


class TestColumns:
    @pytest.mark.parametrize("heading", ["g:Image Link", "imageLink", "image-link", "image_link"])
    def test_headings_are_written_in_many_ways(self, heading: str) -> None:
        assert column_name(heading) == "image_link"

    @pytest.mark.parametrize(
        ("text", "amount", "currency"),
        [
            ("12.00 USD", "12.00", "USD"),
            ("EUR 1.299,00", "1299.00", "EUR"),
            ("€ 8,5", "8.50", "EUR"),
            ("1,299.95", "1299.95", ""),
            ("1 299 SEK", "1299.00", "SEK"),
            ("$0", "0.00", "USD"),
        ],
    )
    def test_prices_are_written_in_many_ways(self, text: str, amount: str, currency: str) -> None:
        assert parse_price(text) == (Decimal(amount), currency)

    @pytest.mark.parametrize("text", ["free", "-1 EUR", "NaN", "1e99 USD", "12.00.00 EUR", "∞"])
    def test_what_is_no_price_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="price"):
            parse_price(text)

    def test_markup_becomes_lines(self) -> None:
        row = record_from(
            1, {"id": "1", "title": "A &amp; B", "description": "<p>One<br/>Two</p><b>Three</b>"}
        )
        assert (row.title, row.description) == ("A & B", "One\nTwo\nThree")

    def test_a_state_that_nobody_knows_is_an_error_that_says_which_are_known(self) -> None:
        with pytest.raises(ValueError, match="'maybe' is not known; use in_stock"):
            record_from(1, {"id": "1", "title": "A", "availability": "maybe"})

    def test_a_text_that_does_not_fit_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="title has 301 characters; 300 is the most"):
            record_from(1, {"id": "1", "title": "x" * 301})
