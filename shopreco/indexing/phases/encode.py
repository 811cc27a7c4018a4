"""Encode: make the vectors and terms of a batch that are missing or out of date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shopreco.catalogues import Catalogue
from shopreco.indexing import lexicon, modality_vectors
from shopreco.indexing.batches import Batch, EncodedModality, Entry
from shopreco.models import EmbeddingSpace
from shopreco.spaces.sources import Source, sources_of


def encode(catalogue: Catalogue, batch: Batch, spaces: Sequence[EmbeddingSpace]) -> Batch:
    """Add vectors and terms of what is stale. Spaces that share an encoder share its vectors."""
    encoded: dict[str, dict[Source, EncodedModality]] = {e.object_id: {} for e in batch.entries}
    holders: dict[Source, list[EmbeddingSpace]] = {}
    for space in spaces:
        for source in sources_of(space):
            holders.setdefault(source, []).append(space)
    for source, sharing in holders.items():
        pks = {space.pk for space in sharing}
        wanted = [entry for entry in batch.entries if not pks.isdisjoint(entry.stale_vectors)]
        for object_id, each in modality_vectors.encode(sharing[0], source, wanted).items():
            encoded[object_id][source] = each
    return replace(
        batch,
        entries=[
            replace(entry, encoded=encoded[entry.object_id], terms=_terms(entry, spaces))
            if entry.stale_vectors or entry.stale_words
            else entry
            for entry in batch.entries
        ],
    )


def _terms(entry: Entry, spaces: Sequence[EmbeddingSpace]) -> dict[int, lexicon.ItemTerms]:
    if entry.document is None:
        return {}
    return {
        space.pk: lexicon.terms_of(entry.document, entry.hashes["lexical"], space)
        for space in spaces
        if space.pk in entry.stale_words
    }
