"""The answer: a page of results, each with its place, its score and where the score came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from shopreco.answers.facets import FacetCounts, PriceRange
from shopreco.catalogues import Price, catalogue_of
from shopreco.queries.prices import LowestPrice


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a product is recommended. `code` is for programs (`same_material`, `looks_alike`, …),
    `text` for shoppers in their language, `anchor` what it rests on: a value, or the seed."""

    code: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Result:
    """One object of the shop in an answer.

    `object` is live: read through `get_live_queryset` for this request. Where it is a product with
    variants, `variant` is the live one that was asked for, and `variant_id` its key: None and empty
    where nothing tells it from the others. `parts` says what each retriever
    added to the score, such as {"dense": 0.21, "lexical": 0.32}; they sum to it, and so do
    `contributions`, in which text, image, video and graph stand for the dense part; they are
    empty unless they were asked for.
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
    """Of its variants, where the object has no price of its own, as the index knows it."""

    @property
    def shown(self) -> Any:
        """What a card shows: the variant that was asked for, else the object."""
        return self.object if self.variant is None else self.variant

    @property
    def price(self) -> Decimal | None:
        """What `shown` costs, live. Where results are filtered or sorted by price, it is what they
        are compared by."""
        lowest = self.lowest_price.amount if self.lowest_price else None
        return next((_price_of(each) for each in self._priced), lowest)

    @property
    def currency(self) -> str:
        """Of `price`, ISO 4217."""
        if self.price_is_lowest and self.lowest_price:
            return self.lowest_price.currency
        priced = next(self._priced, self.shown)
        declared = catalogue_of(priced).field(Price)
        return declared.currency_of(priced) if declared else ""

    @property
    def price_is_lowest(self) -> bool:
        """Whether variants may cost more than `price`: a card says "from"."""
        return self.lowest_price is not None and not any(True for _ in self._priced)

    @property
    def _priced(self) -> Iterator[Any]:
        """Of what is shown and its product those with a price of their own."""
        each_once = [self.object] if self.variant is None else [self.variant, self.object]
        return (each for each in each_once if _price_of(each) is not None)


def _price_of(obj: Any) -> Decimal | None:
    shop = catalogue_of(obj)
    declared = shop.field(Price)
    return declared.amount(shop.values(declared.name, obj)) if declared else None


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A page of results. Iterating it gives the results.

    `total` counts all that matched (products, with variants collapsed); beyond 10,000, and where
    only the live queryset knows what is hidden, it is "at least", as `total_is_exact` says. So are
    the counts of facets where `facets_are_exact` is False. `degraded` names each
    stage that failed or was late and why; the page stands without it. `notice` is a sentence for
    the shopper, as `degraded["photo"]` is. `photo` is the key of the photo that was searched with:
    `search` takes it in place of the photo for a day. `timings` are milliseconds by stage.
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
