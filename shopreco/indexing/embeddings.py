"""Embeddings from modality vectors: alignment, vector fusion, writing. Nothing is encoded."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from django.db import connections, transaction
from numpy.typing import NDArray
from pgvector import HalfVector

from shopreco.db.copy import replace_rows
from shopreco.db.routing import write_alias
from shopreco.indexing.batches import Entry
from shopreco.indexing.modality_vectors import combined_hash
from shopreco.models import EmbeddingSpace
from shopreco.spaces.sources import sources_of
from shopreco.spaces.stores import vector_store
from shopreco.spaces.stores.base import EmbeddingRow
from shopreco.spaces.vectors import (
    NOTHING,
    Column,
    Stored,
    fused,
    stored_vectors,
    with_propagated,
)

logger = logging.getLogger(__name__)

ITEMS_PER_PAGE = 5_000


def write_embeddings(
    space: EmbeddingSpace,
    columns: Mapping[str, Column],
    hashes: Sequence[str],
    item_ids: Sequence[int],
) -> None:
    """Fuse and store: one embedding for each item that has any modality, and none for the others.

    In place of E(K), propagated vectors are fused where items have them.
    """
    if not item_ids:
        return
    rows = [
        EmbeddingRow(item_id, content_hash, vector)
        for item_id, content_hash, vector in zip(
            item_ids, hashes, fused(space, with_propagated(space, columns, item_ids)), strict=True
        )
        if not np.isnan(vector[0])
    ]
    vector_store(space).write(space, rows, item_ids)


def write_batch(space: EmbeddingSpace, entries: Sequence[Entry], ids: Mapping[str, int]) -> None:
    """Fuse what a batch encoded, within its transaction; not in a space that awaits alignment.

    ids: of the items, by object id.
    """
    if space.awaits_alignment and _awaits_still(space):
        return
    sources = sources_of(space)
    columns = {s.modality: [entry.encoded[s].vector for entry in entries] for s in sources}
    contents = [
        combined_hash(space, {s.modality: entry.encoded[s].content_hash for s in sources})
        for entry in entries
    ]
    write_embeddings(space, columns, contents, [ids[entry.object_id] for entry in entries])


def _awaits_still(space: EmbeddingSpace) -> bool:
    """Whether a space still awaits alignment, until the transaction ends.

    Whoever aligns it waits for the batches that found it unaligned, then fuses theirs.
    """
    with connections[write_alias()].cursor() as cursor:
        cursor.execute("SELECT 1 FROM shopreco_embeddingspace WHERE id = %s FOR SHARE", [space.pk])
    space.refresh_from_db(using=write_alias(), fields=["specification"])
    return space.awaits_alignment


def fuse_all(space: EmbeddingSpace) -> int:
    """Fuse every item of a space from its stored modality vectors; returns how many."""
    done, last = 0, 0
    while page := _page(space, last):
        with transaction.atomic(using=write_alias()):
            rows = _locked(space, page)
            _fuse_rows(space, rows)
        done, last = done + len(rows), max(page)
    return done


def fuse_propagated(
    space: EmbeddingSpace, vectors: Mapping[int, NDArray[np.float32] | None]
) -> int:
    """Store propagated vectors by item id, None where no link is left, and fuse the items again.

    Returns how many; an item that a worker replaces right now keeps what it has.
    """
    with transaction.atomic(using=write_alias()):
        rows = _locked(space, _counts(space, list(vectors)))
        # An item that has left the index meanwhile has no vectors.
        kept = {i: vector for i, row in rows.items() if row and (vector := vectors[i]) is not None}
        replace_rows(
            "shopreco_propagatedvector",
            {"space_id": "int8", "item_id": "int8", "vector": "halfvec"},
            [(space.pk, item_id, HalfVector(vector)) for item_id, vector in kept.items()],
            item_ids=list(rows),
            space_id=space.pk,
        )
        _fuse_rows(space, rows)
    return len(rows)


def _fuse_rows(space: EmbeddingSpace, rows: Mapping[int, Mapping[str, Stored]]) -> None:
    write_embeddings(
        space,
        {m: [row.get(m, NOTHING).vector for row in rows.values()] for m in space.encoders},
        [
            combined_hash(space, {m: each.content_hash for m, each in row.items()})
            for row in rows.values()
        ],
        list(rows),
    )


def _page(space: EmbeddingSpace, after: int) -> dict[int, int]:
    """The next items that have any modality of the space: by id, how many."""
    modalities, encoders = zip(*sources_of(space), strict=True)
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT m.item_id, count(*) FROM shopreco_modalityvector m
            JOIN shopreco_item i ON i.id = m.item_id
            JOIN unnest(%s::text[], %s::text[]) AS s (modality, encoder)
                ON s.modality = m.modality AND s.encoder = m.encoder
            WHERE i.catalogue = %s AND m.item_id > %s
            GROUP BY m.item_id ORDER BY m.item_id LIMIT %s
            """,
            [list(modalities), list(encoders), space.catalogue, after, ITEMS_PER_PAGE],
        )
        return dict(cursor.fetchall())


def _counts(space: EmbeddingSpace, item_ids: Sequence[int]) -> dict[int, int]:
    """How many modalities of the space each item has."""
    return {item_id: len(row) for item_id, row in stored_vectors(space, item_ids).items()}


def _locked(space: EmbeddingSpace, counts: Mapping[int, int]) -> dict[int, dict[str, Stored]]:
    """Modality vectors of items, locked until the transaction ends.

    A worker that replaces one of the rows fuses it after us. Items of which a row is being replaced
    now are left out. counts: how many modalities the items had a moment ago.
    """
    stored = stored_vectors(space, list(counts), lock=True)
    return {i: row for i, row in stored.items() if len(row) == counts[i]}
