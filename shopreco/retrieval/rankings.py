"""Rankings: candidates in order, and the page of live results that a visitor gets of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isnan
from typing import Any

import numpy as np
from django.http import HttpRequest
from numpy.typing import NDArray

from shopreco.catalogues import Catalogue
from shopreco.retrieval.hydration import Place, hydrate, live
from shopreco.retrieval.matches import Hits
from shopreco.retrieval.prices import lowest_prices
from shopreco.retrieval.results import Result


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ranked candidates: item ids with their groups and scores, all (n,), best first."""

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    source: str
    parts: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(
        cls, source: str, hits: Hits, parts: Mapping[str, NDArray[np.float64]] | None = None
    ) -> Ranking:
        """Hits of one source; with `parts`, which sum to the scores, of several. Without any they
        keep theirs."""
        parts = {source: hits.scores.astype(float)} if parts is None else parts
        scores = np.sum(list(parts.values()), axis=0) if parts else hits.scores.astype(float)
        return cls(hits.item_ids, hits.group_ids, scores, source, parts)

    def as_plain(self) -> tuple[Any, ...]:
        """Of lists and texts alone, for caches; see `from_plain`."""
        parts = {name: part.tolist() for name, part in self.parts.items()}
        return self.source, self.item_ids.tolist(), self.group_ids.tolist(), parts

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Ranking:
        source, item_ids, group_ids, parts = plain
        hits = Hits.from_rows([(i, g, 0.0) for i, g in zip(item_ids, group_ids, strict=True)])
        return cls.of(source, hits, {name: np.array(part) for name, part in parts.items()})

    def besides(self, others: Ranking) -> Ranking:
        """Its candidates, then those that only the others have; both have the same parts."""
        more = others.take(~np.isin(others.item_ids, self.item_ids))
        return replace(
            self,
            item_ids=np.concatenate([self.item_ids, more.item_ids]),
            group_ids=np.concatenate([self.group_ids, more.group_ids]),
            scores=np.concatenate([self.scores, more.scores]),
            parts={n: np.concatenate([part, more.parts[n]]) for n, part in self.parts.items()},
        )

    @property
    def places(self) -> list[Place]:
        return list(zip(self.item_ids.tolist(), self.group_ids.tolist(), strict=True))

    def take(self, positions: NDArray[Any]) -> Ranking:
        return Ranking(
            self.item_ids[positions],
            self.group_ids[positions],
            self.scores[positions],
            self.source,
            {name: part[positions] for name, part in self.parts.items()},
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """The results of a page, and what it took to find them: see `Hydrated`."""

    results: tuple[Result, ...]
    asked: int
    dropped: int
    gave_up: bool


def live_results(
    shop: Catalogue,
    request: HttpRequest | None,
    ranking: Ranking,
    *,
    offset: int,
    limit: int,
    collapse: bool,
) -> Shown:
    found = hydrate(
        shop,
        request,
        ranking.item_ids,
        ranking.group_ids,
        offset=offset,
        limit=limit,
        collapse=collapse,
    )
    shown = ranking.take(np.array([each.position for each in found.page], dtype=np.intp))
    scores = shown.scores.round(6).tolist()
    parts = {name: part.round(6).tolist() for name, part in shown.parts.items()}
    lowest = lowest_prices(shown.item_ids.tolist()) if collapse and shop.parent_field else {}
    results = tuple(
        Result(
            object=each.object,
            item_id=each.item_id,
            object_id=each.object_id,
            variant_id=each.variant_id,
            variant=each.variant,
            rank=offset + n + 1,
            score=scores[n],
            source=ranking.source,
            parts={name: part[n] for name, part in parts.items() if not isnan(part[n])},
            lowest_price=lowest.get(each.item_id),
        )
        for n, each in enumerate(found.page)
    )
    return Shown(results, found.asked, found.dropped, found.gave_up)


def live_part(
    shop: Catalogue, request: HttpRequest | None, ranking: Ranking, *, collapse: bool
) -> Ranking:
    """Those that this visitor may see, as the live queryset says."""
    return ranking.take(live(shop, request, ranking.places, collapse=collapse))
