"""The modalities of a batch: from what a catalogue says to vectors, encoded where they changed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from shopreco.catalogues import ItemDocument, Medium
from shopreco.db.copy import replace_rows
from shopreco.db.process_cache import BoundedCache
from shopreco.db.routing import write_alias
from shopreco.encoders import ImageEncoder
from shopreco.fusion import IMAGE, TEXT, VIDEO
from shopreco.media import Decoder, DecoderFailed, DecoderUnavailable, MediaRejected
from shopreco.models import EmbeddingSpace, ModalityVector
from shopreco.spaces.sources import TEXT_OF, Source, encoder_of
from shopreco.spaces.vectors import VectorRow, source_rows

logger = logging.getLogger(__name__)

LATER_PICTURES = 0.5
"""Weight of the second and each further picture of a product; the first has 1."""
MAX_PICTURES = 8
UNREAD, PROPAGATED = "unread", "spread"
"""In place of a content hash."""
ENCODED_TOGETHER = 32
"""Decoded pictures that are in memory at a time, about."""

Hashes = Mapping[str, Mapping[str, str]]
"""Content hashes by object id and modality."""


@dataclass(slots=True)
class Encoded:
    """Vectors of one source for some documents; None where a document lacks the modality."""

    by_object: dict[str, NDArray[np.float32] | None] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)
    """Objects that were encoded just now."""
    kept: set[str] = field(default_factory=set)
    """Objects with a file that cannot be read now, whose vector was made of it when it could."""
    back: set[str] = field(default_factory=set)
    """Objects whose vector was kept, and that have again the files that it was made of."""
    files: dict[str, str] = field(default_factory=dict)
    """Digests of the names of the files that a vector was made of, by object id."""
    problems: dict[str, dict[str, str]] = field(default_factory=dict)
    """Reasons by object id and file name."""
    unopened: set[tuple[str, str]] = field(default_factory=set)
    """Object id and name of files that are not to blame: the next pass tries them again."""


class FileUnavailable(Exception):
    """The shop's storage did not give a file: it is away, or the storage is."""


NOT_ITS_FAULT = (FileUnavailable, DecoderFailed, DecoderUnavailable)
"""Why a file is not read that may be sound."""

_pictures: BoundedCache[tuple[str, str], NDArray[np.float32]] = BoundedCache(2_000)
"""What an encoder made of a file, by its fingerprint and the content, in some 10 MB."""


def combined_hash(space: EmbeddingSpace, hashes: Mapping[str, str]) -> str:
    """One hash of all that an item's vector in a space is made of."""
    parts = {modality: hashes.get(modality, "") for modality in space.encoders}
    if parts.keys() == {TEXT}:
        return parts[TEXT]
    return blake2b(repr(sorted(parts.items())).encode(), digest_size=16).hexdigest()


def encode(
    space: EmbeddingSpace,
    source: Source,
    documents: Mapping[str, ItemDocument],
    hashes: Hashes,
    ids: Mapping[str, int],
    wanted: Sequence[str],
) -> Encoded:
    """Vectors of the wanted objects: those that are stored and current, else from the encoder.

    ids: of the items that are known, by object id.
    """
    encoded = Encoded({o: None for o in wanted if not hashes[o].get(source.modality)})
    present = [o for o in wanted if o not in encoded.by_object]
    objects = {ids[o]: o for o in present if o in ids}
    stored = {objects[row.item_id]: row for row in source_rows(source, list(objects))}
    for o, row in stored.items():
        if row.content_hash == hashes[o][source.modality]:
            encoded.by_object[o] = row.vector
            if row.kept:
                encoded.back.add(o)
    missing = [o for o in present if o not in encoded.by_object]
    if not missing:
        return encoded
    encoder = encoder_of(space, source.modality)
    if source.modality in TEXT_OF:
        texts = {o: TEXT_OF[source.modality](documents[o]) for o in missing}
        distinct = list(dict.fromkeys(texts.values()))
        vectors = dict(zip(distinct, encoder.encode_documents(distinct), strict=True))
        encoded.by_object.update((o, vectors[text]) for o, text in texts.items())
    else:
        media = {o: used_media(documents[o], source.modality) for o in missing}
        encoded.by_object.update(_pooled(encoder, source.modality, media, encoded))
        for o, unread in encoded.problems.items():
            before = stored.get(o)
            if before is not None and _stands_in(before, unread, encoded.by_object[o]):
                encoded.by_object[o] = before.vector
                encoded.kept.add(o)
    encoded.fresh = set(missing) - encoded.kept
    return encoded


def _stands_in(before: VectorRow, unread: Iterable[str], now: NDArray[np.float32] | None) -> bool:
    """Whether a vector was made of a file that cannot be read now: then it is better than `now`,
    which is made of the others. Where it is not known of which, it is better than none."""
    if before.vector is None:
        return False
    if not before.files:
        return now is None
    return not {_digest(name) for name in unread}.isdisjoint(before.files.split())


def _digest(name: str) -> str:
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def used_media(document: ItemDocument, modality: str) -> Sequence[Medium]:
    return document.images[:MAX_PICTURES] if modality == IMAGE else document.videos[:1]


def _pooled(
    encoder: ImageEncoder,
    modality: str,
    media: Mapping[str, Sequence[Medium]],
    encoded: Encoded,
) -> dict[str, NDArray[np.float32] | None]:
    """One vector per object of all its pictures or frames; notes those that cannot be read.

    The same picture is encoded once: variants of a product share theirs.
    """
    made: dict[str, NDArray[np.float32]] = {}
    waiting: dict[str, list[Any]] = {}
    parts: list[tuple[str, float, str]] = []
    absent: DecoderUnavailable | None = None
    for object_id, files in media.items():
        weight = 1.0
        read = []
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
                encoded.problems.setdefault(object_id, {})[medium.name] = str(error)
                if isinstance(error, NOT_ITS_FAULT):
                    encoded.unopened.add((object_id, medium.name))
                if isinstance(error, DecoderFailed):
                    logger.exception("%s of %s was not decoded", medium.name, object_id)
                if isinstance(error, DecoderUnavailable) and absent is None:
                    logger.exception("no picture or video is decoded")
                    absent = error
                continue
            parts.append((object_id, weight, content))
            weight = LATER_PICTURES
            read.append(_digest(medium.name))
        encoded.files[object_id] = " ".join(read)
        if sum(map(len, waiting.values())) >= ENCODED_TOGETHER:
            made |= _encoded_images(encoder, waiting)
            waiting = {}
    made |= _encoded_images(encoder, waiting)
    sums = {o: np.zeros(encoder.dimension, dtype=np.float32) for o in media}
    for object_id, weight, content in parts:
        sums[object_id] += weight * made[content]
    return {o: each / norm if (norm := np.linalg.norm(each)) else None for o, each in sums.items()}


def _encoded_images(
    encoder: ImageEncoder, files: Mapping[str, Sequence[Any]]
) -> dict[str, NDArray[np.float32]]:
    """The sum of the vectors of what is seen in each file, by its content; kept for a while."""
    vectors = encoder.encode_images([image for images in files.values() for image in images])
    made, done = {}, 0
    for content, images in files.items():
        made[content] = vectors[done : done + len(images)].sum(axis=0, dtype=np.float32)
        done += len(images)
    for content, vector in made.items():
        _pictures.put((encoder.fingerprint, content), vector)
    return made


def _data(medium: Medium, modality: str) -> bytes:
    """What is in a file. Raises `FileUnavailable`."""
    limits = _decoder().limits
    try:
        return medium.read(limits.video_bytes if modality == VIDEO else limits.picture_bytes)
    except Exception as error:
        kind = "" if isinstance(error, OSError) else f"{type(error).__name__}: "
        raise FileUnavailable(f"The file cannot be opened: {kind}{error}") from error


def _images(data: bytes, modality: str) -> list[Any]:
    """The pictures in a file: itself, or the frames of a video.

    Raises `MediaRejected`, `DecoderFailed`, `DecoderUnavailable`.
    """
    decoder = _decoder()
    return decoder.frames(data) if modality == VIDEO else [decoder.picture(data)]


@cache
def _decoder() -> Decoder:
    return Decoder()


def problems_of(
    encoded: Mapping[Source, Encoded], ours: set[str]
) -> dict[str, dict[str, dict[str, str] | None]]:
    """Reasons by object, modality and file name, of all whose pictures or videos were read."""
    found: dict[str, dict[str, dict[str, str] | None]] = {}
    for source, each in encoded.items():
        if source.modality not in TEXT_OF:
            for object_id in (each.fresh | each.kept | each.back) & ours:
                reasons = each.problems.get(object_id)
                found.setdefault(object_id, {})[source.modality] = reasons
    return found


def mark_unread(encoded: Mapping[Source, Encoded], hashes: dict[str, dict[str, str]]) -> None:
    """Write down another hash for what could not be read whole, so that the next pass tries."""
    for source, each in encoded.items():
        for object_id in each.kept | {o for o, _name in each.unopened}:
            hashes[object_id][source.modality] = UNREAD


def count_files(
    encoded: Mapping[Source, Encoded], documents: Mapping[str, ItemDocument], ours: set[str]
) -> tuple[int, int]:
    """How many pictures and videos these objects name for encoding, and how many of them could
    not be opened, or not decoded for no fault of theirs."""
    modalities = {source.modality for source in encoded} - TEXT_OF.keys()
    named = (used_media(documents[o], m) for m in modalities for o in ours & documents.keys())
    unopened = {
        (source.modality, o, name)
        for source, each in encoded.items()
        for o, name in each.unopened
        if o in ours
    }
    return sum(map(len, named)), len(unopened)


def write_vectors(
    source: Source, encoded: Encoded, hashes: Hashes, ids: Mapping[str, int], ours: set[str]
) -> None:
    """Store what was encoded just now, and forget what objects no longer have."""
    fresh = [o for o in encoded.by_object if o in ours and o in encoded.fresh]
    gone = [o for o in encoded.by_object if o in ours and not hashes[o].get(source.modality)]
    replace_vectors(
        source,
        [
            VectorRow(
                ids[o],
                hashes[o][source.modality],
                encoded.by_object[o],
                encoded.files.get(o, ""),
            )
            for o in fresh
        ],
        [ids[o] for o in [*fresh, *gone]],
    )
    _keep(source, [ids[o] for o in encoded.kept & ours], kept=True)
    _keep(source, [ids[o] for o in encoded.back & ours], kept=False)


def _keep(source: Source, item_ids: Sequence[int], *, kept: bool) -> None:
    if item_ids:
        rows = ModalityVector.objects.using(write_alias()).filter(item_id__in=item_ids)
        rows.filter(modality=source.modality, encoder=source.encoder).update(kept=kept)


def replace_vectors(source: Source, rows: Iterable[VectorRow], item_ids: Sequence[int]) -> None:
    """Store vectors of a source in place of all that these items had."""
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
