"""Modality vectors of a batch: read from the store, or encoded where the content changed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from shopreco.catalogues import ItemDocument, Medium
from shopreco.db.copy import replace_rows
from shopreco.db.process_cache import BoundedCache
from shopreco.db.routing import write_alias
from shopreco.encoders import ImageEncoder
from shopreco.fusion import IMAGE, TEXT, VIDEO
from shopreco.indexing.batches import ABSENT, EncodedModality, Entry, Origin
from shopreco.media import Decoder, DecoderFailed, DecoderUnavailable, MediaRejected
from shopreco.models import EmbeddingSpace, ModalityVector
from shopreco.spaces.sources import TEXT_OF, Source, encoder_of
from shopreco.spaces.vectors import VectorRow, source_rows

logger = logging.getLogger(__name__)

WEIGHT_OF_LATER_IMAGES = 0.5
"""Weight of the second and each further image of a product; the first has 1."""
MAX_PICTURES = 8
"""Images of a product that are encoded."""
UNREAD = "unread"
"""Stored in place of a content hash, so that the next pass tries again."""
IMAGES_IN_MEMORY = 32
"""Decoded images in memory at a time, about."""
READ_NOW = {Origin.FRESH, Origin.STAND_IN, Origin.RECOVERED}
"""Origins of vectors whose files were read, or tried, in this batch."""


class FileUnavailable(Exception):
    """The shop's storage did not give a file: the file is away, or the storage is."""


NOT_ITS_FAULT = (FileUnavailable, DecoderFailed, DecoderUnavailable)
"""Errors of files that may be sound."""

_pictures: BoundedCache[tuple[str, str], NDArray[np.float32]] = BoundedCache(2_000)
"""Vectors of files by fingerprint of the encoder and hash of the content, in some 10 MB."""


def combined_hash(space: EmbeddingSpace, hashes: Mapping[str, str]) -> str:
    """One hash of all that an item's embedding in a space is made of. hashes: by modality."""
    parts = {modality: hashes.get(modality, "") for modality in space.encoders}
    if parts.keys() == {TEXT}:
        return parts[TEXT]
    return blake2b(repr(sorted(parts.items())).encode(), digest_size=16).hexdigest()


def encode(
    space: EmbeddingSpace, source: Source, entries: Sequence[Entry]
) -> dict[str, EncodedModality]:
    """Vectors of entries by object id: those that are stored and current, else from the encoder."""
    modality = source.modality
    made = {e.object_id: ABSENT for e in entries if not e.hashes[modality]}
    present = [entry for entry in entries if entry.object_id not in made]
    objects = {e.known.id: e.object_id for e in present if e.known is not None}
    stored = {objects[row.item_id]: row for row in source_rows(source, list(objects))}
    missing: list[Entry] = []
    for entry in present:
        row = stored.get(entry.object_id)
        if row is not None and row.content_hash == entry.hashes[modality]:
            origin = Origin.RECOVERED if row.kept else Origin.STORED
            made[entry.object_id] = EncodedModality(row.vector, row.content_hash, origin)
        else:
            missing.append(entry)
    if not missing:
        return made
    encoder = encoder_of(space, modality)
    documents = {e.object_id: document for e in missing if (document := e.document)}
    if modality in TEXT_OF:
        texts = {o: TEXT_OF[modality](document) for o, document in documents.items()}
        distinct = list(dict.fromkeys(texts.values()))
        vectors = dict(zip(distinct, encoder.encode_documents(distinct), strict=True))
        for entry in missing:
            vector = vectors[texts[entry.object_id]]
            made[entry.object_id] = EncodedModality(vector, entry.hashes[modality], Origin.FRESH)
    else:
        media = {o: used_media(document, modality) for o, document in documents.items()}
        pooled = _pooled(encoder, modality, media)
        for entry in missing:
            o = entry.object_id
            made[o] = _with_unread(pooled[o], stored.get(o), entry.hashes[modality])
    return made


def _with_unread(pooled: Pooled, before: VectorRow | None, content_hash: str) -> EncodedModality:
    """The vector of media of which some cannot be read; the stored one may stand in."""
    if pooled.problems and before is not None and _stands_in(before, pooled):
        vector, files, origin = before.vector, before.files, Origin.STAND_IN
    else:
        vector, files, origin = pooled.vector, pooled.files, Origin.FRESH
    is_whole = origin is Origin.FRESH and not pooled.unopened
    return EncodedModality(
        vector,
        content_hash if is_whole else UNREAD,
        origin,
        files,
        pooled.problems,
        pooled.unopened,
    )


def _stands_in(before: VectorRow, now: Pooled) -> bool:
    """Whether the stored vector is better than the new one.

    It is if it was made of a file that cannot be read now: the new one is made of the others. If
    it is not known of which files it was made, it is better than none.
    """
    if before.vector is None:
        return False
    if not before.files:
        return now.vector is None
    return not {_digest(name) for name in now.problems}.isdisjoint(before.files.split())


def _digest(name: str) -> str:
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def used_media(document: ItemDocument, modality: str) -> Sequence[Medium]:
    """The media of a document that are encoded."""
    return document.images[:MAX_PICTURES] if modality == IMAGE else document.videos[:1]


class Pooled(NamedTuple):
    """One vector of all images or frames of an object, None if none could be read.

    The other fields are as in `EncodedModality`.
    """

    vector: NDArray[np.float32] | None
    files: str
    problems: Mapping[str, str]
    unopened: frozenset[str]


def _pooled(
    encoder: ImageEncoder, modality: str, media: Mapping[str, Sequence[Medium]]
) -> dict[str, Pooled]:
    """Encode the media of objects, by object id.

    The same image is encoded once: variants of a product share theirs.
    """
    made: dict[str, NDArray[np.float32]] = {}
    waiting: dict[str, list[Any]] = {}
    parts: list[tuple[str, float, str]] = []
    read: dict[str, list[str]] = {object_id: [] for object_id in media}
    problems: dict[str, dict[str, str]] = {object_id: {} for object_id in media}
    unopened: dict[str, set[str]] = {object_id: set() for object_id in media}
    absent: DecoderUnavailable | None = None
    for object_id, files in media.items():
        weight = 1.0
        for medium in files:
            try:
                if absent is not None:
                    raise absent
                data = _data(medium, modality)
                content = blake2b(data, digest_size=16, key=modality.encode()).hexdigest()
                if content not in made and content not in waiting:
                    known = _pictures.get((encoder.fingerprint, content))
                    if known is None:
                        waiting[content] = _images(data, modality)
                    else:
                        made[content] = known
            except (MediaRejected, *NOT_ITS_FAULT) as error:
                problems[object_id][medium.name] = str(error)
                if isinstance(error, NOT_ITS_FAULT):
                    unopened[object_id].add(medium.name)
                if isinstance(error, DecoderFailed):
                    logger.exception("%s of %s was not decoded", medium.name, object_id)
                if isinstance(error, DecoderUnavailable) and absent is None:
                    logger.exception("no picture or video is decoded")
                    absent = error
                continue
            parts.append((object_id, weight, content))
            weight = WEIGHT_OF_LATER_IMAGES
            read[object_id].append(_digest(medium.name))
        if sum(map(len, waiting.values())) >= IMAGES_IN_MEMORY:
            made |= _encoded_images(encoder, waiting)
            waiting = {}
    made |= _encoded_images(encoder, waiting)
    sums = {o: np.zeros(encoder.dimension, dtype=np.float32) for o in media}
    for object_id, weight, content in parts:
        sums[object_id] += weight * made[content]
    return {
        o: Pooled(
            total / norm if (norm := np.linalg.norm(total)) else None,
            " ".join(read[o]),
            problems[o],
            frozenset(unopened[o]),
        )
        for o, total in sums.items()
    }


def _encoded_images(
    encoder: ImageEncoder, files: Mapping[str, Sequence[Any]]
) -> dict[str, NDArray[np.float32]]:
    """The sum of the vectors of the images in each file, by its content; cached."""
    vectors = encoder.encode_images([image for images in files.values() for image in images])
    made, done = {}, 0
    for content, images in files.items():
        made[content] = vectors[done : done + len(images)].sum(axis=0, dtype=np.float32)
        done += len(images)
    for content, vector in made.items():
        _pictures.put((encoder.fingerprint, content), vector)
    return made


def _data(medium: Medium, modality: str) -> bytes:
    """The content of a file. Raises `FileUnavailable`."""
    limits = _decoder().limits
    try:
        return medium.read(limits.video_bytes if modality == VIDEO else limits.picture_bytes)
    except Exception as error:
        kind = "" if isinstance(error, OSError) else f"{type(error).__name__}: "
        raise FileUnavailable(f"The file cannot be opened: {kind}{error}") from error


def _images(data: bytes, modality: str) -> list[Any]:
    """The images in a file: one, or the frames of a video.

    Raises `MediaRejected`, `DecoderFailed`, `DecoderUnavailable`.
    """
    decoder = _decoder()
    return decoder.frames(data) if modality == VIDEO else [decoder.picture(data)]


@cache
def _decoder() -> Decoder:
    return Decoder()


def problems_of(
    entries: Sequence[Entry],
) -> dict[str, dict[str, Mapping[str, str] | None]]:
    """Reasons by object, modality and file name, of all whose images or videos were read.

    None instead of reasons: all could be read.
    """
    found: dict[str, dict[str, Mapping[str, str] | None]] = {}
    for entry in entries:
        for source, each in entry.encoded.items():
            if source.modality not in TEXT_OF and each.origin in READ_NOW:
                found.setdefault(entry.object_id, {})[source.modality] = each.problems or None
    return found


def count_files(entries: Sequence[Entry], spaces: Iterable[EmbeddingSpace]) -> tuple[int, int]:
    """How many images and videos entries name in these spaces, and how many were not opened.

    Files that were not decoded for no fault of theirs count as not opened.
    """
    modalities = {modality for space in spaces for modality in space.encoders} - TEXT_OF.keys()
    documents = [document for entry in entries if (document := entry.document)]
    named = sum(len(used_media(each, m)) for m in modalities for each in documents)
    unopened = {
        (source.modality, entry.object_id, name)
        for entry in entries
        for source, each in entry.encoded.items()
        for name in each.unopened
    }
    return named, len(unopened)


def write_vectors(entries: Sequence[Entry], ids: Mapping[str, int]) -> None:
    """Store what was encoded just now, and delete what objects no longer have.

    ids: of the items, by object id.
    """
    by_source: dict[Source, list[tuple[int, EncodedModality]]] = {}
    for entry in entries:
        for source, each in entry.encoded.items():
            by_source.setdefault(source, []).append((ids[entry.object_id], each))
    for source, made in by_source.items():
        fresh = [
            VectorRow(item_id, each.content_hash, each.vector, each.files)
            for item_id, each in made
            if each.origin is Origin.FRESH
        ]
        absent = [item_id for item_id, each in made if each.origin is Origin.ABSENT]
        replace_vectors(source, fresh, [*(row.item_id for row in fresh), *absent])
        stand_ins = [item_id for item_id, each in made if each.origin is Origin.STAND_IN]
        recovered = [item_id for item_id, each in made if each.origin is Origin.RECOVERED]
        _keep(source, stand_ins, kept=True)
        _keep(source, recovered, kept=False)


def _keep(source: Source, item_ids: Sequence[int], *, kept: bool) -> None:
    if item_ids:
        rows = ModalityVector.objects.using(write_alias()).filter(item_id__in=item_ids)
        rows.filter(modality=source.modality, encoder=source.encoder).update(kept=kept)


def replace_vectors(source: Source, rows: Iterable[VectorRow], item_ids: Sequence[int]) -> None:
    """Store vectors of a source in place of all that items had of it."""
    replace_rows(
        "shopreco_modalityvector",
        {
            "item_id": "int8",
            "modality": "varchar",
            "encoder": "varchar",
            "content_hash": "varchar",
            "vector": "halfvec",
            "files": "varchar",
            "kept": "bool",
        },
        [
            (
                row.item_id,
                source.modality,
                source.encoder,
                row.content_hash,
                None if row.vector is None else HalfVector(row.vector),
                row.files,
                row.kept,
            )
            for row in rows
        ],
        item_ids=item_ids,
        modality=source.modality,
        encoder=source.encoder,
    )
