"""Spaces: described by settings, built beside, indexed concurrently, switched by one UPDATE."""

from __future__ import annotations

import logging

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.db.routing import write_alias
from shopreco.encoders import (
    ArtefactCorrupt,
    ArtefactMissing,
    EncoderError,
    create_encoder,
)
from shopreco.exceptions import RunError
from shopreco.fusion import IMAGE, TEXT
from shopreco.indexing import alignments
from shopreco.indexing.embeddings import fuse_all
from shopreco.indexing.lexicon import average_lengths
from shopreco.models import (
    Embedding,
    EmbeddingSpace,
    IndexRun,
    ModalityVector,
    SpaceState,
)
from shopreco.spaces.indexes import drop_words_index
from shopreco.spaces.languages import catalogue_language, spoken, with_language
from shopreco.spaces.serving import _served, spaces_of
from shopreco.spaces.sources import encoder_of
from shopreco.spaces.specification import current_modalities, fingerprint_of
from shopreco.spaces.stores import vector_store
from shopreco.spaces.vectors import visual_vectors

logger = logging.getLogger(__name__)

SAMPLE = 2_000
CALIBRATION, MIN_CALIBRATION = 400, 30


def maintained_spaces(catalogue: str) -> list[EmbeddingSpace]:
    """The spaces that every change is written to: the active one, and those that a run is building.

    One whose run has failed or was cancelled gets nothing: a run that is resumed begins anew.
    """
    live = IndexRun.objects.filter(space=OuterRef("pk"), state__in=IndexRun.LIVE)
    being_built = Q(Exists(live), state=SpaceState.BUILDING)
    return list(spaces_of(catalogue).filter(Q(state=SpaceState.ACTIVE) | being_built))


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
    fingerprint = fingerprint_of(catalogue, encoder, modalities, vector_index)
    spaces = EmbeddingSpace.objects.using(write_alias())
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
    vector_store(space).create(space)
    drop_words_index(space, "")
    return space


def fuse_what_awaits(space: EmbeddingSpace, catalogue: Catalogue) -> None:
    """Align the pictures of a space on what has been encoded by now, and fuse all its items.

    May be called again after it was killed at any line.
    """
    if space.awaits_alignment:
        alignments.align(space)
    elif space.statistics.get("fused", True):
        return
    fuse_all(space)
    if "left_out" not in space.statistics:
        encoder = create_encoder(space.encoder)
        space.fingerprint = fingerprint_of(catalogue, encoder, space.modalities, space.vector_index)
    space.statistics["fused"] = True
    space.save(using=write_alias(), update_fields=["fingerprint", "statistics"])


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


def calibrate(space: EmbeddingSpace) -> None:
    """Measure how alike unrelated items are in this space: mean and deviation of their cosine.

    Encoders differ in it; what search calls similar, and blocks call alike, begins above.
    """
    embeddings = Embedding.objects.using(write_alias()).filter(space=space)
    pictures = ModalityVector.objects.using(write_alias()).filter(
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
            vectors = visual_vectors(space, vectors)
        cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
        space.statistics[name] = {
            "mean": round(float(cosines.mean()), 4),
            "deviation": round(float(cosines.std()), 4),
        }
    space.save(using=write_alias(), update_fields=["statistics"])


def activate(space: EmbeddingSpace) -> None:
    """Answer from this space from now on. The one before is kept, for roll-back.

    Raises:
        RunError: it is being deleted.
    """
    spaces = EmbeddingSpace.objects.using(write_alias()).filter(catalogue=space.catalogue)
    with transaction.atomic(using=write_alias()):
        spaces.filter(state=SpaceState.ACTIVE).exclude(pk=space.pk).update(state=SpaceState.RETIRED)
        there = spaces.filter(pk=space.pk).exclude(state=SpaceState.DELETING)
        if not there.update(state=SpaceState.ACTIVE, activated_at=timezone.now()):
            raise RunError(f"{space} is being deleted.")
    space.refresh_from_db(using=write_alias())
    _served.forget(lambda key: key[1] == space.catalogue)
