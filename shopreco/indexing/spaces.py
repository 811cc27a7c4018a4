"""Spaces: described by settings, built beside, indexed concurrently, switched by one UPDATE."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from hashlib import blake2b
from time import monotonic
from typing import Any

import numpy as np
from django.db import connections, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.encoders import (
    ArtefactCorrupt,
    ArtefactMissing,
    EncoderError,
    TextEncoder,
    create_encoder,
    create_image_encoder,
)
from shopreco.exceptions import RunError
from shopreco.fusion import GRAPH, IMAGE, TEXT, VIDEO
from shopreco.indexing import alignments, fusing
from shopreco.indexing.languages import catalogue_language, spoken, with_language
from shopreco.indexing.lexicon import average_lengths
from shopreco.indexing.modalities import encoder_of
from shopreco.indexing.outbox import outbox_database
from shopreco.models import (
    Embedding,
    EmbeddingSpace,
    IndexRun,
    ModalityVector,
    SpaceState,
    VectorIndex,
)
from shopreco.process_cache import ByShop, answering_shop, seen
from shopreco.text import get_analyser

logger = logging.getLogger(__name__)

SAMPLE = 2_000
CALIBRATION, MIN_CALIBRATION = 400, 30
HNSW = {"m": 16, "ef_construction": 64}

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

SERVED_SECONDS = 1.0
"""How long a process goes on with a space without asking whether it is still the active one."""
OWN_INDEX = """
    SELECT format('%%I.%%I', n.nspname, c.relname), i.indisvalid
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN (VALUES ('shopreco_embedding'::regclass), ('shopreco_lexicalentry'),
        ('shopreco_modalityvector')) AS ours (id) ON ours.id = i.indrelid
"""
"""The indexes of the tables that the search path means, by qualified name."""
GENERATION = "pg_relation_filenode('shopreco_item'::regclass)"
"""Another one when the table is made anew or emptied at once, and so its ids may begin again."""

_served: ByShop[tuple[EmbeddingSpace, float]] = ByShop(10_000)
"""By shop and catalogue: the space, and until when nobody asks again."""


def current_modalities(
    catalogue: Catalogue, encoder: TextEncoder, *, refit: bool = False
) -> dict[str, Any]:
    """What the settings and the declarations make a product of, as `EmbeddingSpace.modalities`.

    Empty for text alone. An alignment is "" where it has yet to be fitted, which it has in any
    case with `refit`, and None where the pictures lie in the text space already.
    """
    weights = catalogue.get_modality_weights()
    chosen = _current_media(catalogue, encoder, refit=refit)
    if weights[GRAPH] > 0:
        chosen[GRAPH] = {"fingerprint": encoder.fingerprint, "alignment": None}
        if steps := get_settings().GRAPH_STEPS:
            chosen[GRAPH]["steps"] = steps
    found = {m: {"weight": weights[m], **spec} for m, spec in chosen.items()}
    return {TEXT: {"weight": weights[TEXT]}} | found if found else {}


def _current_media(catalogue: Catalogue, encoder: TextEncoder, *, refit: bool) -> dict[str, Any]:
    """Encoder and alignment of the pictures and videos that a catalogue declares."""
    declared = {field.modality for field in catalogue.fields.values() if field.modality}
    weights = catalogue.get_modality_weights()
    chosen = [m for m in (IMAGE, VIDEO) if m in declared and weights[m] > 0]
    if not chosen:
        return {}
    config = dict(get_settings().IMAGE_ENCODER)
    images = create_image_encoder(config)
    alignment = None
    if images.text_fingerprint != encoder.fingerprint:
        pair = images.fingerprint, encoder.fingerprint
        alignment = "" if refit else alignments.current(catalogue.name, *pair)
    spec = {
        "encoder": config,
        "fingerprint": images.fingerprint,
        "dimension": images.dimension,
        "alignment": alignment,
    }
    return dict.fromkeys(chosen, spec)


def current_fingerprint(catalogue: Catalogue) -> str:
    """The fingerprint of a space that is built now.

    Raises:
        ConfigurationError, EncoderError: an encoder cannot be had.
    """
    encoder = create_encoder(get_settings().TEXT_ENCODER)
    modalities = current_modalities(catalogue, encoder)
    return _fingerprint(catalogue, encoder, modalities, get_settings().VECTOR_INDEX)


def _fingerprint(
    catalogue: Catalogue, encoder: TextEncoder, modalities: Mapping[str, Any], vector_index: str
) -> str:
    """What the settings, the declarations and the analysers make of a space, as one hash."""
    weights = {name: field.weight for name, field in catalogue.fields.items() if field.weight}
    embedded = [name for name, field in catalogue.fields.items() if field.embedded]
    analysers = [get_analyser(language).version for language in ("", "en", "zh")]
    parts = [encoder.fingerprint, sorted(weights.items()), embedded, analysers]
    parts += [json.dumps(modalities, sort_keys=True)] if modalities else []
    parts += [vector_index] if vector_index != VectorIndex.HNSW else []
    return blake2b(repr(tuple(parts)).encode(), digest_size=16).hexdigest()


def spaces_of(catalogue: str) -> QuerySet[EmbeddingSpace]:
    """All spaces of a catalogue, where they are written, in the order in which they are locked."""
    spaces = EmbeddingSpace.objects.using(outbox_database())
    return spaces.filter(catalogue=catalogue).order_by("id")


def maintained_spaces(catalogue: str) -> list[EmbeddingSpace]:
    """The spaces that every change is written to: the active one, and those that a run is building.

    One whose run has failed or was cancelled gets nothing: a run that is resumed begins anew.
    """
    live = IndexRun.objects.filter(space=OuterRef("pk"), state__in=IndexRun.LIVE)
    being_built = Q(Exists(live), state=SpaceState.BUILDING)
    return list(spaces_of(catalogue).filter(Q(state=SpaceState.ACTIVE) | being_built))


def active_space(catalogue: str) -> EmbeddingSpace | None:
    """As it is now: what is decided by it must not be decided by a replica that lags."""
    return spaces_of(catalogue).filter(state=SpaceState.ACTIVE).first()


def served_space(catalogue: str) -> EmbeddingSpace | None:
    """The active space as answers use it: another process's switch shows within `SERVED_SECONDS`.

    A space that was switched from stays complete until it is pruned, so nothing breaks meanwhile.
    Every answer comes through here: what is kept of an index that is no longer there is forgotten.
    """
    key, now = (answering_shop(), catalogue), monotonic()
    space, until = _served.get(key) or (None, 0.0)
    if space is not None and now <= until:
        return space
    active = EmbeddingSpace.objects.filter(catalogue=catalogue, state=SpaceState.ACTIVE)
    space = active.annotate(generation=RawSQL(GENERATION, ())).first()  # noqa: S611 (a constant)
    if space is not None:
        seen(key[0], space.generation)
        _served.put(key, (space, now + SERVED_SECONDS))
    return space


def is_current(space: EmbeddingSpace, catalogue: Catalogue) -> bool:
    """Whether a rebuild would make the same space again."""
    return space.fingerprint == current_fingerprint(catalogue)


def create_space(catalogue: Catalogue, *, refit: bool = False) -> EmbeddingSpace:
    """A new space for the current settings, or the one that is already being built for them.

    With `refit` the alignment of its pictures will be fitted anew, on all that is there. Field
    lengths are averaged over a sample now and kept: weights within a space are comparable
    for as long as it lives.
    """
    config = dict(get_settings().TEXT_ENCODER)
    encoder = create_encoder(config)
    modalities = current_modalities(catalogue, encoder, refit=refit)
    vector_index = get_settings().VECTOR_INDEX
    fingerprint = _fingerprint(catalogue, encoder, modalities, vector_index)
    spaces = EmbeddingSpace.objects.using(outbox_database())
    building = spaces.filter(
        catalogue=catalogue.name, fingerprint=fingerprint, state=SpaceState.BUILDING
    ).first()
    if building is not None:
        return building
    written = catalogue.written_queryset()
    pks = list(written.order_by("?").values_list("pk", flat=True)[:SAMPLE])
    objects = catalogue.indexed_queryset().filter(pk__in=pks)
    documents = []
    for obj in objects.iterator(chunk_size=500):
        try:
            documents.append(catalogue.document(obj))
        except Exception:
            logger.debug("left %r out of the length sample", obj.pk, exc_info=True)
    language = catalogue_language(documents)
    documents = [with_language(each, language) for each in documents]
    space = spaces.create(
        catalogue=catalogue.name,
        fingerprint=fingerprint,
        encoder=config,
        encoder_fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        vector_index=vector_index,
        modalities=modalities,
        statistics={
            "average_lengths": average_lengths(documents),
            "language": language,
            "languages": spoken(documents),
        },
    )
    # Ids may start again, after a restore say: an index of that name is not this space's.
    drop_indexes(space, "")
    return space


def fuse_what_awaits(space: EmbeddingSpace, catalogue: Catalogue) -> None:
    """Align the pictures of a space on what has been encoded by now, and fuse all its items.

    May be called again after it was killed at any line.
    """
    if space.awaits_alignment:
        alignments.align(space)
    elif space.statistics.get("fused", True):
        return
    fusing.fuse_all(space)
    if "left_out" not in space.statistics:
        encoder = create_encoder(space.encoder)
        space.fingerprint = _fingerprint(catalogue, encoder, space.modalities, space.vector_index)
    space.statistics["fused"] = True
    space.save(using=outbox_database(), update_fields=["fingerprint", "statistics"])


def export_query_encoders(space: EmbeddingSpace) -> None:
    """Put the web process's copies of the encoders in place, unless they are there already.

    Without one for photos, workers encode those.
    """
    _export(space, TEXT)
    if get_settings().PHOTO_ENCODER == "web" and IMAGE in space.encoders:
        try:
            _export(space, IMAGE)
        except EncoderError as error:
            logger.warning("no copy of the image encoder for web processes: %s", error)


def _export(space: EmbeddingSpace, modality: str) -> None:
    encoder = encoder_of(space, modality)
    directory = get_settings().artefact_dir / space.encoders[modality]
    try:
        encoder.load_query_encoder(directory)
    except (ArtefactMissing, ArtefactCorrupt):
        encoder.export_query_encoder(directory)


def index_names(space_id: int) -> tuple[str, str]:
    return f"shopreco_hnsw_{space_id}", f"shopreco_terms_{space_id}"


def looks_index_name(image_encoder: str) -> str:
    """Of the HNSW index over pictures, which all spaces of an encoder share."""
    return f"shopreco_looks_{image_encoder[:16]}"


def drop_looks_index(image_encoder: str) -> None:
    with connections[outbox_database()].cursor() as cursor:
        _drop_index(cursor, looks_index_name(image_encoder), "CONCURRENTLY")


def _drop_index(cursor: Any, name: str, how: str) -> None:
    """Another schema of the search path may have one of that name, which is not ours."""
    cursor.execute(f"{OWN_INDEX} WHERE c.relname = %s", [name])
    for qualified, _valid in cursor.fetchall():
        cursor.execute(f"DROP INDEX {how} IF EXISTS {qualified}")


def build_indexes(space: EmbeddingSpace) -> None:
    """Create the indexes of a space, and of its pictures, beside running traffic.

    Those that are finished are kept; one that a killed build left invalid is built again. Must run
    outside a transaction.

    Raises:
        RunError: it is being deleted.
    """
    known = EmbeddingSpace.objects.using(outbox_database()).filter(pk=space.pk)
    if known.filter(state=SpaceState.DELETING).exists():
        raise RunError(f"{space} is being deleted.")
    nearest, terms = index_names(space.pk)
    options = ", ".join(f"{key} = {value}" for key, value in HNSW.items())
    vector = f"vector::halfvec({space.dimension})"
    kinds = {
        VectorIndex.HNSW: f"({vector}) halfvec_ip_ops",
        VectorIndex.BINARY: f"(binary_quantize({vector})::bit({space.dimension})) bit_hamming_ops",
    }
    _create_index(
        nearest,
        f"ON shopreco_embedding USING hnsw ({kinds[VectorIndex(space.vector_index)]}) "
        f"WITH ({options}) WHERE space_id = {space.pk}",
    )
    _create_index(
        terms,
        "ON shopreco_lexicalentry USING gin (term_ids) WITH (fastupdate = off) "
        f"WHERE space_id = {space.pk}",
    )
    if image := space.modalities.get(IMAGE):
        _create_index(
            looks_index_name(image["fingerprint"]),
            "ON shopreco_modalityvector "
            f"USING hnsw ((vector::halfvec({image['dimension']})) halfvec_ip_ops) WITH ({options}) "
            f"WHERE modality = 'image' AND encoder = '{image['fingerprint']}'",
        )
    with connections[outbox_database()].cursor() as cursor:
        for table in ANALYSED:
            cursor.execute(f"ANALYZE shopreco_{table}")


def _create_index(name: str, definition: str) -> None:
    with connections[outbox_database()].cursor() as cursor:
        cursor.execute(f"{OWN_INDEX} WHERE c.relname = %s", [name])
        row = cursor.fetchone()
        if row and row[1]:
            return
        if row:
            cursor.execute(f"DROP INDEX CONCURRENTLY {row[0]}")
        cursor.execute(f"CREATE INDEX CONCURRENTLY {name} {definition}")


def calibrate(space: EmbeddingSpace) -> None:
    """Measure how alike unrelated items are in this space: mean and deviation of their cosine.

    Encoders differ in it; what search calls similar, and blocks call alike, begins above.
    """
    embeddings = Embedding.objects.using(outbox_database()).filter(space=space)
    pictures = ModalityVector.objects.using(outbox_database()).filter(
        item__catalogue=space.catalogue,
        modality=IMAGE,
        encoder=space.encoders.get(IMAGE),
        vector__isnull=False,
    )
    for name, rows in (("unrelated", embeddings), ("unrelated_pictures", pictures)):
        sample = list(rows.order_by("?").values_list("vector", flat=True)[:CALIBRATION])
        if len(sample) < MIN_CALIBRATION:
            continue
        vectors = np.array(sample, dtype=np.float32)
        if rows is pictures:
            vectors = fusing.look_vectors(space, vectors)
        cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
        space.statistics[name] = {
            "mean": round(float(cosines.mean()), 4),
            "deviation": round(float(cosines.std()), 4),
        }
    space.save(using=outbox_database(), update_fields=["statistics"])


def activate(space: EmbeddingSpace) -> None:
    """Answer from this space from now on. The one before is kept, for roll-back.

    Raises:
        RunError: it is being deleted.
    """
    spaces = EmbeddingSpace.objects.using(outbox_database()).filter(catalogue=space.catalogue)
    with transaction.atomic(using=outbox_database()):
        spaces.filter(state=SpaceState.ACTIVE).exclude(pk=space.pk).update(state=SpaceState.RETIRED)
        there = spaces.filter(pk=space.pk).exclude(state=SpaceState.DELETING)
        if not there.update(state=SpaceState.ACTIVE, activated_at=timezone.now()):
            raise RunError(f"{space} is being deleted.")
    space.refresh_from_db(using=outbox_database())
    _served.forget(lambda key: key[1] == space.catalogue)


def drop_indexes(space: EmbeddingSpace, how: str) -> None:
    with connections[outbox_database()].cursor() as cursor:
        for name in index_names(space.pk):
            _drop_index(cursor, name, how)
