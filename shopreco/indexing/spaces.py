"""Building of spaces: created from the settings, fused, calibrated, activated by one UPDATE."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.db.routing import write_alias
from shopreco.encoders import ArtefactCorrupt, ArtefactMissing, EncoderError
from shopreco.exceptions import RunError
from shopreco.fusion import IMAGE, TEXT
from shopreco.indexing import alignments
from shopreco.indexing.embeddings import fuse_all
from shopreco.indexing.lexicon import average_lengths
from shopreco.models import (
    Cosines,
    Embedding,
    EmbeddingSpace,
    ModalityVector,
    Run,
    SpaceState,
    SpaceStatistics,
)
from shopreco.spaces.indexes import drop_words_index
from shopreco.spaces.languages import catalogue_language, spoken, with_language
from shopreco.spaces.serving import _served, spaces_of
from shopreco.spaces.sources import encoder_of
from shopreco.spaces.specification import current_specification, fingerprint_of
from shopreco.spaces.stores import vector_store
from shopreco.spaces.vectors import visual_vectors

logger = logging.getLogger(__name__)

LENGTH_SAMPLE = 2_000
"""Objects over which the lengths of fields are averaged."""
CALIBRATION, MIN_CALIBRATION = 400, 30
"""Items whose cosines are measured, and the number below which nothing is."""


def maintained_spaces(catalogue: str) -> list[EmbeddingSpace]:
    """The spaces that every change is written to: the active one, and those that a run builds.

    A space whose run failed or was cancelled gets nothing: a run that is resumed begins anew.
    """
    live = Run.objects.filter(space=OuterRef("pk"), state__in=Run.LIVE)
    being_built = Q(Exists(live), state=SpaceState.BUILDING)
    return list(spaces_of(catalogue).filter(Q(state=SpaceState.ACTIVE) | being_built))


def create_space(catalogue: Catalogue, *, refit: bool = False) -> EmbeddingSpace:
    """A new space for the current settings, or the one that is already being built for them.

    refit: whether the alignment of its pictures is fitted anew.

    Field lengths are averaged over a sample now and kept. So lexical weights within a space stay
    comparable for as long as it lives.
    """
    specification = current_specification(catalogue, refit=refit)
    fingerprint = fingerprint_of(catalogue, specification)
    spaces = EmbeddingSpace.objects.using(write_alias())
    building = spaces.filter(
        catalogue=catalogue.name, fingerprint=fingerprint, state=SpaceState.BUILDING
    ).first()
    if building is not None:
        return building
    written = catalogue.written_queryset()
    pks = list(written.order_by("?").values_list("pk", flat=True)[:LENGTH_SAMPLE])
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
        specification=specification,
        statistics=SpaceStatistics(
            average_lengths=average_lengths(documents),
            language=language,
            languages=dict(spoken(documents)),
        ),
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
    elif space.statistics.is_fused:
        return
    fuse_all(space)
    if space.statistics.left_out is None:
        space.fingerprint = fingerprint_of(catalogue, space.specification)
    space.statistics = replace(space.statistics, is_fused=True)
    space.save(using=write_alias(), update_fields=["fingerprint", "statistics"])


def export_query_encoders(space: EmbeddingSpace) -> None:
    """Export the encoders that web processes use, unless they are there already.

    Without an exported image encoder, workers encode photos.
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
    """Measure the cosine of unrelated items in a space: its mean and standard deviation.

    Encoders differ in it. What search and blocks call similar begins above.
    """
    embeddings = Embedding.objects.using(write_alias()).filter(space=space)
    pictures = ModalityVector.objects.using(write_alias()).filter(
        item__catalogue=space.catalogue,
        modality=IMAGE,
        encoder=space.encoders.get(IMAGE),
        vector__isnull=False,
    )
    statistics = space.statistics
    if (sample := _sample(embeddings)) is not None:
        statistics = replace(statistics, unrelated=_cosines(sample))
    if (sample := _sample(pictures)) is not None:
        seen = visual_vectors(space, sample)
        statistics = replace(statistics, unrelated_pictures=_cosines(seen))
    space.statistics = statistics
    space.save(using=write_alias(), update_fields=["statistics"])


def _sample(rows: QuerySet[Any]) -> NDArray[np.float32] | None:
    """Vectors of some rows, (n, d); None if there are too few to measure anything."""
    sample = list(rows.order_by("?").values_list("vector", flat=True)[:CALIBRATION])
    return np.array(sample, dtype=np.float32) if len(sample) >= MIN_CALIBRATION else None


def _cosines(vectors: NDArray[np.float32]) -> Cosines:
    found = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    return Cosines(mean=round(float(found.mean()), 4), deviation=round(float(found.std()), 4))


def activate(space: EmbeddingSpace) -> None:
    """Make a space the one that answers. The one before is kept for roll-back.

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
