"""Google Merchant XML: RSS 2.0 items or Atom entries, with the `g:` namespace or without.

https://support.google.com/merchants/answer/160589
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import Locator

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser

from demo_catalogue.feeds.ampersands import escaped
from demo_catalogue.feeds.base import FeedError, Shop
from demo_catalogue.feeds.columns import record_from
from demo_catalogue.feeds.texts import words
from demo_catalogue.records import ProductRecord, RecordError

GOOGLE = "http://base.google.com/ns/1.0"
PRODUCTS = frozenset({"item", "entry"})
ABOUT_THE_ENTRY = words(
    "author category comments contributor enclosure generator guid link pubDate published rights "
    "source updated"
)
"""Elements of RSS and Atom that say nothing of a product, whatever their names mean elsewhere."""
_MAX_TEXT = 200_000


class MerchantXml:
    """Reads by SAX: constant memory, line numbers, and no entities, so no expansion attacks."""

    def __init__(self, shop: Shop | None = None) -> None:
        self._shop = shop or Shop()

    def read(self, stream: BinaryIO) -> Iterator[ProductRecord | RecordError]:
        parser = make_parser()
        handler = _Handler(parser, self._shop)
        parser.setFeature(feature_namespaces, True)
        parser.setContentHandler(handler)
        try:
            for chunk in escaped(stream):
                parser.feed(chunk)
                yield from handler.take()
            parser.close()
            yield from handler.take()
        except DefusedXmlException as error:
            raise FeedError(f"the XML declares entities, which is not allowed: {error}") from error
        except SAXParseException as error:
            yield from handler.take()
            raise FeedError(
                f"line {error.getLineNumber()}: not well-formed XML: {error.getMessage()}"
            ) from error
        except SAXException as error:
            raise FeedError(f"not well-formed XML: {error}") from error
        if not handler.seen:
            raise FeedError("no <item> and no <entry>: this is not a Google Merchant feed")


class _Handler(ContentHandler):
    """Collects the elements directly below each item; Google's own win over RSS and Atom's."""

    def __init__(self, locator: Locator, shop: Shop) -> None:
        super().__init__()
        self._shop = shop
        self.seen = 0
        self._place = locator
        self._ready: list[ProductRecord | RecordError] = []
        self._line = 0
        self._depth = 0
        self._text: list[str] = []
        self._length = 0
        self._plain: dict[str, list[object]] = {}
        self._google: dict[str, list[object]] = {}
        self._nested: dict[str, str] = {}

    def take(self) -> list[ProductRecord | RecordError]:
        ready, self._ready = self._ready, []
        return ready

    def startElementNS(  # noqa: N802 (the name is SAX's)
        self, name: tuple[str | None, str], qname: Any, attrs: Any
    ) -> None:
        if self._depth:
            self._depth += 1
        elif name[1] in PRODUCTS:
            self._depth = 1
            self._line = self._place.getLineNumber() or 0
            self._plain, self._google = {}, {}
        if self._depth == 2:
            self._nested = {}
        self._text, self._length = [], 0

    def characters(self, content: str) -> None:
        if self._depth > 1 and self._length < _MAX_TEXT:
            self._text.append(content)
            self._length += len(content)

    def endElementNS(  # noqa: N802 (the name is SAX's)
        self, name: tuple[str | None, str], qname: Any
    ) -> None:
        if not self._depth:
            return
        namespace, local = name
        text = "".join(self._text).strip()
        self._text = []
        if self._depth == 1:
            self._finish()
        elif self._depth == 2:
            if local == "product_detail":
                parts = ("section_name", "attribute_name", "attribute_value")
                text = ":".join(self._nested.get(part, "") for part in parts)
            # What is nested otherwise (shipping, tax) has no text of its own.
            if text:
                target = self._google if namespace == GOOGLE else self._plain
                target.setdefault(local, []).append(text)
        elif self._depth == 3:
            self._nested[local] = text
        self._depth -= 1

    def _finish(self) -> None:
        self.seen += 1
        plain = {key: v for key, v in self._plain.items() if key not in ABOUT_THE_ENTRY}
        named = {**plain, **self._google}
        try:
            self._ready.append(record_from(self._line, named, self._shop))
        except ValueError as error:
            sku = str(next(iter(named.get("id", [""]))))
            self._ready.append(RecordError(self._line, str(error), sku[:100]))
