"""Propagation: the E(K) of a product takes on a share of that of the products it is linked to.

    H(0) = E(K), or E(T) of a product without K;  H(k + 1) as in `shopreco.encoders.graph`

This happens only in a space with graph steps. Products depend on one another, so all are computed
at once, at the end of a run. Until the next run, an item that changes is fused with its old vector.

H(0) was chosen on Amazon Beauty, by Hits@10 of `shopreco_evaluate graph` with exact cosines: after
two steps .4848 from E(K), .4622 from the sum of E(T) and E(K), .4354 from E(T); without .4942.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from django.db import connections
from django.db.models import F
from numpy.typing import NDArray

from shopreco.db.copy import read_vectors
from shopreco.db.routing import write_alias
from shopreco.encoders.base import Vectors
from shopreco.encoders.devices import gpu
from shopreco.encoders.graph import Links, propagate
from shopreco.indexing import embeddings
from shopreco.models import Edge, EdgeState, EmbeddingSpace, Meaning
from shopreco.spaces.vectors import propagated_vectors

ITEMS_PER_PAGE = 1_000

MOVED = 0.002
"""Distance from the stored vector beyond which an item is fused again. Half precision rounds by a
tenth of it."""

LINK = np.dtype([("source", np.int64), ("target", np.int64), ("weight", np.float32)])


class Propagated(NamedTuple):
    """Items that are linked, and their E(K) after propagation, (n, d)."""

    item_ids: NDArray[np.int64]
    vectors: Vectors


def propagate_links(space: EmbeddingSpace) -> int:
    """Propagate E(K) in a space with graph steps, and fuse what moved; returns how many items.

    Nothing is encoded. May be called again after it was killed at any line.
    """
    if not space.steps:
        return 0
    found = computed_vectors(space, gpu())
    place = {int(item_id): n for n, item_id in enumerate(found.item_ids)}
    moved = 0
    for page in _pages(np.union1d(found.item_ids, _stored_ids(space))):
        stored = propagated_vectors(space, page)
        wanted = {i: found.vectors[place[i]] if i in place else None for i in page}
        changed = {i: each for i, each in wanted.items() if _differ(stored.get(i), each)}
        moved += embeddings.fuse_propagated(space, changed) if changed else 0
    return moved


def computed_vectors(space: EmbeddingSpace, device: str | None) -> Propagated:
    """E(K) of all linked items after the steps of a space.

    device: where torch computes, such as "cuda"; None to compute without torch.
    """
    links = links_between_items(space.catalogue)
    item_ids, start = _start(space, np.union1d(links["source"], links["target"]))
    among = as_links(links, item_ids)
    linked = np.unique(among.sources)
    vectors = propagate(start, among, steps=space.steps, device=device)
    return Propagated(item_ids[linked], vectors[linked])


def links_between_items(catalogue: str) -> NDArray[np.void]:
    """Rows of `LINK` between items, weighted by edge and relation; without rejected edges."""
    edges = (
        Edge.objects.using(write_alias())
        .filter(
            source__catalogue=catalogue,
            source__item__isnull=False,
            target__item__isnull=False,
            weight__gt=0,
            relation__weight__gt=0,
        )
        .exclude(state=EdgeState.REJECTED)
        .exclude(relation__meaning=Meaning.ATTRIBUTE)
        .values_list("source__item_id", "target__item_id", F("weight") * F("relation__weight"))
    )
    return np.fromiter(edges.iterator(chunk_size=ITEMS_PER_PAGE), dtype=LINK)


def as_links(links: NDArray[np.void], item_ids: NDArray[np.int64]) -> Links:
    """Links among items as positions in `item_ids`, which are sorted, in both directions."""
    known = links[np.isin(links["source"], item_ids) & np.isin(links["target"], item_ids)]
    sources, targets = (np.searchsorted(item_ids, known[end]) for end in ("source", "target"))
    return Links(sources, targets, known["weight"]).both_ways()


def _start(space: EmbeddingSpace, item_ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], Vectors]:
    """H(0) of the items that have it, (n, d)."""
    vectors = np.empty((len(item_ids), space.dimension), dtype=np.float32)
    found: list[int] = []
    for page in _pages(item_ids):
        rows = read_vectors(
            """
            SELECT DISTINCT ON (item_id) item_id, vector FROM shopreco_modalityvector
            WHERE item_id = ANY(%s) AND encoder = %s AND modality IN ('graph', 'text')
                AND vector IS NOT NULL
            ORDER BY item_id, modality -- the graph first
            """,
            [page, space.encoder_fingerprint],
        )
        for item_id, vector in rows:
            vectors[len(found)] = vector.to_numpy()
            found.append(item_id)
    return np.array(found, dtype=np.int64), vectors[: len(found)]


def _stored_ids(space: EmbeddingSpace) -> NDArray[np.int64]:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            "SELECT item_id FROM shopreco_propagatedvector WHERE space_id = %s", [space.pk]
        )
        return np.array([item_id for (item_id,) in cursor.fetchall()], dtype=np.int64)


def _pages(item_ids: NDArray[np.int64]) -> Iterator[list[int]]:
    for start in range(0, len(item_ids), ITEMS_PER_PAGE):
        yield item_ids[start : start + ITEMS_PER_PAGE].tolist()


def _differ(stored: Vectors | None, wanted: Vectors | None) -> bool:
    if stored is None or wanted is None:
        return stored is not wanted
    return bool(np.linalg.norm(stored - wanted) > MOVED)
