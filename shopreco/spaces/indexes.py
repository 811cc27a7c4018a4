"""The indexes of a space: over its embeddings, its words and its pictures."""

from __future__ import annotations

from django.db import connections

from shopreco.db.indexes import create_index, drop_index, index_bytes, share_of_table
from shopreco.db.routing import write_alias
from shopreco.exceptions import RunError
from shopreco.fusion import IMAGE
from shopreco.models import EmbeddingSpace, SpaceState
from shopreco.spaces.stores import pgvector, pictures, vector_store

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


def index_names(space_id: int) -> tuple[str, str]:
    """Names of the indexes over the embeddings, and over the words, of a space."""
    return pgvector.index_name(space_id), f"shopreco_terms_{space_id}"


def build_indexes(space: EmbeddingSpace) -> None:
    """Create the indexes of a space, and of its pictures, beside running traffic.

    Finished indexes are kept; one that a killed build left invalid is built again. Must run outside
    a transaction.

    Raises:
        RunError: the space is being deleted.
    """
    known = EmbeddingSpace.objects.using(write_alias()).filter(pk=space.pk)
    if known.filter(state=SpaceState.DELETING).exists():
        raise RunError(f"{space} is being deleted.")
    vector_store(space).build(space)
    _embeddings, words = index_names(space.pk)
    create_index(
        words,
        "ON shopreco_lexicalentry USING gin (term_ids) WITH (fastupdate = off) "
        f"WHERE space_id = {space.pk}",
    )
    if IMAGE in space.specification:
        image = space.specification[IMAGE].encoder
        pictures.build_index(image.fingerprint, image.dimension)
    with connections[write_alias()].cursor() as cursor:
        for table in ANALYSED:
            cursor.execute(f"ANALYZE shopreco_{table}")


def drop_words_index(space: EmbeddingSpace, how: str) -> None:
    """Drop the index over the words of a space. how: as in `db.indexes.drop_index`."""
    _embeddings, words = index_names(space.pk)
    drop_index(words, how)


def space_bytes(space: EmbeddingSpace) -> int:
    """Bytes of a space's own indexes and of its share of the tables."""
    _embeddings, words = index_names(space.pk)
    entries = index_bytes(words) + share_of_table("shopreco_lexicalentry", space.pk)
    return vector_store(space).size(space) + entries
