"""Sources of a block: candidates beside its anchors, through the cache that all visitors share.

A retriever is asked beside each anchor, and only the merging is personal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopreco.conf import get_settings
from shopreco.db.process_cache import shared_key
from shopreco.db.shared_cache import shared_cache
from shopreco.queries.conditions import Condition, Filters
from shopreco.retrieval.base import RETRIEVERS, Anchor, Candidates, Context, nothing
from shopreco.stages import StageName

MOST_ASKED = 10
"""Anchors that a source is asked beside, the weightiest."""


class Found(NamedTuple):
    """The candidates of a source, and the anchor that speaks most for each, by item id."""

    candidates: Candidates
    because: Mapping[int, Anchor]


def ask(source: str, excluded: Sequence[str], context: Context, k: int) -> Found:
    """Up to k candidates beside each anchor, without what other retrievers find beside one.

    source, excluded: retrievers by name. context: with the anchors.
    """
    retriever = RETRIEVERS.get(source)
    if retriever.is_personal:
        return Found(retriever.retrieve(context, k), {})
    anchors = sorted(context.anchors, key=lambda each: -each.weight)[:MOST_ASKED]
    alone = replace(context, anchors=())
    if not retriever.needs_seed:
        found = Found(_shared(source, (), alone, [None], k)[None], {})
    elif not anchors:
        return Found(nothing(*retriever.columns), {})
    else:
        seeds = [each.item_id for each in anchors]
        parts = _shared(source, excluded, alone, seeds, k)
        found = merged([(each, parts[each.item_id]) for each in anchors if each.item_id in parts])
        if len(anchors) == 1:
            return found
    # What goes with one of them may replace another.
    candidates = found.candidates
    for anchor in anchors:
        for name in excluded:
            candidates = _without(candidates, name, replace(alone, seed=anchor.item_id))
    return found._replace(candidates=candidates)


def merged(parts: Sequence[tuple[Anchor, Candidates]]) -> Found:
    """One list of the candidates beside several anchors: the weighted sum of their scores, each of
    which goes from 0 to 1 beside its anchor, so that one with many near items hides no other.

    parts: at least one. That of a single anchor is left as it is.
    """
    if len(parts) == 1:
        anchor, only = parts[0]
        return Found(only, dict.fromkeys(only.item_ids.tolist(), anchor))
    anchors, lists = zip(*parts, strict=True)
    owner = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
    adds = np.concatenate([each.weight * _from_0_to_1(f.scores) for each, f in parts])
    scores = np.concatenate([each.scores for each in lists])
    scale = np.divide(adds, scores, out=np.zeros_like(adds), where=scores != 0)
    item_ids, first, place = np.unique(
        np.concatenate([each.item_ids for each in lists]), return_index=True, return_inverse=True
    )
    columns = {name: np.zeros(len(item_ids)) for name in lists[0].columns}
    for name, total in columns.items():
        column = np.concatenate([each.columns[name] for each in lists])
        np.add.at(total, place, scale * np.nan_to_num(column))
    # The last one that is written to a place stays there: the anchor that adds most.
    order = np.argsort(adds, kind="stable")
    strongest = np.zeros(len(item_ids), dtype=np.intp)
    strongest[place[order]] = owner[order]
    found = Candidates(
        item_ids,
        np.concatenate([each.group_ids for each in lists])[first],
        columns,
        next((each.source for each in lists if len(each)), lists[0].source),
        all(each.complete for each in lists),
    )
    because = {i: anchors[n] for i, n in zip(item_ids.tolist(), strongest.tolist(), strict=True)}
    return Found(found.order(), because)


def _from_0_to_1(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores (n,) as shares of the way from the lowest to the highest; 1 where they are equal."""
    low, high = scores.min(initial=np.inf), scores.max(initial=-np.inf)
    return (scores - low) / (high - low) if high > low else np.ones_like(scores)


def _shared(
    source: str, excluded: Sequence[str], context: Context, seeds: Iterable[int | None], k: int
) -> dict[int | None, Candidates]:
    """Candidates beside each seed, from the cache or else asked for. None: beside nothing.

    After `QUERY_DEADLINE` no further one is asked for: the cache has more for the next visitor.
    """
    settings = get_settings()
    space, digest = context.space, context.filters.digest
    said = ",".join(excluded)
    keys = {
        seed: shared_key("block", source, said, space.pk, seed or 0, digest, k) for seed in seeds
    }
    cached = shared_cache().get_many(keys.values())
    started = perf_counter()
    found: dict[int | None, Candidates] = {}
    for seed, key in keys.items():
        plain = cached.get(key)
        is_late = perf_counter() - started > settings.QUERY_DEADLINE
        if plain is None and found and is_late:
            context.log.lacks(StageName.NEIGHBOURS, f"{source} is late beside {len(keys)} items")
            continue
        if plain is None:
            beside = replace(context, seed=seed)
            candidates = RETRIEVERS.get(source).retrieve(beside, k)
            for name in excluded:
                candidates = _without(candidates, name, beside)
            plain = candidates.as_plain()
            shared_cache().set(key, plain, settings.BLOCK_CACHE_SECONDS)
        found[seed] = Candidates.from_plain(plain)
    return found


def _without(found: Candidates, retriever: str, context: Context) -> Candidates:
    """Drop the candidates that another retriever finds too, with their variants."""
    if not len(found):
        return found
    among = Condition("i.id = ANY(%s)", (found.item_ids.tolist(),))
    unwanted = RETRIEVERS.get(retriever).retrieve(context.within(Filters({"": among})), len(found))
    return found.take(~np.isin(found.group_ids, unwanted.group_ids))
