"""Vectors in PostgreSQL with pgvector: the indexes of a space."""

from __future__ import annotations

from typing import Any

from django.db import connections

from shopreco.db.routing import write_alias
from shopreco.exceptions import RunError
from shopreco.fusion import IMAGE
from shopreco.models import (
    EmbeddingSpace,
    SpaceState,
    VectorIndex,
)

HNSW = {"m": 16, "ef_construction": 64}

ANALYSED = (
    "embedding",
    "lexicalentry",
    "lexiconterm",
    "item",
    "modalityvector",
    "facetcode",
    "node",
    "edge",
)
"""Tables that a search reads: their statistics are refreshed when a space is ready."""
OWN_INDEX = """
    SELECT format('%%I.%%I', n.nspname, c.relname), i.indisvalid
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN (VALUES ('shopreco_embedding'::regclass), ('shopreco_lexicalentry'),
        ('shopreco_modalityvector')) AS ours (id) ON ours.id = i.indrelid
"""
"""The indexes of the tables that the search path means, by qualified name."""


def index_names(space_id: int) -> tuple[str, str]:
    return f"shopreco_hnsw_{space_id}", f"shopreco_terms_{space_id}"


def visual_index_name(image_encoder: str) -> str:
    """Of the HNSW index over pictures, which all spaces of an encoder share."""
    return f"shopreco_looks_{image_encoder[:16]}"


def drop_visual_index(image_encoder: str) -> None:
    with connections[write_alias()].cursor() as cursor:
        _drop_index(cursor, visual_index_name(image_encoder), "CONCURRENTLY")


def _drop_index(cursor: Any, name: str, how: str) -> None:
    """Another schema of the search path may have one of that name, which is not ours."""
    cursor.execute(f"{OWN_INDEX} WHERE c.relname = %s", [name])
    for qualified, _valid in cursor.fetchall():
        cursor.execute(f"DROP INDEX {how} IF EXISTS {qualified}")


def build_indexes(space: EmbeddingSpace) -> None:
    """Create the indexes of a space, and of its pictures, beside running traffic.

    Those that are finished are kept; one that a killed build left invalid is built again. Must run
    outside a transaction.

    Raises:
        RunError: it is being deleted.
    """
    known = EmbeddingSpace.objects.using(write_alias()).filter(pk=space.pk)
    if known.filter(state=SpaceState.DELETING).exists():
        raise RunError(f"{space} is being deleted.")
    nearest, terms = index_names(space.pk)
    options = ", ".join(f"{key} = {value}" for key, value in HNSW.items())
    vector = f"vector::halfvec({space.dimension})"
    kinds = {
        VectorIndex.HNSW: f"({vector}) halfvec_ip_ops",
        VectorIndex.BINARY: f"(binary_quantize({vector})::bit({space.dimension})) bit_hamming_ops",
    }
    _create_index(
        nearest,
        f"ON shopreco_embedding USING hnsw ({kinds[VectorIndex(space.vector_index)]}) "
        f"WITH ({options}) WHERE space_id = {space.pk}",
    )
    _create_index(
        terms,
        "ON shopreco_lexicalentry USING gin (term_ids) WITH (fastupdate = off) "
        f"WHERE space_id = {space.pk}",
    )
    if IMAGE in space.specification:
        image = space.specification[IMAGE].encoder
        _create_index(
            visual_index_name(image.fingerprint),
            "ON shopreco_modalityvector "
            f"USING hnsw ((vector::halfvec({image.dimension})) halfvec_ip_ops) WITH ({options}) "
            f"WHERE modality = 'image' AND encoder = '{image.fingerprint}'",
        )
    with connections[write_alias()].cursor() as cursor:
        for table in ANALYSED:
            cursor.execute(f"ANALYZE shopreco_{table}")


def _create_index(name: str, definition: str) -> None:
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(f"{OWN_INDEX} WHERE c.relname = %s", [name])
        row = cursor.fetchone()
        if row and row[1]:
            return
        if row:
            cursor.execute(f"DROP INDEX CONCURRENTLY {row[0]}")
        cursor.execute(f"CREATE INDEX CONCURRENTLY {name} {definition}")


def drop_indexes(space: EmbeddingSpace, how: str) -> None:
    with connections[write_alias()].cursor() as cursor:
        for name in index_names(space.pk):
            _drop_index(cursor, name, how)
