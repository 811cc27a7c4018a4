"""Stored vectors as answers need them: read, aligned with the text space, fused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopreco.db.copy import read_vectors
from shopreco.db.process_cache import BoundedCache
from shopreco.db.routing import write_alias
from shopreco.fusion import GRAPH, IMAGE, Alignment, fuse
from shopreco.models import EmbeddingSpace, ModelKind, ModelVersion
from shopreco.spaces.sources import Source, propagated_source, sources_of


class VectorRow(NamedTuple):
    """What is stored of one source for one item. files: digests of the names of the files that it
    was made of; empty for a text, and for what was stored before they were noted."""

    item_id: int
    content_hash: str
    vector: NDArray[np.float32] | None
    files: str = ""
    kept: bool = False


def source_rows(source: Source, item_ids: Sequence[int]) -> list[VectorRow]:
    rows = read_vectors(
        "SELECT item_id, content_hash, vector, files, kept FROM shopreco_modalityvector "
        "WHERE item_id = ANY(%s) AND modality = %s AND encoder = %s",
        [list(item_ids), *source],
    )
    return [
        VectorRow(item_id, content, None if v is None else v.to_numpy().astype(np.float32), *rest)
        for item_id, content, v, *rest in rows
    ]


def source_vectors(source: Source, item_ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
    """What is stored of a source, by item id; without those that lack the modality."""
    rows = source_rows(source, item_ids)
    return {row.item_id: row.vector for row in rows if row.vector is not None}


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

_alignments: BoundedCache[str, Alignment] = BoundedCache(32)
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
        version = ModelVersion.objects.using(write_alias()).get(
            catalogue=space.catalogue, kind=ModelKind.ALIGNMENT, fingerprint=fingerprint
        )
        alignment = Alignment.from_bytes(bytes(version.weights))
        _alignments.put(fingerprint, alignment)
    return alignment


def visual_vectors(space: EmbeddingSpace, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors whose inner product says how alike pictures look: as the image network sees
    them, (n, f), and by what they show, which the alignment reads from the same; (n, f + d)."""
    alignment = alignment_of(space, IMAGE)
    if alignment is None:
        return pictures
    seen, shown = np.sqrt(1 - WHAT_THEY_SHOW), np.sqrt(WHAT_THEY_SHOW)
    return np.hstack([seen * pictures, shown * alignment(pictures)]).astype(np.float32)


def aligned_vectors(
    space: EmbeddingSpace, item_ids: Sequence[int]
) -> dict[str, NDArray[np.float32]]:
    """What the embeddings of items were made of, (n, d) by modality; NaN where one is missing."""
    stored = stored_vectors(space, item_ids)
    columns = {m: [stored[i].get(m, NOTHING).vector for i in item_ids] for m in space.encoders}
    return aligned(space, with_propagated(space, columns, item_ids))


def with_propagated(
    space: EmbeddingSpace, columns: Mapping[str, Column], item_ids: Sequence[int]
) -> Mapping[str, Column]:
    """The columns with E(K) as it has spread, of the items where it has."""
    source = propagated_source(space)
    if source is None:
        return columns
    spread = source_vectors(source, item_ids)
    own = zip(item_ids, columns[GRAPH], strict=True)
    return {**columns, GRAPH: [spread.get(i, vector) for i, vector in own]}


def stored_vectors(
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
