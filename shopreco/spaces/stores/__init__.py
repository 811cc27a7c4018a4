"""Vector stores: where the embeddings of a space are kept and searched."""

from __future__ import annotations

from collections.abc import Collection

from shopreco.models import EmbeddingSpace, VectorIndex
from shopreco.registries import Registry
from shopreco.spaces.stores.base import VectorStore
from shopreco.spaces.stores.pgvector import PgvectorStore

STORES: Registry[VectorStore] = Registry("vector index")
"""By the kind of index that a space was made with."""

_pgvector = PgvectorStore()
STORES.register(VectorIndex.HNSW, _pgvector)
STORES.register(VectorIndex.BINARY, _pgvector)


def vector_store(space: EmbeddingSpace) -> VectorStore:
    """The store of a space, which stays the same for as long as the space lives.

    Another setting makes another space, built beside.
    """
    return STORES.get(space.vector_index)


def delete_embeddings(item_ids: Collection[int]) -> None:
    """Delete the embeddings of items in every space of the shop, whichever store has them."""
    for store in dict.fromkeys(store for _kind, store in STORES.items()):
        store.delete(item_ids)
