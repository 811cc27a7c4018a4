"""The answer: a page of results, with their ranks, their scores and the parts of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from shopreco.answers.facets import FacetCounts, PriceRange
from shopreco.catalogues import Price, catalogue_of
from shopreco.queries.prices import LowestPrice


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a product is recommended.

    `code` is for programs (`same_material`, `because_viewed`, …), `text` for shoppers in their
    language. `basis` names what the reason rests on: a value, or the title of the seed, of an
    anchor, or of a product between the two. For an anchor, `anchor_id` is its key and `url` its
    page.
    """

    code: str
    text: str
    basis: str
    anchor_id: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One object of the shop in an answer.

    `object` is live: read through `get_live_queryset` for this request. For a product with
    variants, `variant` is the live variant that the query asks for, and `variant_id` its key; None
    and empty if the query fits all variants. `parts` says what each retriever added to the score,
    such as {"dense": 0.21, "lexical": 0.32}: they sum to it. `contributions` also sum to it, with
    text, image, video and graph in place of the dense part; empty without `explain`.
    """

    object: Any
    item_id: int
    object_id: str
    rank: int
    score: float
    source: str
    variant_id: str = ""
    variant: Any = None
    parts: Mapping[str, float] = field(default_factory=dict)
    contributions: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    lowest_price: LowestPrice | None = None
    """The lowest price of the variants, from the index, if the object has no price of its own."""

    @property
    def shown(self) -> Any:
        """The object that a card shows: the variant that the query asks for, else `object`."""
        return self.object if self.variant is None else self.variant

    @property
    def price(self) -> Decimal | None:
        """The live price of `shown`. Price filters and sort orders compare the same price."""
        lowest = self.lowest_price.amount if self.lowest_price else None
        return next((_price_of(each) for each in self._priced), lowest)

    @property
    def currency(self) -> str:
        """The currency of `price`, ISO 4217."""
        if self.price_is_lowest and self.lowest_price:
            return self.lowest_price.currency
        priced = next(self._priced, self.shown)
        declared = catalogue_of(priced).field(Price)
        return declared.currency_of(priced) if declared else ""

    @property
    def price_is_lowest(self) -> bool:
        """Whether variants may cost more than `price`, so that a card says "from"."""
        return self.lowest_price is not None and not any(True for _ in self._priced)

    @property
    def _priced(self) -> Iterator[Any]:
        """The variant and the product, as far as they have a price of their own."""
        each_once = [self.object] if self.variant is None else [self.variant, self.object]
        return (each for each in each_once if _price_of(each) is not None)


def _price_of(obj: Any) -> Decimal | None:
    catalogue = catalogue_of(obj)
    declared = catalogue.field(Price)
    return declared.amount(catalogue.values(declared.name, obj)) if declared else None


class EmptyReason(StrEnum):
    """Why a block is empty."""

    SWITCHED_OFF = "switched_off"
    """Its placement is not active, or does not hold for the catalogue."""
    NO_INDEX = "no_index"
    NOT_INDEXED = "not_indexed"
    """The product that it is about is not in the index."""
    EMPTY_CART = "empty_cart"
    NO_HISTORY = "no_history"
    """The visitor has done nothing yet, or does not allow that it is used."""
    NO_PURCHASES = "no_purchases"
    NOTHING_FOUND = "nothing_found"
    """Its sources have no data yet, or filters and exclusion leave nothing."""
    FAILED = "failed"
    """`degraded` says what."""


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A page of results. Iterating it gives the results.

    `total` counts all matches (products, with variants collapsed). Where `total_is_exact` is False,
    it means "at least": beyond 10,000, or if only the live queryset knows what is hidden.
    `facets_are_exact` says the same of facet counts. `degraded` names each stage that failed or
    was late, with the reason; the page comes without it. `notice` is a sentence for the shopper,
    as `degraded["photo"]` is. `photo` is the key of the photo: `search` takes it in place of the
    photo for a day. `timings` are milliseconds by stage. `is_personal` says that a block differs by
    visitor, so that no shared cache may keep it. `empty_because` says why it is empty, by an
    `EmptyReason`.
    """

    results: tuple[Result, ...] = ()
    total: int = 0
    total_is_exact: bool = True
    offset: int = 0
    limit: int = 0
    query: str = ""
    query_id: str = ""
    photo: str = ""
    source: str = ""
    facets: tuple[FacetCounts, ...] = ()
    facets_are_exact: bool = True
    price_range: PriceRange | None = None
    notice: str = ""
    degraded: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    model_version: str = ""
    is_personal: bool = False
    empty_because: str = ""

    def __iter__(self) -> Any:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    @property
    def has_more(self) -> bool:
        if self.offset + len(self.results) < self.total:
            return True
        return not self.total_is_exact and len(self.results) == self.limit

    @property
    def objects(self) -> list[Any]:
        return [result.object for result in self.results]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A completion while typing. `kind`: "query", "product", or the name of a facet."""

    kind: str
    text: str
    url: str = ""
    facet: str = ""
