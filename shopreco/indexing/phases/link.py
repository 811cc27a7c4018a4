"""Link: write the edges of a batch, and read the neighbourhoods of its documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import connections, transaction

from shopreco.catalogues import Catalogue
from shopreco.db.routing import write_alias
from shopreco.fusion import GRAPH
from shopreco.graph import edges, neighbourhoods
from shopreco.indexing import outbox
from shopreco.indexing.batches import Batch, Entry, run_of
from shopreco.models import EmbeddingSpace


def link(catalogue: Catalogue, batch: Batch, spaces: Sequence[EmbeddingSpace]) -> Batch:
    """Write edges; returns the entries that are still ours, with their neighbourhoods."""
    with (
        transaction.atomic(using=write_alias()),
        connections[write_alias()].cursor() as cursor,
    ):
        batch = batch.held(outbox.lock_ours(cursor, batch.claims))
        changes = edges.update_edges(
            catalogue,
            list(batch.documents.values()),
            gone=[entry.object_id for entry in batch.entries if entry.leaves],
        )
    if not any(GRAPH in space.specification for space in spaces):
        return batch
    # In a transaction of its own: with our claims locked it could wait for another worker's.
    linked = [entry.claim for entry in batch.entries if entry.claim.is_unlinked]
    outbox.enqueue_again(catalogue.name, changes.neighbours, run_id=run_of(linked))
    told = neighbourhoods.neighbourhoods(catalogue.name, batch.documents)
    return replace(batch, entries=[_with_neighbourhood(e, told) for e in batch.entries])


def _with_neighbourhood(entry: Entry, told: Mapping[str, str]) -> Entry:
    document = entry.document
    if document is None or document.neighbourhood == told[entry.object_id]:
        return entry
    return replace(entry, reading=replace(document, neighbourhood=told[entry.object_id]))
