"""Write: store what a batch brings, in one transaction, and settle its claims."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connections, transaction
from django.db.models import F

from shopreco.catalogues import Catalogue
from shopreco.db.routing import write_alias
from shopreco.graph import nodes
from shopreco.indexing import (
    embeddings,
    facet_codes,
    items,
    lexicon,
    modality_vectors,
    outbox,
)
from shopreco.indexing import spaces as space_rows
from shopreco.indexing.batches import Batch, BatchReport, Entry, Failure, Origin, run_of
from shopreco.indexing.facet_codes import FacetCodes
from shopreco.indexing.items import Written
from shopreco.models import EmbeddingSpace, Run
from shopreco.spaces import serving


def write(catalogue: Catalogue, batch: Batch, spaces: Sequence[EmbeddingSpace]) -> BatchReport:
    """Store the entries that are still ours, settle their claims, and give the others back.

    Nothing is stored if other spaces are maintained by now. A run that wants more enumerates after
    it says so: it finds these claims unsettled, or enqueues the objects once more.
    """
    changed = [document for e in batch.entries if e.is_changed and (document := e.document)]
    codes = facet_codes.codes_of(catalogue.name, changed)
    with (
        transaction.atomic(using=write_alias()),
        connections[write_alias()].cursor() as cursor,
    ):
        versions = outbox.lock_ours(cursor, batch.working)
        if space_rows.maintained_spaces(catalogue.name) != list(spaces):
            versions = {}
        ours = batch.held(versions)
        written = _write(catalogue.name, ours.entries, spaces, codes)
        report = _report(ours.entries, spaces, written)
        outbox.settle(cursor, [entry.claim for entry in ours.entries], versions)
        outbox.settle_linked(cursor, ours.deferred)
        _count(catalogue.name, batch, report)
    settled = {claim.change_id for claim in ours.working}
    outbox.release([claim for claim in batch.claims if claim.change_id not in settled])
    items.show_prices(catalogue.name, written.groups)
    return report


def _write(
    catalogue: str,
    entries: Sequence[Entry],
    spaces: Sequence[EmbeddingSpace],
    codes: FacetCodes,
) -> Written:
    written = items.write(catalogue, entries, codes)
    modality_vectors.write_vectors(entries, written.ids)
    items.note_media(written.ids, modality_vectors.problems_of(entries))
    for space in spaces:
        stale = [entry for entry in entries if space.pk in entry.stale_vectors]
        embeddings.write_batch(space, stale, written.ids)
    items.clear(written.leaving)
    for space in serving.spaces_of(catalogue):
        stale = [entry for entry in entries if space.pk in entry.terms]
        terms = {written.ids[entry.object_id]: entry.terms[space.pk] for entry in stale}
        lexicon.replace_entries(space, terms, written.leaving)
    nodes.attach_items(
        catalogue, [document for e in entries if e.is_changed and (document := e.document)]
    )
    return written


def _report(
    entries: Sequence[Entry], spaces: Sequence[EmbeddingSpace], written: Written
) -> BatchReport:
    files, unopened = modality_vectors.count_files(entries, spaces)
    fresh = (any(m.origin is Origin.FRESH for m in e.encoded.values()) for e in entries)
    return BatchReport(
        changed=written.changed,
        removed=len(written.leaving),
        failed=sum(isinstance(entry.reading, Failure) for entry in entries),
        encoded=sum(fresh),
        files=files,
        unopened=unopened,
    )


def _count(catalogue: str, batch: Batch, report: BatchReport) -> None:
    """Add a batch to the figures of its run: the one of its claims, else the live one.

    The live one would otherwise miss what was saved before it began.
    """
    runs = Run.objects.using(write_alias())
    run_id = run_of(batch.claims)
    if run_id is not None:
        run = runs.filter(pk=run_id)
    else:
        run = runs.filter(catalogue=catalogue, subject=Run.INDEX, state__in=Run.LIVE)
    run.update(
        encoded=F("encoded") + report.encoded,
        changed=F("changed") + report.changed,
        removed=F("removed") + report.removed,
        failed=F("failed") + report.failed,
        files=F("files") + report.files,
        unopened=F("unopened") + report.unopened,
    )
