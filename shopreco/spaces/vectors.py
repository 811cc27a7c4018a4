"""Stored modality vectors: read, aligned with the text space, and fused."""

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
from shopreco.spaces.sources import Source, sources_of


class VectorRow(NamedTuple):
    """A stored modality vector of one item. vector: None if the item lacks the modality.

    files: digests of the names of the files that it was made of. Empty for a text, and for what
    was stored before they were noted. kept: it stands in for files that cannot be read now.
    """

    item_id: int
    content_hash: str
    vector: NDArray[np.float32] | None
    files: str = ""
    kept: bool = False


def source_rows(source: Source, item_ids: Sequence[int]) -> list[VectorRow]:
    """The stored rows of a source for some items."""
    rows = read_vectors(
        "SELECT item_id, content_hash, vector, files, kept FROM shopreco_modalityvector "
        "WHERE item_id = ANY(%s) AND modality = %s AND encoder = %s",
        [list(item_ids), *source],
    )
    return [
        VectorRow(item_id, content, None if v is None else v.to_numpy().astype(np.float32), *rest)
        for item_id, content, v, *rest in rows
    ]


def propagated_vectors(
    space: EmbeddingSpace, item_ids: Sequence[int]
) -> dict[int, NDArray[np.float32]]:
    """E(K) of items after propagation, by item id; only of items that have links."""
    rows = read_vectors(
        "SELECT item_id, vector FROM shopreco_propagatedvector "
        "WHERE space_id = %s AND item_id = ANY(%s)",
        [space.pk, list(item_ids)],
    )
    return {item_id: vector.to_numpy().astype(np.float32) for item_id, vector in rows}


SHARE_OF_CONTENT = 0.5
"""Share of content in visual similarity; the rest is form, texture and colour. Of the ten fashion
photos nearest to one, .78 are of the same type, and .74 without content; as many are of the same
colour."""

Column = Sequence[NDArray[np.float32] | None]
"""Vectors of one modality before alignment; None where an item lacks it."""


class Stored(NamedTuple):
    """A modality vector with the hash of the content that it was made of."""

    vector: NDArray[np.float32] | None
    content_hash: str


NOTHING = Stored(None, "")

_alignments: BoundedCache[str, Alignment] = BoundedCache(32)
"""Alignments by fingerprint, which is the same in every shop. Each takes some MB."""


def fused(space: EmbeddingSpace, columns: Mapping[str, Column]) -> NDArray[np.float32]:
    """Vector fusion: p_final, (n, d), of the modality vectors of items."""
    return fuse(aligned(space, columns), space.weights)


def aligned(space: EmbeddingSpace, columns: Mapping[str, Column]) -> dict[str, NDArray[np.float32]]:
    """Vectors in the text space, (n, d) by modality; a row of NaN where an item lacks one."""
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
    """The alignment of a modality with the text space; None if there is none to apply."""
    if modality not in space.specification:
        return None
    fingerprint = space.specification[modality].alignment.fingerprint
    if fingerprint is None:
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
    """Unit vectors whose inner product is visual similarity, (n, f + d).

    The first part, (n, f), is form and colour, as the image encoder sees them. The second, (n, d),
    is content, which the alignment reads from the first. It needs an alignment.
    """
    alignment = alignment_of(space, IMAGE)
    if alignment is None:
        return pictures
    seen, shown = np.sqrt(1 - SHARE_OF_CONTENT), np.sqrt(SHARE_OF_CONTENT)
    return np.hstack([seen * pictures, shown * alignment(pictures)]).astype(np.float32)


def aligned_vectors(
    space: EmbeddingSpace, item_ids: Sequence[int]
) -> dict[str, NDArray[np.float32]]:
    """Aligned modality vectors of items, (n, d) by modality; NaN where one is missing."""
    stored = stored_vectors(space, item_ids)
    columns = {m: [stored[i].get(m, NOTHING).vector for i in item_ids] for m in space.encoders}
    return aligned(space, with_propagated(space, columns, item_ids))


def with_propagated(
    space: EmbeddingSpace, columns: Mapping[str, Column], item_ids: Sequence[int]
) -> Mapping[str, Column]:
    """The columns with propagated vectors in place of E(K), for items that have them."""
    if not space.steps:
        return columns
    propagated = propagated_vectors(space, item_ids)
    own = zip(item_ids, columns[GRAPH], strict=True)
    return {**columns, GRAPH: [propagated.get(i, vector) for i, vector in own]}


def stored_vectors(
    space: EmbeddingSpace, item_ids: Sequence[int], *, lock: bool = False
) -> dict[int, dict[str, Stored]]:
    """Modality vectors of items by modality, by item id.

    lock: whether the rows are locked until the transaction ends.
    """
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
