"""Embeddings from stored modality vectors: alignment, fusion, writing. Nothing is encoded."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from django.db import connections, transaction
from numpy.typing import NDArray
from pgvector import HalfVector

from shopreco.fusion import GRAPH, IMAGE, Alignment, fuse
from shopreco.indexing.modalities import (
    SPREAD,
    Encoded,
    Hashes,
    Source,
    VectorRow,
    combined_hash,
    replace_vectors,
    sources_of,
    spread_of,
    vectors_of,
)
from shopreco.indexing.outbox import outbox_database
from shopreco.indexing.tables import read_vectors, replace_rows
from shopreco.models import EmbeddingSpace, ModelKind, ModelVersion
from shopreco.process_cache import Bounded

logger = logging.getLogger(__name__)

PAGE = 5_000

WHAT_THEY_SHOW = 0.5
"""Share of what pictures show in how alike they look; the rest is form, texture and colour. Of the
ten photos of fashion nearest to one, .78 are of the same type instead of .74 without it, and as
many of the same colour."""

Column = Sequence[NDArray[np.float32] | None]
"""Vectors of one modality, as its encoder gave them; None where an item lacks it."""


class Stored(NamedTuple):
    """What is stored of one modality of an item."""

    vector: NDArray[np.float32] | None
    content_hash: str


NOTHING = Stored(None, "")

_alignments: Bounded[str, Alignment] = Bounded(32)
"""By fingerprint, which covers their weights: the same in every shop. Some MB each."""


def fused(space: EmbeddingSpace, columns: Mapping[str, Column]) -> NDArray[np.float32]:
    """p_final of formula (7), (n, d), for items given by their vectors in each modality."""
    return fuse(aligned(space, columns), space.weights)


def aligned(space: EmbeddingSpace, columns: Mapping[str, Column]) -> dict[str, NDArray[np.float32]]:
    """The vectors in the text space, (n, d) by modality; rows of NaN where an item lacks one."""
    matrices = {}
    for modality, column in columns.items():
        present = [n for n, vector in enumerate(column) if vector is not None]
        matrix = np.full((len(column), space.dimension), np.nan, dtype=np.float32)
        if present:
            vectors = np.stack([column[n] for n in present])  # type: ignore[misc]  # none is None
            alignment = alignment_of(space, modality)
            matrix[present] = vectors if alignment is None else alignment(vectors)
        matrices[modality] = matrix
    return matrices


def alignment_of(space: EmbeddingSpace, modality: str) -> Alignment | None:
    """What maps a modality's vectors to the text space; None if they lie in it already."""
    fingerprint = space.modalities.get(modality, {}).get("alignment")
    if not fingerprint:
        return None
    alignment = _alignments.get(fingerprint)
    if alignment is None:
        version = ModelVersion.objects.using(outbox_database()).get(
            catalogue=space.catalogue, kind=ModelKind.ALIGNMENT, fingerprint=fingerprint
        )
        alignment = Alignment.from_bytes(bytes(version.weights))
        _alignments.put(fingerprint, alignment)
    return alignment


def look_vectors(space: EmbeddingSpace, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors whose inner product says how alike pictures look: as the image network sees
    them, (n, f), and by what they show, which the alignment reads from the same; (n, f + d)."""
    alignment = alignment_of(space, IMAGE)
    if alignment is None:
        return pictures
    seen, shown = np.sqrt(1 - WHAT_THEY_SHOW), np.sqrt(WHAT_THEY_SHOW)
    return np.hstack([seen * pictures, shown * alignment(pictures)]).astype(np.float32)


def modality_vectors(
    space: EmbeddingSpace, item_ids: Sequence[int]
) -> dict[str, NDArray[np.float32]]:
    """What the embeddings of items were made of, (n, d) by modality; NaN where one is missing."""
    stored = _stored(space, item_ids)
    columns = {m: [stored[i].get(m, NOTHING).vector for i in item_ids] for m in space.encoders}
    return aligned(space, _spread(space, columns, item_ids))


def write_embeddings(
    space: EmbeddingSpace,
    columns: Mapping[str, Column],
    hashes: Sequence[str],
    item_ids: Sequence[int],
) -> None:
    """Fuse and store: one vector per item that has any modality, and none for the others.

    Of items whose E(K) has spread along links, it is that which is fused.
    """
    if not item_ids:
        return
    rows = [
        (space.pk, item_id, content_hash, HalfVector(vector))
        for item_id, content_hash, vector in zip(
            item_ids, hashes, fused(space, _spread(space, columns, item_ids)), strict=True
        )
        if not np.isnan(vector[0])
    ]
    replace_rows(
        "shopreco_embedding",
        {"space_id": "int8", "item_id": "int8", "content_hash": "varchar", "vector": "halfvec"},
        rows,
        item_ids=item_ids,
        space_id=space.pk,
    )


def write_batch(
    space: EmbeddingSpace,
    encoded: Mapping[Source, Encoded],
    hashes: Hashes,
    ids: Mapping[str, int],
    objects: Sequence[str],
) -> None:
    """Fuse what a batch encoded, within its transaction; not in a space that awaits alignment."""
    if space.awaits_alignment and _awaits_still(space):
        return
    columns = {
        source.modality: [encoded[source].by_object[o] for o in objects]
        for source in sources_of(space)
    }
    contents = [combined_hash(space, hashes[o]) for o in objects]
    write_embeddings(space, columns, contents, [ids[o] for o in objects])


def _awaits_still(space: EmbeddingSpace) -> bool:
    """Whoever aligns a space waits for the batches that found it unaligned, then fuses theirs."""
    with connections[outbox_database()].cursor() as cursor:
        cursor.execute("SELECT 1 FROM shopreco_embeddingspace WHERE id = %s FOR SHARE", [space.pk])
    space.refresh_from_db(using=outbox_database(), fields=["modalities"])
    return space.awaits_alignment


def fuse_all(space: EmbeddingSpace) -> int:
    """Fuse every item of a space from the stored modality vectors; returns how many."""
    done, last = 0, 0
    while page := _page(space, last):
        with transaction.atomic(using=outbox_database()):
            rows = _locked(space, page)
            _fuse_rows(space, rows)
        done, last = done + len(rows), max(page)
    return done


def fuse_spread(space: EmbeddingSpace, spread: Mapping[int, NDArray[np.float32] | None]) -> int:
    """Store how E(K) of items has spread, None where no link is left, and fuse them again.

    Returns how many; an item that a worker replaces right now keeps what it has.
    """
    source = spread_of(space)
    if source is None:
        raise ValueError(f"{space} has no steps along the links.")
    with transaction.atomic(using=outbox_database()):
        rows = _locked(space, _counts(space, list(spread)))
        # Of an item that has left the index meanwhile there is nothing.
        kept = {i: vector for i, row in rows.items() if row and (vector := spread[i]) is not None}
        replace_vectors(
            source, [VectorRow(i, SPREAD, each) for i, each in kept.items()], list(rows)
        )
        _fuse_rows(space, rows)
    return len(rows)


def forget_spread(space: EmbeddingSpace) -> None:
    """Remove how E(K) has spread in a space that is dropped."""
    if source := spread_of(space):
        with connections[outbox_database()].cursor() as cursor:
            cursor.execute(
                "DELETE FROM shopreco_modalityvector WHERE modality = %s AND encoder = %s", source
            )


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
    with connections[outbox_database()].cursor() as cursor:
        cursor.execute(
            """
            SELECT m.item_id, count(*) FROM shopreco_modalityvector m
            JOIN shopreco_item i ON i.id = m.item_id
            JOIN unnest(%s::text[], %s::text[]) AS s (modality, encoder)
                ON s.modality = m.modality AND s.encoder = m.encoder
            WHERE i.catalogue = %s AND m.item_id > %s
            GROUP BY m.item_id ORDER BY m.item_id LIMIT %s
            """,
            [list(modalities), list(encoders), space.catalogue, after, PAGE],
        )
        return dict(cursor.fetchall())


def _counts(space: EmbeddingSpace, item_ids: Sequence[int]) -> dict[int, int]:
    """How many modalities of the space each item has."""
    return {item_id: len(row) for item_id, row in _stored(space, item_ids).items()}


def _locked(space: EmbeddingSpace, counts: Mapping[int, int]) -> dict[int, dict[str, Stored]]:
    """What is stored of items, until the transaction ends: a worker that replaces one of the rows
    fuses it after us, and items of which one is being replaced now are not among them.

    counts: how many modalities they had a moment ago.
    """
    stored = _stored(space, list(counts), lock=True)
    return {i: row for i, row in stored.items() if len(row) == counts[i]}


def _spread(
    space: EmbeddingSpace, columns: Mapping[str, Column], item_ids: Sequence[int]
) -> Mapping[str, Column]:
    """The columns with E(K) as it has spread, of the items where it has."""
    source = spread_of(space)
    if source is None:
        return columns
    spread = vectors_of(source, item_ids)
    own = zip(item_ids, columns[GRAPH], strict=True)
    return {**columns, GRAPH: [spread.get(i, vector) for i, vector in own]}


def _stored(
    space: EmbeddingSpace, item_ids: Sequence[int], *, lock: bool = False
) -> dict[int, dict[str, Stored]]:
    """Vector and content hash by modality, by item id; with `lock` until the transaction ends."""
    found: dict[int, dict[str, Stored]] = {item_id: {} for item_id in item_ids}
    for source in sources_of(space):
        rows = read_vectors(
            f"""
            SELECT item_id, content_hash, vector FROM shopreco_modalityvector
            WHERE item_id = ANY(%s) AND modality = %s AND encoder = %s
            {"ORDER BY item_id FOR UPDATE" if lock else ""}
            """,
            [list(item_ids), source.modality, source.encoder],
        )
        for item_id, content_hash, vector in rows:
            array = None if vector is None else vector.to_numpy().astype(np.float32)
            found[item_id][source.modality] = Stored(array, content_hash)
    return found
