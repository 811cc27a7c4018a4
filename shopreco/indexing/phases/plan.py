"""Plan: compare the documents of a batch with the index, and find what is out of date."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from shopreco.catalogues import Catalogue
from shopreco.db.routing import write_alias
from shopreco.indexing import items
from shopreco.indexing.batches import Batch, Entry, KnownItem
from shopreco.indexing.modality_vectors import combined_hash
from shopreco.models import Embedding, EmbeddingSpace, LexicalEntry


class StoredHashes(NamedTuple):
    """Content hashes of what a space holds, by item id."""

    vectors: Mapping[int, str]
    words: Mapping[int, str]


def plan(catalogue: Catalogue, batch: Batch, spaces: Sequence[EmbeddingSpace]) -> Batch:
    """Add what the index has of each entry, and defer what is still to be linked.

    An object that differs is deferred while its run links others: its neighbourhood may change
    until the run has linked all.
    """
    known = items.known(catalogue.name, [entry.object_id for entry in batch.entries])
    ids = [item.id for item in known.values()]
    stored = {space: _stored_hashes(space, ids) for space in spaces}
    planned = [_planned(entry, known.get(entry.object_id), stored) for entry in batch.entries]
    deferred = [e.claim for e in planned if e.claim.is_unlinked and e.differs]
    entries = [e for e in planned if not (e.claim.is_unlinked and e.differs)]
    return replace(batch, entries=entries, deferred=deferred)


def _planned(
    entry: Entry, known: KnownItem | None, stored: Mapping[EmbeddingSpace, StoredHashes]
) -> Entry:
    document = entry.document
    if document is None:
        return replace(entry, known=known)
    hashes = document.hashes()
    signature = items.signature(document)
    is_same = known is not None and known.signature == signature and known.is_well
    item_id = None if known is None else known.id
    return replace(
        entry,
        known=known,
        hashes=hashes,
        signature=signature,
        is_changed=not is_same,
        stale_vectors=frozenset(
            space.pk
            for space, there in stored.items()
            if item_id is None or there.vectors.get(item_id) != combined_hash(space, hashes)
        ),
        stale_words=frozenset(
            space.pk
            for space, there in stored.items()
            if item_id is None or there.words.get(item_id) != hashes["lexical"]
        ),
    )


def _stored_hashes(space: EmbeddingSpace, item_ids: Collection[int]) -> StoredHashes:
    vectors, words = (
        dict(
            model.objects.using(write_alias())
            .filter(space=space, item_id__in=list(item_ids))
            .values_list("item_id", "content_hash")
        )
        for model in (Embedding, LexicalEntry)
    )
    return StoredHashes(vectors, words)
