"""The answer: a page of results, each with its place, its score and where the score came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from shopreco.catalogues import Price, catalogue_of
from shopreco.retrieval.facets import FacetCounts, PriceRange
from shopreco.retrieval.prices import LowestPrice


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

    `object` is live: read through `get_live_queryset` for this request. `variant_id` is the key
    of the variant that matched where `object` is its parent. `parts` says what each retriever
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
    parts: Mapping[str, float] = field(default_factory=dict)
    contributions: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    lowest_price: LowestPrice | None = None
    """Of its variants, where the object has no price of its own, as the index knows it."""

    @property
    def price(self) -> Decimal | None:
        """What the object costs: what it is filtered and sorted by. Live, from the object."""
        own = self._own_price
        return self.lowest_price.amount if own is None and self.lowest_price else own

    @property
    def currency(self) -> str:
        """Of `price`, ISO 4217."""
        if self.price_is_lowest and self.lowest_price:
            return self.lowest_price.currency
        shop = catalogue_of(self.object)
        declared = shop.field(Price)
        return declared.currency_of(self.object) if declared else ""

    @property
    def price_is_lowest(self) -> bool:
        """Whether variants may cost more than `price`: a card says "from"."""
        return self._own_price is None and self.lowest_price is not None

    @property
    def _own_price(self) -> Decimal | None:
        shop = catalogue_of(self.object)
        declared = shop.field(Price)
        return declared.amount(shop.values(declared.name, self.object)) if declared else None


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
