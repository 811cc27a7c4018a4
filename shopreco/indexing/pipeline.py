"""Claim → read through the catalogue → encode what changed → write → settle.

Nothing here is kept between batches but the models: a worker that dies at any line leaves claims
whose lease runs out, and whoever comes next does the same work again with the same result.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.models import F
from pgvector import HalfVector

from shopreco.catalogues import Catalogue, ItemDocument
from shopreco.conf import get_settings
from shopreco.encoders import EncoderError
from shopreco.exceptions import ConfigurationError
from shopreco.indexing import facets, items, lexicon, outbox
from shopreco.indexing.batches import Batch, Report
from shopreco.indexing.outbox import Claim, outbox_database
from shopreco.indexing.spaces import encoder_of, maintained_spaces
from shopreco.indexing.tables import replace_rows
from shopreco.models import Embedding, EmbeddingSpace, IndexRun, LexicalEntry, ModalityVector

logger = logging.getLogger(__name__)

INFRASTRUCTURE = (OperationalError, InterfaceError, EncoderError, ConfigurationError, MemoryError)
"""Failures that no item is to blame for: the claims go back and the error goes up."""


@dataclass(slots=True)
class Vectors:
    """Vectors of one encoder for the documents of a batch; `fresh` were encoded just now."""

    by_object: dict[str, np.ndarray]
    fresh: set[str]


def index_batch(catalogue: Catalogue, limit: int | None = None) -> Report:
    """Index the next batch of a catalogue's outbox; an empty report means nothing waits.

    Raises:
        EncoderError, OperationalError, …: see `INFRASTRUCTURE`; the claims were given back.
    """
    claims = outbox.claim(catalogue.name, limit or get_settings().BATCH_SIZE)
    if not claims:
        return Report()
    try:
        report = _index(catalogue, claims)
    except INFRASTRUCTURE:
        _give_back(claims)
        raise
    report.claimed = len(claims)
    return report


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
    known = items.known(catalogue.name, [c.object_id for c in batch.claims])
    hashes = {object_id: document.hashes() for object_id, document in batch.documents.items()}
    stale = {
        space.pk: _stale(space, hashes, {o: item.id for o, item in known.items()})
        for space in spaces
    }
    vectors = {
        space.encoder_fingerprint: _encode(
            space, batch.documents, hashes, known, stale[space.pk][0]
        )
        for space in spaces
    }
    entries = {
        space.pk: {
            object_id: lexicon.entry_of(
                batch.documents[object_id], hashes[object_id]["lexical"], space
            )
            for object_id in stale[space.pk][1]
        }
        for space in spaces
    }
    changed = items.changed_rows(batch, known)
    codes = facets.codes_of(catalogue.name, (row.document for row in changed))
    with (
        transaction.atomic(using=outbox_database()),
        connections[outbox_database()].cursor() as cursor,
    ):
        versions = outbox.lock(cursor, batch.claims)
        ours = {c.object_id for c in batch.claims if c.change_id in versions}
        written = items.write(catalogue.name, batch, known, changed, codes, ours)
        for space in spaces:
            made = vectors[space.encoder_fingerprint]
            _write_vectors(space, made, hashes, written.ids, ours, stale[space.pk][0])
            lexicon.write_entries(
                space,
                {written.ids[o]: e for o, e in entries[space.pk].items() if o in ours},
            )
        report = Report(
            changed=written.changed,
            removed=written.removed,
            failed=len(ours & batch.failed.keys()),
            encoded=len(ours & set().union(*(v.fresh for v in vectors.values()))),
        )
        outbox.settle(cursor, [c for c in batch.claims if c.object_id in ours], versions)
        _count(catalogue.name, batch.claims, report)
    return report


def _stale(
    space: EmbeddingSpace, hashes: Mapping[str, Mapping[str, str]], ids: Mapping[str, int]
) -> tuple[list[str], list[str]]:
    """Objects whose vector, and whose lexical entry, in a space is missing or out of date."""
    result = []
    for model, key in ((Embedding, "text"), (LexicalEntry, "lexical")):
        stored = dict(
            model.objects.using(outbox_database())
            .filter(space=space, item_id__in=list(ids.values()))
            .values_list("item_id", "content_hash")
        )
        result.append([o for o in hashes if stored.get(ids.get(o, -1)) != hashes[o][key]])
    return result[0], result[1]


def _encode(
    space: EmbeddingSpace,
    documents: Mapping[str, ItemDocument],
    hashes: Mapping[str, Mapping[str, str]],
    known: Mapping[str, items.KnownItem],
    stale: Sequence[str],
) -> Vectors:
    """E(T) of the stale documents: from the stored modality vectors, else from the encoder."""
    ids = {known[o].id: o for o in stale if o in known}
    stored = (
        ModalityVector.objects.using(outbox_database())
        .filter(item_id__in=list(ids), modality="text", encoder=space.encoder_fingerprint)
        .values_list("item_id", "content_hash", "vector")
    )
    vectors = {
        ids[item_id]: np.asarray(vector, dtype=np.float32)
        for item_id, content_hash, vector in stored
        if content_hash == hashes[ids[item_id]]["text"]
    }
    missing = [o for o in stale if o not in vectors]
    if missing:
        encoded = encoder_of(space).encode_documents([documents[o].passage for o in missing])
        vectors.update(zip(missing, encoded, strict=True))
    return Vectors(vectors, set(missing))


def _write_vectors(
    space: EmbeddingSpace,
    vectors: Vectors,
    hashes: Mapping[str, Mapping[str, str]],
    ids: Mapping[str, int],
    ours: set[str],
    stale: Sequence[str],
) -> None:
    fresh = [o for o in stale if o in ours and o in vectors.fresh]
    replace_rows(
        "shopreco_modalityvector",
        {
            "item_id": "int8",
            "modality": "varchar",
            "encoder": "varchar",
            "content_hash": "varchar",
            "vector": "halfvec",
        },
        [
            (
                ids[o],
                "text",
                space.encoder_fingerprint,
                hashes[o]["text"],
                HalfVector(vectors.by_object[o]),
            )
            for o in fresh
        ],
        item_ids=[ids[o] for o in fresh],
        modality="text",
        encoder=space.encoder_fingerprint,
    )
    ready = [o for o in stale if o in ours]
    replace_rows(
        "shopreco_embedding",
        {"space_id": "int8", "item_id": "int8", "content_hash": "varchar", "vector": "halfvec"},
        [(space.pk, ids[o], hashes[o]["text"], HalfVector(vectors.by_object[o])) for o in ready],
        item_ids=[ids[o] for o in ready],
        space_id=space.pk,
    )


def _count(catalogue: str, claims: Sequence[Claim], report: Report) -> None:
    """Add a batch to the figures of its run: the one of its claims, else the live one, which what
    was saved before it began would otherwise be missing from."""
    runs = IndexRun.objects.using(outbox_database())
    run_ids = Counter(claim.run_id for claim in claims if claim.run_id is not None)
    if run_ids:
        run = runs.filter(pk=run_ids.most_common(1)[0][0])
    else:
        run = runs.filter(catalogue=catalogue, state__in=IndexRun.LIVE)
    run.update(
        encoded=F("encoded") + report.encoded,
        changed=F("changed") + report.changed,
        removed=F("removed") + report.removed,
        failed=F("failed") + report.failed,
    )
