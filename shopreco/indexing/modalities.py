"""The modalities of a batch: from what a catalogue says to vectors, encoded where they changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from shopreco.catalogues import ItemDocument, Medium
from shopreco.encoders import ImageEncoder, TextEncoder, create_encoder, create_image_encoder
from shopreco.fusion import GRAPH, IMAGE, TEXT, VIDEO
from shopreco.indexing.tables import read_vectors, replace_rows
from shopreco.media import Decoder, MediaRejected
from shopreco.models import EmbeddingSpace
from shopreco.process_cache import Bounded

logger = logging.getLogger(__name__)

READ: Mapping[str, Callable[[ItemDocument], str]] = {
    TEXT: attrgetter("passage"),
    GRAPH: attrgetter("neighbourhood"),
}
"""Modalities that the language model encodes, and what it reads of a document."""

LATER_PICTURES = 0.5
"""Weight of the second and each further picture of a product; the first has 1."""
MAX_PICTURES = 8
UNOPENED, SPREAD = "unopened", "spread"
"""In place of a content hash."""
ENCODED_TOGETHER = 32
"""Decoded pictures that are in memory at a time, about."""

Hashes = Mapping[str, Mapping[str, str]]
"""Content hashes by object id and modality."""


class Source(NamedTuple):
    """Where the vectors of a modality come from."""

    modality: str
    encoder: str
    """Fingerprint."""


@dataclass(slots=True)
class Encoded:
    """Vectors of one source for some documents; None where a document lacks the modality."""

    by_object: dict[str, NDArray[np.float32] | None] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)
    problems: dict[str, dict[str, str]] = field(default_factory=dict)
    """Reasons by object id and file name."""
    unopened: set[str] = field(default_factory=set)
    """Objects with a file that the storage did not give: to be tried again by the next pass."""


class FileUnavailable(Exception):
    """The shop's storage did not give a file: it is away, or the storage is."""


_encoders: Bounded[str, TextEncoder | ImageEncoder] = Bounded(4)
"""By fingerprint, the same in every shop: those of two spaces, in use and in the making."""


def sources_of(space: EmbeddingSpace) -> list[Source]:
    return [Source(modality, encoder) for modality, encoder in space.encoders.items()]


def spread_of(space: EmbeddingSpace) -> Source | None:
    """Where E(K) is kept that has spread along links; None in a space where it does not.

    By space: so embeddings, and what they were made of, always change together.
    """
    return Source(GRAPH, f"space-{space.pk}") if space.steps else None


def encoder_of(space: EmbeddingSpace, modality: str = TEXT) -> Any:
    """The encoder of a modality that a space was built with, one instance per process."""
    fingerprint = space.encoders[modality]
    encoder = _encoders.get(fingerprint)
    if encoder is None:
        if modality in READ:
            encoder = create_encoder(space.encoder)
        else:
            encoder = create_image_encoder(space.modalities[modality]["encoder"])
        _encoders.put(fingerprint, encoder)
    return encoder


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
    stored = read_vectors(
        "SELECT item_id, content_hash, vector FROM shopreco_modalityvector "
        "WHERE item_id = ANY(%s) AND modality = %s AND encoder = %s",
        [list(objects), source.modality, source.encoder],
    )
    for item_id, content_hash, vector in stored:
        if content_hash == hashes[objects[item_id]][source.modality]:
            known = None if vector is None else vector.to_numpy().astype(np.float32)
            encoded.by_object[objects[item_id]] = known
    missing = [o for o in present if o not in encoded.by_object]
    if not missing:
        return encoded
    encoder = encoder_of(space, source.modality)
    if source.modality in READ:
        texts = {o: READ[source.modality](documents[o]) for o in missing}
        distinct = list(dict.fromkeys(texts.values()))
        vectors = dict(zip(distinct, encoder.encode_documents(distinct), strict=True))
        encoded.by_object.update((o, vectors[text]) for o, text in texts.items())
    else:
        media = {o: used_media(documents[o], source.modality) for o in missing}
        encoded.by_object.update(_pooled(encoder, source.modality, media, encoded))
    encoded.fresh = set(missing)
    return encoded


def used_media(document: ItemDocument, modality: str) -> Sequence[Medium]:
    return document.images[:MAX_PICTURES] if modality == IMAGE else document.videos[:1]


def _pooled(
    encoder: ImageEncoder,
    modality: str,
    media: Mapping[str, Sequence[Medium]],
    encoded: Encoded,
) -> dict[str, NDArray[np.float32] | None]:
    """One vector per object of all its pictures or frames; notes those that cannot be read."""
    sums = {o: np.zeros(encoder.dimension, dtype=np.float32) for o in media}
    waiting: list[tuple[str, float, Any]] = []
    for object_id, files in media.items():
        weight = 1.0
        for medium in files:
            try:
                images = _images(medium, modality)
            except (MediaRejected, FileUnavailable) as error:
                encoded.problems.setdefault(object_id, {})[medium.name] = str(error)
                if isinstance(error, FileUnavailable):
                    encoded.unopened.add(object_id)
                continue
            waiting += [(object_id, weight, image) for image in images]
            weight = LATER_PICTURES
        if len(waiting) >= ENCODED_TOGETHER:
            _add(encoder, waiting, sums)
            waiting = []
    _add(encoder, waiting, sums)
    return {o: each / norm if (norm := np.linalg.norm(each)) else None for o, each in sums.items()}


def _add(
    encoder: ImageEncoder,
    waiting: Sequence[tuple[str, float, Any]],
    sums: Mapping[str, NDArray[np.float32]],
) -> None:
    vectors = encoder.encode_images([image for _object_id, _weight, image in waiting])
    for (object_id, weight, _image), vector in zip(waiting, vectors, strict=True):
        sums[object_id] += weight * vector


def _images(medium: Medium, modality: str) -> list[Any]:
    """The pictures in a file: itself, or the frames of a video.

    Raises `MediaRejected`, `FileUnavailable`.
    """
    decoder = _decoder()
    limits = decoder.limits
    try:
        data = medium.read(limits.video_bytes if modality == VIDEO else limits.picture_bytes)
    except Exception as error:
        raise FileUnavailable(f"The file cannot be opened: {error}") from error
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
        if source.modality not in READ:
            for object_id in each.fresh & ours:
                reasons = each.problems.get(object_id)
                found.setdefault(object_id, {})[source.modality] = reasons
    return found


def mark_unopened(encoded: Mapping[Source, Encoded], hashes: dict[str, dict[str, str]]) -> None:
    """Write down another hash for what could not be read whole, so that the next pass tries."""
    for source, each in encoded.items():
        for object_id in each.unopened:
            hashes[object_id][source.modality] = UNOPENED


def write_vectors(
    source: Source, encoded: Encoded, hashes: Hashes, ids: Mapping[str, int], ours: set[str]
) -> None:
    """Store what was encoded just now, and forget what objects no longer have."""
    fresh = [o for o in encoded.by_object if o in ours and o in encoded.fresh]
    gone = [o for o in encoded.by_object if o in ours and not hashes[o].get(source.modality)]
    replace_vectors(
        source,
        [(ids[o], hashes[o][source.modality], encoded.by_object[o]) for o in fresh],
        [ids[o] for o in [*fresh, *gone]],
    )


def vectors_of(source: Source, item_ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
    """What is stored of a source, by item id; without those that lack the modality."""
    rows = read_vectors(
        "SELECT item_id, vector FROM shopreco_modalityvector "
        "WHERE item_id = ANY(%s) AND modality = %s AND encoder = %s AND vector IS NOT NULL",
        [list(item_ids), *source],
    )
    return {item_id: vector.to_numpy().astype(np.float32) for item_id, vector in rows}


def replace_vectors(
    source: Source,
    rows: Iterable[tuple[int, str, NDArray[np.float32] | None]],
    item_ids: Sequence[int],
) -> None:
    """Store vectors of a source, (item id, content hash, vector) each, in place of all that these
    items had."""
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
                item_id,
                source.modality,
                source.encoder,
                content_hash,
                None if vector is None else HalfVector(vector),
            )
            for item_id, content_hash, vector in rows
        ],
        item_ids=item_ids,
        modality=source.modality,
        encoder=source.encoder,
    )
