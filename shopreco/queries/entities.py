"""Entity linking: find the graph nodes that a query names, and the items that have them.

A process keeps names and vectors in memory, so that a search needs no statement for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from shopreco.db.process_cache import SpaceCache
from shopreco.db.routing import read_alias
from shopreco.db.statements import Statement, as_arrays, fetch_row, read_arrays
from shopreco.graph.names import name_of
from shopreco.models import EmbeddingSpace
from shopreco.text.dictionary import Dictionary

Mentions = Mapping[int, float]
"""Confidence, 0 to 1, by node id."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The share, 0 to 1, of the mentioned nodes that items have; (n,), sorted by item."""

    item_ids: NDArray[np.int64]
    shares: NDArray[np.float64]

    def at_least(self, share: float) -> NDArray[np.int64]:
        return self.item_ids[self.shares >= share]

    def of(self, item_ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """Shares of items, (n,); NaN for an item that has no mentioned node."""
        if not len(self.item_ids):
            return np.full(len(item_ids), np.nan)
        places = np.searchsorted(self.item_ids, item_ids).clip(max=len(self.item_ids) - 1)
        return np.where(self.item_ids[places] == item_ids, self.shares[places], np.nan)


NO_SHARES = Shares(np.empty(0, dtype=np.int64), np.empty(0))


@dataclass(frozen=True, slots=True)
class Holders:
    """Items that have a node of the graph, and the edge's weight; (m,), sorted by node."""

    node_ids: NDArray[np.int64]
    item_ids: NDArray[np.int64]
    weights: NDArray[np.float64]

    def shares(self, mentions: Mentions) -> Shares:
        """Shares of items, weighted by the confidence of mentions and the weight of edges."""
        if not mentions:
            return NO_SHARES
        nodes = list(mentions)
        starts = np.searchsorted(self.node_ids, nodes, side="left")
        ends = np.searchsorted(self.node_ids, nodes, side="right")
        slices = [slice(*each) for each in zip(starts, ends, strict=True)]
        held = np.concatenate([self.item_ids[each] for each in slices])
        sure = np.concatenate(
            [mentions[node] * self.weights[each] for node, each in zip(nodes, slices, strict=True)]
        )
        item_ids, places = np.unique(held, return_inverse=True)
        sums = np.bincount(places, weights=sure, minlength=len(item_ids))
        return Shares(item_ids, sums / sum(mentions.values()))


MAX_NAMES = 10_000
MAX_CACHED_NAMES = 5 * MAX_NAMES
"""Names of all shops in a process; their vectors take up to 80 MB."""
MAX_HOLDERS = 200
"""Items that a node may have; a more common node says too little to find items by."""

MAX_LINKS = 300_000
"""Edges from items to all these nodes: a few megabytes."""

INFLECTED, CORRECTED = 0.9, 0.7
"""Confidence in a name that the query has in another inflection, and the factor for one that it has
after correction. An exact name has 1."""
MEANT, MAX_MEANT = 0.6, 3
"""Cosine from which a query means a node without naming it, and the number of such nodes. The
cosine is the confidence."""

NAMES = """
    SELECT label, id, vector FROM (
        SELECT name.label, n.id, halfvec_send(v.vector) AS vector,
            sum(held.items) OVER (ORDER BY held.items DESC, name.id) AS links
        FROM shopreco_node name
        JOIN shopreco_node n ON n.id = COALESCE(name.merged_into_id, name.id)
        CROSS JOIN LATERAL (
            SELECT count(*) AS items FROM (
                SELECT FROM shopreco_edge
                WHERE target_id = n.id AND state <> 'rejected' LIMIT %(max_holders)s + 1
            ) AS held
        ) AS held
        LEFT JOIN shopreco_nodevector v
            ON v.node_id = n.id AND v.encoder = %(encoder)s AND name.id = n.id
        WHERE name.catalogue = %(catalogue)s AND name.kind <> 'item'
          AND n.in_texts AND name.in_texts AND held.items BETWEEN 1 AND %(max_holders)s
    ) AS known WHERE links <= %(max_links)s ORDER BY links LIMIT %(max_names)s
"""
HEADER = 4
"""Bytes before the values of a `halfvec` in its binary form."""
HOLDERS = """
    SELECT e.target_id AS node_id, n.item_id, e.weight::float8 AS weight
    FROM shopreco_edge e JOIN shopreco_node n ON n.id = e.source_id AND n.item_id IS NOT NULL
    WHERE e.target_id = ANY(%s) AND e.state <> 'rejected' ORDER BY e.target_id
"""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    names: Dictionary[int]
    size: int
    """Number of names."""
    node_ids: NDArray[np.int64]
    """Ids of the nodes that have a vector, (n,)."""
    vectors: NDArray[np.float32]
    """(n, d), L2-normalised."""
    holders: Holders

    def named(self, text: str, corrected: str, language: str) -> dict[int, float]:
        """Confidence by node that a query names, as typed or as corrected."""
        found: dict[int, float] = {}
        for said, sure in ((text, 1.0), (corrected, CORRECTED)) if corrected else ((text, 1.0),):
            for node, exact in self.names.mentions(said, language):
                confidence = sure * (1.0 if exact else INFLECTED)
                found[node] = max(confidence, found.get(node, 0.0))
        return found

    def meant(self, vector: NDArray[np.float32]) -> dict[int, float]:
        """Confidence by node whose label is near the query in meaning. vector: (d,)."""
        if not len(self.node_ids):
            return {}
        # Not by BLAS: its threads go on spinning, and the database waits for their cores.
        cosines = np.einsum("nd,d->n", self.vectors, vector)
        best = np.argsort(-cosines)[:MAX_MEANT]
        return {
            int(self.node_ids[n]): round(float(cosines[n]), 3) for n in best if cosines[n] >= MEANT
        }


def read_vocabulary(space: EmbeddingSpace) -> Vocabulary:
    """Read the names of a space's catalogue, with vectors of its encoder."""
    with connections[read_alias()].cursor() as cursor:
        cursor.execute(
            NAMES,
            {
                "catalogue": space.catalogue,
                "encoder": space.encoder_fingerprint,
                "max_holders": MAX_HOLDERS,
                "max_names": MAX_NAMES,
                "max_links": MAX_LINKS,
            },
        )
        rows = cursor.fetchall()
    ids = list({id for _label, id, _vector in rows})
    columns = {"node_id": "i8", "item_id": "i8", "weight": "f8"}
    held = fetch_row(as_arrays(Statement(HOLDERS, (ids,)), columns))
    encoded = [(id, vector) for _label, id, vector in rows if vector is not None]
    names = Dictionary((name_of(label), id) for label, id, _vector in rows)
    for language in space.statistics.languages:
        # Analyse the labels now, not while somebody waits.
        names.mentions("", language)
    return Vocabulary(
        names,
        len(rows),
        np.array([id for id, _vector in encoded], dtype=np.int64),
        _matrix((vector for _id, vector in encoded), space.dimension),
        Holders(*read_arrays(held, columns)),
    )


def _matrix(sent: Iterable[bytes], dimension: int) -> NDArray[np.float32]:
    """Read vectors in the binary form of pgvector, (n, d). As text they take six times the memory,
    most of which a process never gives back."""
    halves = np.frombuffer(b"".join(each[HEADER:] for each in sent), dtype=">f2")
    return halves.astype(np.float32).reshape(-1, dimension)


VOCABULARIES = SpaceCache(read_vocabulary, max_size=MAX_CACHED_NAMES, size=lambda read: read.size)
