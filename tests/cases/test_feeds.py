"""Feeds as shops export them: what a field means, and where a value begins and ends."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from demo_catalogue.feeds import FeedError, ProductRecord, RecordError, Shop, feed_for
from demo_catalogue.feeds.availability import stock
from demo_catalogue.feeds.prices import parse_price
from demo_catalogue.feeds.texts import words

GOOGLE = 'xmlns:g="http://base.google.com/ns/1.0"'
NOW = datetime(2026, 11, 28, tzinfo=UTC)

LAMP = {"id": "L1", "title": "Lamp", "price": "40.00 EUR"}


def read(
    name: str, content: str | bytes, currency: str = "EUR"
) -> list[ProductRecord | RecordError]:
    data = content.encode() if isinstance(content, str) else content
    return list(feed_for(Path(name), Shop(currency, NOW)).read(io.BytesIO(data)))


def rows(name: str, content: str | bytes, currency: str = "EUR") -> list[ProductRecord]:
    """The rows of a feed that has no bad ones."""
    found = read(name, content, currency)
    assert [each for each in found if not isinstance(each, ProductRecord)] == []
    return [each for each in found if isinstance(each, ProductRecord)]


def item(**values: str) -> ProductRecord:
    """A product of Google Merchant XML; what is escaped in a value is so in CDATA."""
    elements = "".join(f"<g:{n}><![CDATA[{value}]]></g:{n}>" for n, value in values.items())
    (row,) = rows("feed.xml", f"<rss {GOOGLE}><channel><item>{elements}</item></channel></rss>")
    return row


def line(**values: str) -> ProductRecord:
    """The same as a row of a TSV."""
    (row,) = rows("feed.tsv", "\t".join(values) + "\n" + "\t".join(values.values()) + "\n")
    return row


either = pytest.mark.parametrize("product", [item, line])


# Prices


@either
@pytest.mark.parametrize(
    ("dates", "price"),
    [
        ("2020-02-24T11:07+0100/2020-02-29T23:07+0100", "40.00"),
        ("2099-02-24T11:07+0100/2099-02-29T23:07+0100", "40.00"),
        ("2099-02-24T11:07+0100/2099-03-01T23:07+0100", "40.00"),
        ("2026-11-01T00:00-0800/2026-12-01T00:00-0800", "25.00"),
        ("2026-11-28/2026-11-28", "25.00"),
        ("2026-11-20/2026-11-27", "40.00"),
        ("2026-11-20/", "25.00"),
    ],
)
def test_a_sale_holds_between_its_dates(
    product: Callable[..., ProductRecord], dates: str, price: str
) -> None:
    row = product(**LAMP, sale_price="25.00 EUR", sale_price_effective_date=dates)
    assert row.price == Decimal(price)
    assert (row.compare_at_price is None) == (price == "40.00")


def test_a_sale_price_that_names_no_currency_is_in_that_of_the_price() -> None:
    row = item(id="1", title="Watch", price="1980 JPY", sale_price="1,500")
    assert (row.price, row.compare_at_price, row.currency) == (1500, 1980, "JPY")


def test_a_sale_whose_dates_cannot_be_read_is_none_and_is_noted() -> None:
    row = item(**LAMP, sale_price="25.00 EUR", sale_price_effective_date="next week")
    assert (row.price, row.compare_at_price) == (40, None)
    assert "'next week' is not two times" in row.notes[0]


@either
@pytest.mark.parametrize("sale", ["0.00 EUR", "0", "40.00 EUR", "45 EUR", "25.00 USD"])
def test_a_sale_price_that_is_none(product: Callable[..., ProductRecord], sale: str) -> None:
    row = product(**LAMP, sale_price=sale)
    assert (row.price, row.compare_at_price) == (40, None)


@pytest.mark.parametrize(
    ("written", "amount", "currency"),
    [
        ("12,99 zł", "12.99", "PLN"),
        ("R$ 12,90", "12.90", "BRL"),
        ("CHF 1'299.-", "1299.00", "CHF"),
        ("12€50", "12.50", "EUR"),
        ("1.299,00 €", "1299.00", "EUR"),
        (".99 €", "0.99", "EUR"),
        ("0.999", "1.00", ""),
        ("12.5000", "12.50", ""),
        ("₹1,00,000.00", "100000.00", "INR"),
        ("1980 JPY", "1980", "JPY"),
        ("1,980 JPY", "1980", "JPY"),
        ("1.250 KWD", "1.250", "KWD"),
        ("1,250.500 KWD", "1250.500", "KWD"),
        ("1 234 567,89 ₽", "1234567.89", "RUB"),
        ("kr. 199,00", "199.00", ""),
    ],
)
def test_a_price_has_the_decimals_of_its_currency(written: str, amount: str, currency: str) -> None:
    found = parse_price(written)
    assert (str(found[0]), found[1]) == (amount, currency)


def test_a_sign_of_several_currencies_means_the_shops() -> None:
    assert parse_price("¥1980", "JPY") == (1980, "JPY")
    assert parse_price("kr 199,00", "NOK") == (199, "NOK")
    assert parse_price("$12", "CAD") == (12, "CAD")
    for written in ("¥1980", "kr 199,00"):
        with pytest.raises(ValueError, match="and the shop's is EUR; write it like"):
            parse_price(written, "EUR")


@pytest.mark.parametrize("written", ["12.00 per kg", "10-20 EUR", "$12 EUR", "12 50", "1,250 KWD"])
def test_what_can_be_read_in_two_ways_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="price"):
        parse_price(written)


def test_a_number_of_json_has_no_thousands() -> None:
    feed = '{"id": "1", "title": "A", "price": 1.299}\n{"id": "2", "title": "B", "price": "1.299"}'
    assert [row.price for row in rows("feed.jsonl", feed)] == [Decimal("1.30"), Decimal(1299)]


# What is a property


def test_what_is_meant_for_google_is_no_property() -> None:
    internal = words(
        "cost_of_goods_sold auto_pricing_min_price excluded_destination included_destination "
        "availability_date expiration_date min_handling_time max_handling_time shipping "
        "shipping_length shipping_width shipping_label tax tax_category ships_from_country "
        "ads_redirect custom_label_0 custom_label_4 identifier_exists promotion_id multipack "
        "unit_pricing_measure maximum_retail_price something_new"
    )
    given = dict.fromkeys(internal, "6.01 USD") | {"color": "Red", "material": "Oak"}
    for product in (item, line):
        assert product(**LAMP, **given).attributes == {"color": "Red", "material": "Oak"}
    feed = '{"id": "1", "title": "A", "attributes": {"cost_of_goods_sold": 6, "climate": "Cool"}}'
    assert rows("feed.jsonl", feed)[0].attributes == {"climate": "Cool"}


def test_a_shop_names_properties_of_its_own() -> None:
    feed = "id,title,attribute:Voltage,bin\n1,Drill,12 V,A7\n"
    (row,) = rows("feed.csv", feed)
    assert row.attributes == {"Voltage": "12 V"}
    assert row.unread == ("bin",)


@either
def test_the_manufacturers_number_stays_with_the_product(
    product: Callable[..., ProductRecord],
) -> None:
    assert product(**LAMP, mpn="3 397 118 979").attributes == {"mpn": "3 397 118 979"}


@either
@pytest.mark.parametrize(
    ("written", "number", "further"),
    [
        ("036000291452", "036000291452", {}),
        ("978-0-306-40615-7", "9780306406157", {}),
        ("'0036000291452", "0036000291452", {}),
        ("4006381333931,4006381333948", "4006381333931", {"gtin": "4006381333948"}),
        ("4006381333931 4006381333948", "4006381333931", {"gtin": "4006381333948"}),
        ("0", "", {}),
    ],
)
def test_a_gtin_is_its_digits(
    product: Callable[..., ProductRecord], written: str, number: str, further: dict[str, str]
) -> None:
    row = product(**LAMP, gtin=written)
    assert (row.ean, row.attributes) == (number, further)


def test_a_gtin_that_a_spreadsheet_cut_is_noted() -> None:
    row = line(**LAMP, gtin="4.00638E+12")
    assert row.ean == ""
    assert "has lost its digits" in row.notes[0]


@pytest.mark.parametrize("address", ["", "http://schema.org/", "https://schema.org/"])
@pytest.mark.parametrize(
    ("states", "pieces"),
    [
        ("InStock in_stock LimitedAvailability OnlineOnly InStoreOnly yes", 7),
        ("OutOfStock out-of-stock SoldOut Discontinued no", 0),
        ("PreOrder PreSale BackOrder MadeToOrder preorder", 7),
    ],
)
def test_availability_has_many_spellings(address: str, states: str, pieces: int) -> None:
    assert {stock("7", f"{address}{state}") for state in states.split()} == {pieces}


def test_what_is_sold_before_it_is_there_needs_no_stock() -> None:
    assert stock("0", "available for order") is None
    assert stock("0", "PreSale") is None
    assert stock("0", "in stock") == 0


# Text and its wrapping


def test_one_kind_of_text_everywhere() -> None:
    row = item(
        id="1",
        title="Drill &amp; bits",
        brand="Black &amp; Decker",
        product_type="Tools &gt; Drills &amp; Bits",
        color="Black &amp; orange",
        link="https://shop.example",
        image_link="https://img.example/?a=1&amp;b=2&copy=3",
        description="<style>p {}</style><p>One</p><ul><li>Two<li>5 &lt; 6</ul>",
    )
    assert (row.title, row.brand) == ("Drill & bits", "Black & Decker")
    assert row.categories == ("Tools > Drills & Bits",)
    assert row.attributes == {"color": "Black & orange"}
    assert row.pictures == ("https://img.example/?a=1&b=2&copy=3",)
    assert " ".join(row.description.split()) == "One Two 5 < 6"


def test_markup_that_cannot_be_read_costs_its_row_alone() -> None:
    bad = "<a" * 3_000 + ">" * 3_000
    first, last = read("feed.csv", f"id,title,description\n1,One,{bad}\n2,Two,<b>x\n")
    # The first 5.2 of Django reads it.
    assert isinstance(first, ProductRecord) or "cannot be read" in first.message
    assert isinstance(last, ProductRecord)


def test_a_comma_separates_addresses_and_is_part_of_them() -> None:
    address = "https://img.example/upload/w_400,h_400,c_fill/lamp2.jpg"
    for product in (item, line):
        assert product(**LAMP, additional_image_link=address).pictures == (address,)
        both = product(**LAMP, additional_image_link=f"{address}, https://img.example/b.jpg?x=1,2")
        assert both.pictures == (address, "https://img.example/b.jpg?x=1,2")
    assert line(**LAMP, image_link="a.jpg,b.png").pictures == ("a.jpg", "b.png")


@pytest.mark.parametrize(
    ("written", "details"),
    [
        ("General:Material:Oak,General:Finish:Oiled", {"Material": "Oak", "Finish": "Oiled"}),
        (":Sizes:S, M, L,General:Ratio:16:9", {"Sizes": "S, M, L", "Ratio": "16:9"}),
        ("Material:Oak,Sizes:S, M", {"Material": "Oak", "Sizes": "S, M"}),
    ],
)
def test_a_cell_has_several_details(written: str, details: dict[str, str]) -> None:
    assert line(**LAMP, product_detail=written).attributes == details


@pytest.mark.parametrize(
    ("written", "paths"),
    [
        ("Home > Lamps, Sale > Lamps", ("Home > Lamps", "Sale > Lamps")),
        ("Home > Lamps,Sale > Lamps", ("Home > Lamps", "Sale > Lamps")),
        ("Food, Beverages & Tobacco > Snacks", ("Food, Beverages & Tobacco > Snacks",)),
        ("Home > Lamps, old and new", ("Home > Lamps, old and new",)),
    ],
)
def test_a_cell_has_several_paths(written: str, paths: tuple[str, ...]) -> None:
    assert line(**LAMP, product_type=written).categories == paths


def test_an_element_has_one_path() -> None:
    path = "Home > Food, Beverages & Tobacco > Snacks"
    assert item(**LAMP, product_type=path).categories == (path,)


@pytest.mark.parametrize("root", ["<rss><channel>{}</channel></rss>", "<feed>{}</feed>"])
@pytest.mark.parametrize("prefix", ["g:", ""])
def test_elements_are_read_with_and_without_googles_prefix(root: str, prefix: str) -> None:
    product = "entry" if "feed" in root else "item"
    given = LAMP | {"sale_price": "25 EUR", "brand": "Kestrel", "color": "Red", "gtin": "12345670"}
    named = "".join(f"<{prefix}{n}>{escape(v)}</{prefix}{n}>" for n, v in given.items())
    own = "<author>Ann</author><category>News</category><pubDate>Mon</pubDate>"
    text = root.format(f"<{product} {GOOGLE}>{named}{own}</{product}>")
    (row,) = rows("feed.xml", text)
    assert (row.sku, row.price, row.brand, row.ean) == ("L1", 25, "Kestrel", "12345670")
    assert (row.attributes, row.categories, row.unread) == ({"color": "Red"}, (), ())


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Salt & pepper", "Salt & pepper"),
        ("Salt &amp; pepper", "Salt & pepper"),
        ("Caf&eacute; cr&egrave;me", "Café crème"),
        ("R&D &nosuch; &#38; &#x26;", "R&D &nosuch; & &"),
        ("<![CDATA[Salt & pepper]]> & <![CDATA[oil]]>", "Salt & pepper & oil"),
    ],
)
@pytest.mark.parametrize("before", [0, 65_300, 65_500])
def test_an_ampersand_that_xml_does_not_allow_is_read_as_it_is_meant(
    before: int, written: str, title: str
) -> None:
    filled = "".join(f"<!--{n:05}-->" for n in range(before // 12))
    given = f"<g:id>L1</g:id><g:title>{written}</g:title><g:price>40 EUR</g:price>"
    (row,) = rows("feed.xml", f"<rss {GOOGLE}>{filled}<item>{given}</item></rss>")
    assert row.title == title


# Tables


def test_a_quotation_mark_at_the_beginning_of_a_cell_is_text() -> None:
    feed = (
        "id\ttitle\tdescription\n1\tOne\tx\n"
        '2\t"L" bracket\t"Best buy" says a reader\n3\tThree\ty\n4\t5" screen\tz\n'
    )
    found = rows("feed.tsv", feed)
    assert [row.sku for row in found] == ["1", "2", "3", "4"]
    assert (found[1].title, found[1].description) == ('"L" bracket', '"Best buy" says a reader')


@pytest.mark.parametrize(("name", "comma"), [("feed.tsv", "\t"), ("feed.csv", ",")])
def test_a_quotation_mark_that_is_never_closed_costs_its_row_at_most(name: str, comma: str) -> None:
    feed = (
        'id,title,price\n1,One,1\n2,"Retro clock,2\n3,Three,3\n4,Screen 5",4\n'
        '5,"A ""big""\none",5\n6,"Last,6\n'
    )
    found = rows(name, feed.replace(",", comma))
    assert [(row.sku, row.line) for row in found] == [
        ("1", 2), ("2", 3), ("3", 4), ("4", 5), ("5", 6), ("6", 8),
    ]  # fmt: skip
    assert (found[1].title, found[4].title) == ('"Retro clock', 'A "big" one')


@pytest.mark.parametrize(
    "content",
    [
        "id;title;price\n1;Stühle;12,99\n".encode(),
        "sep=;\nid;title;price\n1;Stühle;12,99\n".encode(),
        "id\ttitle\tprice\r\n1\tStühle\t12,99\r\n".encode("utf-16"),
        '\n"id","title","price",\n"1","Stühle","12,99",\n'.encode(),
        'id,title,price\n="1",Stühle,"12,99",,\n'.encode(),
    ],
)
def test_tables_as_spreadsheets_write_them(content: bytes) -> None:
    (row,) = rows("feed.csv", content)
    assert (row.sku, row.title, row.price) == ("1", "Stühle", Decimal("12.99"))


def test_a_row_in_another_encoding_costs_that_row() -> None:
    content = "id,title\n1,Stühle\n".encode() + "2,Stühle\n".encode("latin-1") + b"3,Table\n"
    first, bad, last = read("feed.csv", content)
    assert bad == RecordError(3, "not UTF-8", "2")
    assert [first.sku, last.sku] == ["1", "3"]


@pytest.mark.parametrize(
    ("header", "heading"),
    [
        ("Artikelnummer,Bezeichnung,Preis", "'Artikelnummer'"),
        ("Product ID,Name,Price (tax excl.),Quantity", r"'Price \(tax excl\.\)'"),
        ("sku,name,price,qty,product_online", "'product_online'"),
        ("Handle,Location,SKU,Available", "'Handle'"),
    ],
)
def test_a_dialect_that_is_not_known_is_refused_with_its_heading(header: str, heading: str) -> None:
    with pytest.raises(FeedError, match=heading):
        read("feed.csv", f"{header}\n1,A,2,3,4\n")
