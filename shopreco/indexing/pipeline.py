"""Collect → claim → read through the catalogue → link → encode what changed → write → settle.

Nothing here is kept between batches but the models: a worker that dies at any line leaves claims
whose lease runs out, and whoever comes next does the same work again with the same result.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.models import F

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.db.routing import write_alias
from shopreco.exceptions import ConfigurationError, describe
from shopreco.fusion import GRAPH
from shopreco.graph import building, neighbourhoods, nodes
from shopreco.indexing import (
    embeddings,
    facet_codes,
    items,
    lexicon,
    marks,
    modality_vectors,
    outbox,
    spaces,
)
from shopreco.indexing.batches import Batch, BatchReport, Failure
from shopreco.indexing.modality_vectors import Encoded, Hashes, combined_hash
from shopreco.indexing.outbox import Claim
from shopreco.models import (
    Embedding,
    EmbeddingSpace,
    IndexRun,
    LexicalEntry,
    RunState,
    SpaceState,
)
from shopreco.spaces import serving
from shopreco.spaces.languages import language_in, with_language
from shopreco.spaces.sources import TEXT_OF, Source, encoder_of, sources_of

logger = logging.getLogger(__name__)

NOBODYS_FAULT = ("08", "53", "57P", "25006", "40", "55P03")
"""SQLSTATE of what would also fail for another batch, or not again for this one: connections,
resources, shutdown, a server that only reads, deadlocks, locks. Not of a statement that takes too
long, or a limit that one item exceeds."""

SMALLER_WITH_MEDIA = 8


class Stale(NamedTuple):
    """Objects whose vector, and whose lexical entry, in a space is missing or out of date."""

    vectors: list[str]
    words: list[str]

    def without(self, objects: Collection[str]) -> Stale:
        return Stale(*([o for o in each if o not in objects] for each in self))


def index_batch(catalogue: Catalogue, limit: int | None = None) -> BatchReport:
    """Index the next batch of what waits in a catalogue, marks included; an empty report means that
    nothing does. Raises as `index_changes`."""
    marks.collect(catalogue)
    return index_changes(catalogue, limit)


def index_changes(
    catalogue: Catalogue, limit: int | None = None, *, run_id: int | None = None
) -> BatchReport:
    """Index the next batch of what marks were collected into, of one run if it is named.

    Raises:
        What would also fail for another batch: the database or the encoder of the space that
            answers cannot be had. The claims were given back.
    """
    claims = outbox.claim(catalogue.name, limit or _batch_size(catalogue), run_id)
    if not claims:
        return BatchReport()
    try:
        with outbox.renewed(claims):
            report = _index(catalogue, claims, spaces.maintained_spaces(catalogue.name))
    except Exception:
        _give_back(claims)
        raise
    report.claimed = len(claims)
    report.of_run = sum(claim.run_id is not None for claim in claims)
    return report


def waiting(catalogue: Catalogue) -> bool:
    """Whether there is something to do."""
    return outbox.waiting(catalogue.name) or marks.any_waiting(catalogue.name)


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


def _index(
    catalogue: Catalogue, claims: list[Claim], maintained: Sequence[EmbeddingSpace]
) -> BatchReport:
    """Index claims together; if that fails for a reason of their own, in halves, then alone."""
    attempts = get_settings().MAX_ATTEMPTS
    if claims[0].attempts > attempts:
        text = f"Workers died {attempts} times while indexing it. Save it to try again."
        failed = {claim.object_id: Failure(text, is_final=True) for claim in claims}
        return _process(catalogue, Batch(claims, failed=failed), maintained)
    try:
        return _process(catalogue, _read(catalogue, claims, language_in(maintained)), maintained)
    except Exception as error:
        if _is_nobodys_fault(error):
            raise
        able = _able(maintained, error)
        if len(able) < len(maintained):
            return _index(catalogue, claims, able)
        if len(claims) > 1:
            logger.warning("a batch of %d failed, halving it: %s", len(claims), error)
            middle = len(claims) // 2
            report = _index(catalogue, claims[:middle], maintained)
            report.add(_index(catalogue, claims[middle:], maintained))
            return report
        logger.exception("%s %s cannot be indexed", catalogue.name, claims[0].object_id)
        batch = Batch(claims, failed={claims[0].object_id: Failure(describe(error))})
        return _process(catalogue, batch, maintained)


def _is_nobodys_fault(error: Exception) -> bool:
    """Whether no item is to blame: another batch would fail too, or this one not again."""
    if isinstance(error, OperationalError):
        # Without a state the server did not answer.
        state = getattr(error.__cause__, "sqlstate", None)
        return state is None or state.startswith(NOBODYS_FAULT)
    return isinstance(error, (InterfaceError, ConfigurationError))


def _able(maintained: Sequence[EmbeddingSpace], error: Exception) -> Sequence[EmbeddingSpace]:
    """The spaces whose encoders work, after something failed.

    The run of one that is being built fails with its encoder; it does not hold up the one that
    answers. Raises the error where that one, or the only one, cannot encode.
    """
    able = []
    for space in maintained:
        try:
            _probe(space)
        except Exception as broken:
            if space.state != SpaceState.BUILDING or len(maintained) == 1:
                raise broken from error
            logger.exception("%s is no longer built: its encoder fails", space)
            _fail_runs(space, broken)
        else:
            able.append(space)
    return able


def _probe(space: EmbeddingSpace) -> None:
    """Raises what the encoders of a space raise at anything."""
    for modality in space.encoders:
        encoder = encoder_of(space, modality)
        if modality in TEXT_OF:
            encoder.encode_documents(["."])
        else:
            from PIL import Image

            encoder.encode_images([Image.new("RGB", (8, 8))])


def _fail_runs(space: EmbeddingSpace, error: Exception) -> None:
    runs = IndexRun.objects.using(write_alias()).filter(space=space, state__in=IndexRun.LIVE)
    runs.update(state=RunState.FAILED, error=describe(error))


def _read(catalogue: Catalogue, claims: list[Claim], language: str) -> Batch:
    """Ask the catalogue for the objects of a batch, each guarded from the others.

    language: of texts that do not say theirs.
    """
    batch = Batch(claims)
    ids = {claim.object_id for claim in claims}
    found = set()
    for obj in catalogue.indexed_queryset().filter(pk__in=catalogue.to_pks(ids)):
        object_id = str(obj.pk)
        found.add(object_id)
        try:
            indexable = catalogue.is_indexable(obj)
            if indexable is True:
                batch.documents[object_id] = with_language(catalogue.document(obj), language)
            else:
                batch.skipped[object_id] = str(indexable or "is_indexable returned False")
        except Exception as error:
            if _is_nobodys_fault(error):
                raise
            logger.exception("%s %s has no document", catalogue.name, object_id)
            batch.failed[object_id] = Failure(describe(error))
    batch.gone = [object_id for object_id in ids if object_id not in found]
    return batch


def _process(
    catalogue: Catalogue, batch: Batch, maintained: Sequence[EmbeddingSpace]
) -> BatchReport:
    claims = _update_graph(catalogue, batch, maintained)
    known = items.known(catalogue.name, [c.object_id for c in batch.claims])
    ids = {object_id: item.id for object_id, item in known.items()}
    hashes = {object_id: document.hashes() for object_id, document in batch.documents.items()}
    stale = {space.pk: _stale(space, hashes, ids) for space in maintained}
    changed = items.changed_rows(batch, known)
    later = _encoded_later(batch, stale, {row.document.object_id for row in changed})
    changed = [row for row in changed if row.document.object_id not in later]
    stale = {pk: each.without(later) for pk, each in stale.items()}
    encoded = _encode(maintained, batch, hashes, ids, stale)
    modality_vectors.mark_unread(encoded, hashes)
    entries = {
        space.pk: {
            object_id: lexicon.entry_of(
                batch.documents[object_id], hashes[object_id]["lexical"], space
            )
            for object_id in stale[space.pk].words
        }
        for space in maintained
    }
    codes = facet_codes.codes_of(catalogue.name, (row.document for row in changed))
    with (
        transaction.atomic(using=write_alias()),
        connections[write_alias()].cursor() as cursor,
    ):
        versions = outbox.lock(cursor, claims)
        if spaces.maintained_spaces(catalogue.name) != list(maintained):
            # What was written is not what is wanted by now. A run that wants more enumerates after
            # it says so: it finds these claims unsettled, or enqueues the objects once more.
            versions = {}
        ours = {c.object_id for c in claims if c.change_id in versions} - later
        written = items.write(catalogue.name, batch, known, changed, codes, ours)
        for source, each in encoded.items():
            modality_vectors.write_vectors(source, each, hashes, written.ids, ours)
        items.note_media(written.ids, modality_vectors.problems_of(encoded, ours))
        for space in maintained:
            embeddings.write_batch(
                space,
                encoded,
                hashes,
                written.ids,
                [o for o in stale[space.pk].vectors if o in ours],
            )
        items.clear(written.leaving)
        for space in serving.spaces_of(catalogue.name):
            words = entries.get(space.pk, {})
            lexicon.replace_entries(
                space,
                {written.ids[o]: entry for o, entry in words.items() if o in ours},
                written.leaving,
            )
        nodes.attach_items(
            catalogue.name, [row.document for row in changed if row.document.object_id in ours]
        )
        files, unopened = modality_vectors.count_files(encoded, batch.documents, ours)
        report = BatchReport(
            changed=written.changed,
            removed=len(written.leaving),
            failed=len(ours & batch.failed.keys()),
            encoded=len(ours & set().union(*(each.fresh for each in encoded.values()))),
            files=files,
            unopened=unopened,
        )
        locked = [c for c in claims if c.change_id in versions]
        outbox.settle(cursor, [c for c in locked if c.object_id in ours], versions)
        outbox.settle_linked(cursor, [c for c in locked if c.object_id in later])
        _count(catalogue.name, batch.claims, report)
    held = {c.change_id for c in locked}
    outbox.release([c for c in batch.claims if c.change_id not in held])
    items.show_prices(catalogue.name, written.groups)
    return report


def _encoded_later(batch: Batch, stale: Mapping[int, Stale], changed: set[str]) -> set[str]:
    """Objects that differ from the index and whose run still links others: what is told of them
    may change until it has linked all."""
    differing = changed.union(*(each for s in stale.values() for each in s))
    return {c.object_id for c in batch.claims if c.is_unlinked and c.object_id in differing}


def _update_graph(
    catalogue: Catalogue, batch: Batch, maintained: Sequence[EmbeddingSpace]
) -> list[Claim]:
    """Write the edges of a batch, then read what its neighbourhoods are now: K of formula (6).

    Returns the claims that were still ours. What the others say of the graph was not written.
    """
    with (
        transaction.atomic(using=write_alias()),
        connections[write_alias()].cursor() as cursor,
    ):
        versions = outbox.lock(cursor, batch.claims)
        claims = [c for c in batch.claims if c.change_id in versions]
        ours = {c.object_id for c in claims}
        changes = building.update_edges(
            catalogue,
            [document for o, document in batch.documents.items() if o in ours],
            gone=[o for o in (*batch.skipped, *batch.gone) if o in ours],
        )
    if any(GRAPH in space.encoders for space in maintained):
        # In a transaction of its own: with our claims locked it could wait for another worker's.
        linked = [c for c in claims if c.is_unlinked]
        outbox.enqueue_again(catalogue.name, changes.neighbours, run_id=_run_of(linked))
        for o, told in neighbourhoods.neighbourhoods(catalogue.name, batch.documents).items():
            batch.documents[o] = replace(batch.documents[o], neighbourhood=told)
    return claims


def _stale(space: EmbeddingSpace, hashes: Hashes, ids: Mapping[str, int]) -> Stale:
    vectors, words = (
        dict(
            model.objects.using(write_alias())
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
        source: modality_vectors.encode(space, source, batch.documents, hashes, ids, list(objects))
        for source, (space, objects) in wanted.items()
    }


def _run_of(claims: Sequence[Claim]) -> int | None:
    """The run that a batch is part of, if it is."""
    run_ids = Counter(claim.run_id for claim in claims if claim.run_id is not None)
    return run_ids.most_common(1)[0][0] if run_ids else None


def _count(catalogue: str, claims: Sequence[Claim], report: BatchReport) -> None:
    """Add a batch to the figures of its run: the one of its claims, else the live one, which what
    was saved before it began would otherwise be missing from."""
    runs = IndexRun.objects.using(write_alias())
    run_id = _run_of(claims)
    if run_id is not None:
        run = runs.filter(pk=run_id)
    else:
        run = runs.filter(catalogue=catalogue, subject=IndexRun.INDEX, state__in=IndexRun.LIVE)
    run.update(
        encoded=F("encoded") + report.encoded,
        changed=F("changed") + report.changed,
        removed=F("removed") + report.removed,
        failed=F("failed") + report.failed,
        files=F("files") + report.files,
        unopened=F("unopened") + report.unopened,
    )
