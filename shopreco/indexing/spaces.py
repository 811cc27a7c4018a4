"""Spaces: described by settings, built beside, indexed concurrently, switched by one UPDATE."""

from __future__ import annotations

import logging
from collections import Counter
from hashlib import blake2b
from time import monotonic

import numpy as np
from django.db import connections, router, transaction
from django.utils import timezone

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.encoders import TextEncoder, create_encoder
from shopreco.indexing.lexicon import average_lengths, languages_of
from shopreco.indexing.outbox import outbox_database
from shopreco.models import Embedding, EmbeddingSpace, SpaceState
from shopreco.text import get_analyser

logger = logging.getLogger(__name__)

SAMPLE = 2_000
CALIBRATION, MIN_CALIBRATION = 400, 30
HNSW = {"m": 16, "ef_construction": 64}

SERVED_SECONDS = 1.0
"""How long a process goes on with a space without asking whether it is still the active one."""

_encoders: dict[str, TextEncoder] = {}
_served: dict[tuple[str, str], tuple[EmbeddingSpace, float]] = {}


def encoder_of(space: EmbeddingSpace) -> TextEncoder:
    """The encoder a space was built with, one instance per process."""
    if space.encoder_fingerprint not in _encoders:
        _encoders[space.encoder_fingerprint] = create_encoder(space.encoder)
    return _encoders[space.encoder_fingerprint]


def current_fingerprint(catalogue: Catalogue, encoder: TextEncoder) -> str:
    """What the settings, the declarations and the analysers make of a space, as one hash."""
    weights = {name: field.weight for name, field in catalogue.fields.items() if field.weight}
    embedded = [name for name, field in catalogue.fields.items() if field.embedded]
    analysers = [get_analyser(language).version for language in ("", "en", "zh")]
    parts = (encoder.fingerprint, sorted(weights.items()), embedded, analysers)
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def forget_served_spaces() -> None:
    _served.clear()


def maintained_spaces(catalogue: str) -> list[EmbeddingSpace]:
    """The spaces that every change is written to: the active one and those being built."""
    found = EmbeddingSpace.objects.using(outbox_database()).filter(
        catalogue=catalogue, state__in=[SpaceState.ACTIVE, SpaceState.BUILDING]
    )
    return list(found.order_by("id"))


def active_space(catalogue: str) -> EmbeddingSpace | None:
    return EmbeddingSpace.objects.filter(catalogue=catalogue, state=SpaceState.ACTIVE).first()


def served_space(catalogue: str) -> EmbeddingSpace | None:
    """The active space as answers use it: another process's switch shows within `SERVED_SECONDS`.

    A space that was switched from stays complete until it is pruned, so nothing breaks meanwhile.
    """
    key, now = (router.db_for_read(EmbeddingSpace), catalogue), monotonic()
    space, until = _served.get(key, (None, 0.0))
    if space is None or now > until:
        space = active_space(catalogue)
        if space is not None:
            _served[key] = space, now + SERVED_SECONDS
    return space


def is_current(space: EmbeddingSpace, catalogue: Catalogue) -> bool:
    """Whether a rebuild would make the same space again."""
    encoder = create_encoder(get_settings().TEXT_ENCODER)
    return space.fingerprint == current_fingerprint(catalogue, encoder)


def create_space(catalogue: Catalogue) -> EmbeddingSpace:
    """A new space for the current settings, or the one that is already being built for them.

    Field lengths are averaged over a sample now and kept: weights within a space are comparable
    for as long as it lives.
    """
    config = dict(get_settings().TEXT_ENCODER)
    encoder = create_encoder(config)
    fingerprint = current_fingerprint(catalogue, encoder)
    spaces = EmbeddingSpace.objects.using(outbox_database())
    building = spaces.filter(
        catalogue=catalogue.name, fingerprint=fingerprint, state=SpaceState.BUILDING
    ).first()
    if building is not None:
        return building
    pks = list(catalogue.get_queryset().order_by("?").values_list("pk", flat=True)[:SAMPLE])
    objects = catalogue.indexed_queryset().filter(pk__in=pks)
    documents = []
    for obj in objects.iterator(chunk_size=500):
        try:
            documents.append(catalogue.document(obj))
        except Exception:
            logger.debug("left %r out of the length sample", obj.pk, exc_info=True)
    space = spaces.create(
        catalogue=catalogue.name,
        fingerprint=fingerprint,
        encoder=config,
        encoder_fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        statistics={
            "average_lengths": average_lengths(documents),
            "languages": Counter(each for d in documents for each in set(languages_of(d).values())),
        },
    )
    # Ids may start again, after a restore say: an index of that name is not this space's.
    _drop_indexes(space, "")
    return space


def export_query_encoder(space: EmbeddingSpace) -> None:
    """Put the web process's copy of the encoder in place, unless it is there already."""
    from shopreco.encoders import ArtefactCorrupt, ArtefactMissing

    encoder = encoder_of(space)
    directory = get_settings().artefact_dir / space.encoder_fingerprint
    try:
        encoder.load_query_encoder(directory)
    except (ArtefactMissing, ArtefactCorrupt):
        encoder.export_query_encoder(directory)


def index_names(space_id: int) -> tuple[str, str]:
    return f"shopreco_hnsw_{space_id}", f"shopreco_terms_{space_id}"


def build_indexes(space: EmbeddingSpace) -> None:
    """Create the space's HNSW and GIN indexes beside running traffic; finished ones are kept.

    Must run outside a transaction. An index that a killed build left invalid is built again.
    """
    hnsw, terms = index_names(space.pk)
    options = ", ".join(f"{key} = {value}" for key, value in HNSW.items())
    _create_index(
        hnsw,
        f"ON shopreco_embedding USING hnsw ((vector::halfvec({space.dimension})) halfvec_ip_ops) "
        f"WITH ({options}) WHERE space_id = {space.pk}",
    )
    _create_index(
        terms,
        "ON shopreco_lexicalentry USING gin (term_ids) WITH (fastupdate = off) "
        f"WHERE space_id = {space.pk}",
    )
    with connections[outbox_database()].cursor() as cursor:
        for table in ("embedding", "lexicalentry", "lexiconterm", "item", "modalityvector"):
            cursor.execute(f"ANALYZE shopreco_{table}")


def _create_index(name: str, definition: str) -> None:
    with connections[outbox_database()].cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        row = cursor.fetchone()
        if row == (True,):
            return
        if row is not None:
            cursor.execute(f"DROP INDEX CONCURRENTLY {name}")
        cursor.execute(f"CREATE INDEX CONCURRENTLY {name} {definition}")


def calibrate(space: EmbeddingSpace) -> None:
    """Measure how alike unrelated items are in this space: mean and deviation of their cosine.

    Encoders differ in it; what search calls similar begins above.
    """
    rows = Embedding.objects.using(outbox_database()).filter(space=space).order_by("?")
    sample = list(rows.values_list("vector", flat=True)[:CALIBRATION])
    if len(sample) < MIN_CALIBRATION:
        return
    vectors = np.array(sample, dtype=np.float32)
    cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    space.statistics["unrelated"] = {
        "mean": round(float(cosines.mean()), 4),
        "deviation": round(float(cosines.std()), 4),
    }
    space.save(using=outbox_database(), update_fields=["statistics"])


def activate(space: EmbeddingSpace) -> None:
    """Answer from this space from now on. The one before is kept, for roll-back."""
    spaces = EmbeddingSpace.objects.using(outbox_database()).filter(catalogue=space.catalogue)
    with transaction.atomic(using=outbox_database()):
        spaces.filter(state=SpaceState.ACTIVE).exclude(pk=space.pk).update(state=SpaceState.RETIRED)
        spaces.filter(pk=space.pk).update(state=SpaceState.ACTIVE, activated_at=timezone.now())
    space.refresh_from_db()
    forget_served_spaces()


def drop_space(space: EmbeddingSpace) -> None:
    """Remove a space that is not active, with its indexes and rows."""
    if space.state == SpaceState.ACTIVE:
        raise ValueError(f"{space} is active: activate another one first.")
    database = outbox_database()
    _drop_indexes(space, "CONCURRENTLY")
    with connections[database].cursor() as cursor:
        for table in ("embedding", "lexicalentry", "lexiconterm"):
            cursor.execute(f"DELETE FROM shopreco_{table} WHERE space_id = %s", [space.pk])
    space.delete(using=database)


def _drop_indexes(space: EmbeddingSpace, how: str) -> None:
    with connections[outbox_database()].cursor() as cursor:
        for name in index_names(space.pk):
            cursor.execute(f"DROP INDEX {how} IF EXISTS {name}")
