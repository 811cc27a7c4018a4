"""Claim → read through the catalogue → encode what changed → write → settle.

Nothing here is kept between batches but the models: a worker that dies at any line leaves claims
whose lease runs out, and whoever comes next does the same work again with the same result.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.models import F

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.encoders import EncoderError
from shopreco.exceptions import ConfigurationError
from shopreco.fusion import GRAPH
from shopreco.indexing import facets, fusing, graph, items, lexicon, modalities, outbox
from shopreco.indexing.batches import Batch, Report
from shopreco.indexing.modalities import Encoded, Hashes, Source, combined_hash, sources_of
from shopreco.indexing.outbox import Claim, outbox_database
from shopreco.indexing.spaces import maintained_spaces
from shopreco.media import DecoderUnavailable
from shopreco.models import Embedding, EmbeddingSpace, IndexRun, LexicalEntry

logger = logging.getLogger(__name__)

INFRASTRUCTURE = (
    OperationalError,
    InterfaceError,
    EncoderError,
    DecoderUnavailable,
    ConfigurationError,
    MemoryError,
)
"""Failures that no item is to blame for: the claims go back and the error goes up."""


SMALLER_WITH_MEDIA = 8


class Stale(NamedTuple):
    """Objects whose vector, and whose lexical entry, in a space is missing or out of date."""

    vectors: list[str]
    words: list[str]


def index_batch(catalogue: Catalogue, limit: int | None = None) -> Report:
    """Index the next batch of a catalogue's outbox; an empty report means nothing waits.

    Raises:
        EncoderError, OperationalError, …: see `INFRASTRUCTURE`; the claims were given back.
    """
    claims = outbox.claim(catalogue.name, limit or _batch_size(catalogue))
    if not claims:
        return Report()
    try:
        report = _index(catalogue, claims)
    except INFRASTRUCTURE:
        _give_back(claims)
        raise
    report.claimed = len(claims)
    return report


def _batch_size(catalogue: Catalogue) -> int:
    """Fewer items where their pictures are encoded, which take many times as long as texts."""
    size = get_settings().BATCH_SIZE
    declared = {field.modality for field in catalogue.fields.values() if field.modality}
    weights = catalogue.get_modality_weights() if declared else {}
    pictured = any(weights[modality] > 0 for modality in declared)
    return max(1, size // SMALLER_WITH_MEDIA) if pictured else size


def _give_back(claims: Sequence[Claim]) -> None:
    try:
        outbox.release(claims)
    except (OperationalError, InterfaceError):
        logger.warning("%d claims stay until their lease runs out", len(claims))


def _index(catalogue: Catalogue, claims: list[Claim]) -> Report:
    """Index claims together; if that fails for a reason of their own, in halves, then alone."""
    attempts = get_settings().MAX_ATTEMPTS
    batch = Batch(claims)
    try:
        if claims[0].attempts > attempts:
            text = f"Workers died {attempts} times while indexing it. Save it to try again."
            batch.failed = dict.fromkeys((c.object_id for c in claims), text)
        else:
            _read(catalogue, batch)
        return _process(catalogue, batch)
    except INFRASTRUCTURE:
        raise
    except Exception as error:
        if len(claims) > 1:
            logger.warning("a batch of %d failed, halving it: %s", len(claims), error)
            middle = len(claims) // 2
            report = _index(catalogue, claims[:middle])
            report.add(_index(catalogue, claims[middle:]))
            return report
        logger.exception("%s %s cannot be indexed", catalogue.name, claims[0].object_id)
        batch = Batch(claims, failed={claims[0].object_id: _sentence(error)})
        return _process(catalogue, batch)


def _read(catalogue: Catalogue, batch: Batch) -> None:
    """Ask the catalogue for the objects of a batch, each guarded from the others."""
    ids = {claim.object_id for claim in batch.claims}
    found = set()
    for obj in catalogue.indexed_queryset().filter(pk__in=catalogue.to_pks(ids)):
        object_id = str(obj.pk)
        found.add(object_id)
        try:
            indexable = catalogue.is_indexable(obj)
            if indexable is True:
                batch.documents[object_id] = catalogue.document(obj)
            else:
                batch.skipped[object_id] = str(indexable or "is_indexable returned False")
        except INFRASTRUCTURE:
            raise
        except Exception as error:
            logger.exception("%s %s has no document", catalogue.name, object_id)
            batch.failed[object_id] = _sentence(error)
    batch.gone = [object_id for object_id in ids if object_id not in found]


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:2000]


def _process(catalogue: Catalogue, batch: Batch) -> Report:
    spaces = maintained_spaces(catalogue.name)
    claims = _update_graph(catalogue, batch, spaces)
    known = items.known(catalogue.name, [c.object_id for c in batch.claims])
    ids = {object_id: item.id for object_id, item in known.items()}
    hashes = {object_id: document.hashes() for object_id, document in batch.documents.items()}
    stale = {space.pk: _stale(space, hashes, ids) for space in spaces}
    encoded = _encode(spaces, batch, hashes, ids, stale)
    modalities.mark_unopened(encoded, hashes)
    entries = {
        space.pk: {
            object_id: lexicon.entry_of(
                batch.documents[object_id], hashes[object_id]["lexical"], space
            )
            for object_id in stale[space.pk].words
        }
        for space in spaces
    }
    changed = items.changed_rows(batch, known)
    codes = facets.codes_of(catalogue.name, (row.document for row in changed))
    with (
        transaction.atomic(using=outbox_database()),
        connections[outbox_database()].cursor() as cursor,
    ):
        versions = outbox.lock(cursor, claims)
        ours = {c.object_id for c in claims if c.change_id in versions}
        written = items.write(catalogue.name, batch, known, changed, codes, ours)
        for source, each in encoded.items():
            modalities.write_vectors(source, each, hashes, written.ids, ours)
        items.note_media(written.ids, modalities.problems_of(encoded, ours))
        for space in spaces:
            fusing.write_batch(
                space,
                encoded,
                hashes,
                written.ids,
                [o for o in stale[space.pk].vectors if o in ours],
            )
            lexicon.write_entries(
                space,
                {written.ids[o]: e for o, e in entries[space.pk].items() if o in ours},
            )
        graph.attach_items(
            catalogue.name, [row.document for row in changed if row.document.object_id in ours]
        )
        report = Report(
            changed=written.changed,
            removed=written.removed,
            failed=len(ours & batch.failed.keys()),
            encoded=len(ours & set().union(*(each.fresh for each in encoded.values()))),
        )
        outbox.settle(cursor, [c for c in claims if c.object_id in ours], versions)
        _count(catalogue.name, batch.claims, report)
    items.show_prices(catalogue.name, written.groups)
    return report


def _update_graph(
    catalogue: Catalogue, batch: Batch, spaces: Sequence[EmbeddingSpace]
) -> list[Claim]:
    """Write the edges of a batch, then read what its neighbourhoods are now: K of formula (6).

    Returns the claims that were still ours. The others are left for the lease's end: what they say
    of the graph was not written.
    """
    with (
        transaction.atomic(using=outbox_database()),
        connections[outbox_database()].cursor() as cursor,
    ):
        versions = outbox.lock(cursor, batch.claims)
        claims = [c for c in batch.claims if c.change_id in versions]
        ours = {c.object_id for c in claims}
        changes = graph.update_edges(
            catalogue,
            [document for o, document in batch.documents.items() if o in ours],
            gone=[o for o in (*batch.skipped, *batch.gone) if o in ours],
        )
    if any(GRAPH in space.encoders for space in spaces):
        # In a transaction of its own: with our claims locked it could wait for another worker's.
        run = _run_of(claims)
        again = outbox.mark_again(catalogue.name, changes.neighbours, run_id=run)
        if run is not None and again:
            rows = IndexRun.objects.using(outbox_database()).filter(pk=run)
            rows.update(total=F("total") + again)
        for o, told in graph.neighbourhoods(catalogue.name, batch.documents).items():
            batch.documents[o] = replace(batch.documents[o], neighbourhood=told)
    return claims


def _stale(space: EmbeddingSpace, hashes: Hashes, ids: Mapping[str, int]) -> Stale:
    vectors, words = (
        dict(
            model.objects.using(outbox_database())
            .filter(space=space, item_id__in=list(ids.values()))
            .values_list("item_id", "content_hash")
        )
        for model in (Embedding, LexicalEntry)
    )
    return Stale(
        [o for o in hashes if vectors.get(ids.get(o, -1)) != combined_hash(space, hashes[o])],
        [o for o in hashes if words.get(ids.get(o, -1)) != hashes[o]["lexical"]],
    )


def _encode(
    spaces: Sequence[EmbeddingSpace],
    batch: Batch,
    hashes: Hashes,
    ids: Mapping[str, int],
    stale: Mapping[int, Stale],
) -> dict[Source, Encoded]:
    """Vectors of what is stale, by source: spaces that share an encoder share them."""
    wanted: dict[Source, tuple[EmbeddingSpace, dict[str, None]]] = {}
    for space in spaces:
        for source in sources_of(space):
            _space, objects = wanted.setdefault(source, (space, {}))
            objects.update(dict.fromkeys(stale[space.pk].vectors))
    return {
        source: modalities.encode(space, source, batch.documents, hashes, ids, list(objects))
        for source, (space, objects) in wanted.items()
    }


def _run_of(claims: Sequence[Claim]) -> int | None:
    """The run that a batch is part of, if it is."""
    run_ids = Counter(claim.run_id for claim in claims if claim.run_id is not None)
    return run_ids.most_common(1)[0][0] if run_ids else None


def _count(catalogue: str, claims: Sequence[Claim], report: Report) -> None:
    """Add a batch to the figures of its run: the one of its claims, else the live one, which what
    was saved before it began would otherwise be missing from."""
    runs = IndexRun.objects.using(outbox_database())
    run_id = _run_of(claims)
    if run_id is not None:
        run = runs.filter(pk=run_id)
    else:
        run = runs.filter(catalogue=catalogue, state__in=IndexRun.LIVE)
    run.update(
        encoded=F("encoded") + report.encoded,
        changed=F("changed") + report.changed,
        removed=F("removed") + report.removed,
        failed=F("failed") + report.failed,
    )
