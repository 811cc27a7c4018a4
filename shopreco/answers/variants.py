"""Variants: which one a card shows in place of its product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from shopreco.answers.results import Result
from shopreco.catalogues import Catalogue
from shopreco.models import Item
from shopreco.queries import sorting
from shopreco.queries.conditions import Filters
from shopreco.queries.filters import PRICE
from shopreco.retrieval import browse
from shopreco.retrieval.base import Candidates

SAME_SCORE = 1e-9


def with_variants(
    catalogue: Catalogue,
    results: Sequence[Result],
    candidates: Candidates | None,
    filters: Filters,
    sort: str = sorting.RELEVANCE,
) -> tuple[Result, ...]:
    """Keep the variant of a result if the query asks for it rather than for its product.

    It does if it scores higher by words or picture than the product does; while browsing, if it
    alone passes the filters. Where prices are compared, a variant of another price is shown as its
    product.
    """
    matched = {r.variant_id: r for r in results if r.variant_id}
    if not matched:
        return tuple(results)
    keys = {r.object_id for r in matched.values()}
    own = dict(
        Item.objects.indexed()
        .filter(catalogue=catalogue.name, object_id__in=keys)
        .values_list("object_id", "id")
    )
    item_ids = [*own.values(), *(r.item_id for r in matched.values())]
    scores = _passing(item_ids, filters) if candidates is None else _distinct(candidates, item_ids)
    asked_for = {
        key
        for key, r in matched.items()
        if (product := own.get(r.object_id)) not in scores
        or scores.get(r.item_id, 0.0) > scores[product] + SAME_SCORE
    }
    compared = sort in sorting.BY_PRICE or PRICE in filters.conditions
    return tuple(
        _showing(r, compared=compared) if r.variant_id in asked_for else _as_product(r)
        for r in results
    )


def _showing(result: Result, *, compared: bool) -> Result:
    product = _as_product(result)
    if result.variant is None:
        return product
    if not compared:
        return result
    is_priced_alike = (result.price, result.currency) == (product.price, product.currency)
    return result if is_priced_alike else product


def _as_product(result: Result) -> Result:
    return replace(result, variant_id="", variant=None) if result.variant_id else result


def _passing(item_ids: Sequence[int], filters: Filters) -> dict[int, float]:
    ids = np.array(item_ids, dtype=np.int64)
    return dict.fromkeys(ids[browse.passing(ids, filters)].tolist(), 0.0)


def _distinct(candidates: Candidates, item_ids: Iterable[int]) -> dict[int, float]:
    """Scores by item id without the cosine, which tells variants of one text apart by chance."""
    found = candidates.take(np.flatnonzero(np.isin(candidates.item_ids, list(item_ids))))
    cosine = np.nan_to_num(found.columns.get("dense", np.zeros(len(found.item_ids))))
    return dict(zip(found.item_ids.tolist(), (found.scores - cosine).tolist(), strict=True))
