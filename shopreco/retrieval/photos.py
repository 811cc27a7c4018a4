"""A shopper's photo as a query: its vector, encoded by a worker or here, and what is like it."""

from __future__ import annotations

import logging
import os
import re
from base64 import b64decode, b64encode
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from hashlib import blake2b
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
from django.core.files import File
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext
from numpy.typing import NDArray

from shopreco.conf import get_settings
from shopreco.exceptions import PhotoRejected, PhotoUnavailable
from shopreco.fusion import IMAGE
from shopreco.indexing import fusing
from shopreco.indexing.photos import photo_decoder
from shopreco.indexing.workers import NoAnswer, ask
from shopreco.media import MediaRejected
from shopreco.models import EmbeddingSpace
from shopreco.ranking import near_best
from shopreco.retrieval import dense, looks, vectors
from shopreco.retrieval.asking import Statement, answered, as_arrays, read_arrays
from shopreco.retrieval.conditions import Filters
from shopreco.retrieval.lexical import NO_WORDS, LexicalQuery, score
from shopreco.retrieval.rankings import Ranking

logger = logging.getLogger(__name__)

Vector = NDArray[np.float32]

CUT = 0.5
"""Share of the best cosine that an item must reach to match, by its picture or as a whole."""
ALONE = {"dense": 0.25, "looks": 0.75, "lexical": 0.0}
"""Weights in the score of a photo: of the product as a whole, of its picture, of words. Of 40 of
the demo's pictures, turned, darkened and put before another ground, 80 in 100 find their product
first, and 55 in 100 of the first ten are of its category; with halves it is 72 and 50."""
BESIDE_WORDS = {"dense": 0.5, "looks": 0.3, "lexical": 0.2}
WORDS_WEIGHT = 0.4
"""Of words beside a photo in the query vector. For 30 photos with another colour in words the
variant in that colour comes first, almost (MRR .94), and of the first ten 60 in 100 are of that
colour and 68 of the category. Without BM25F, and 0.6 of the words, it is .82, 33 and 90."""
HERE = 0.5
"""Share of the deadline that this process's own copy has; the rest is left to a worker."""
KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that has been encoded; `vector`, (f,) float32, as the image encoder gives it."""

    key: str
    vector: Vector


@dataclass(frozen=True, slots=True)
class Words:
    """What stands beside a photo, by meaning and by word; None where there is neither."""

    vector: Vector | None = None
    lexical: LexicalQuery | None = None

    def __bool__(self) -> bool:
        return self.vector is not None or self.lexical is not None


def find(space: EmbeddingSpace, given: File[Any] | str) -> Photo:
    """A photo by its key, from the cache; an uploaded one, if it is not there, encoded.

    Raises `PhotoRejected`, `PhotoUnavailable`.
    """
    if IMAGE not in space.encoders:
        raise PhotoUnavailable(gettext("This shop cannot be searched by photo yet."))
    data = b"" if isinstance(given, str) else _read(given)
    key = given if isinstance(given, str) else blake2b(data, digest_size=16).hexdigest()
    cache_key = f"shopreco:photo:{space.encoders[IMAGE][:16]}:{key}"
    # A key comes from an address, where anything may stand.
    vector = vectors.recall(cache_key) if KEY.fullmatch(key) else None
    if vector is None and not data:
        raise PhotoUnavailable(gettext("Your photo is no longer kept here. Please send it again."))
    if vector is None:
        vector = _encoded(space, data)
        vectors.remember(cache_key, vector)
    return Photo(key, vector)


def too_large(size: int) -> PhotoRejected:
    """What a shopper is told whose photo has too many bytes."""
    message = gettext("Your photo has %(size)s, more than the %(most)s that are read.")
    most = get_settings().PHOTO_MAX_BYTES
    return PhotoRejected(message % {"size": filesizeformat(size), "most": filesizeformat(most)})


def _read(upload: File[Any]) -> bytes:
    if upload.size > get_settings().PHOTO_MAX_BYTES:
        raise too_large(upload.size)
    data = bytes(upload.read())
    if not data:
        raise PhotoRejected(gettext("The file of your photo is empty."))
    return data


def _encoded(space: EmbeddingSpace, data: bytes) -> Vector:
    seconds = get_settings().PHOTO_DEADLINE
    if get_settings().PHOTO_ENCODER == "web":
        began = monotonic()
        vector = _encoded_here(space, data, seconds * HERE)
        if vector is not None:
            return vector
        seconds -= monotonic() - began
    return _encoded_by_worker(space, data, seconds)


def _encoded_here(space: EmbeddingSpace, data: bytes, seconds: float) -> Vector | None:
    """None where this process's copy of the encoder is missing, fails or is late."""
    encoding = vectors.threads("photo", os.getpid()).submit(lambda: _encode(space, data))
    try:
        return encoding.result(timeout=seconds)
    except MediaRejected as error:
        raise _unreadable(str(error)) from error
    except FutureTimeout:
        logger.warning("search by photo: not encoded here in %g s, a worker is asked", seconds)
    except Exception as error:  # noqa: BLE001 (whatever the runtime raises: a worker may do better)
        logger.warning("search by photo: a worker is asked: %s", error)
    return None


def _encode(space: EmbeddingSpace, data: bytes) -> Vector:
    encoder = vectors.photo_encoder(space)
    return encoder.encode_photo(photo_decoder().pixels(data))


def _encoded_by_worker(space: EmbeddingSpace, data: bytes, seconds: float) -> Vector:
    text = b64encode(data).decode()
    try:
        answer = ask("encode_photo", space.pk, text, seconds=seconds)
    except NoAnswer as error:
        logger.warning("search by photo: %s", error)
        message = gettext("Your photo could not be read in time. Please try again in a moment.")
        raise PhotoUnavailable(message) from error
    if "rejected" in answer:
        raise _unreadable(answer["rejected"])
    return np.frombuffer(b64decode(answer["vector"]), dtype=np.float32)


def _unreadable(reason: str) -> PhotoRejected:
    return PhotoRejected(gettext("Your photo cannot be read: %(reason)s") % {"reason": reason})


def query(space: EmbeddingSpace, photo: Photo, words: Vector | None) -> Vector:
    """What the items' vectors are compared with, (d,): the photo in the text space, and the words
    beside it."""
    alignment = fusing.alignment_of(space, IMAGE)
    vector = photo.vector if alignment is None else alignment(photo.vector[None])[0]
    if words is None:
        return vector
    mixed: Vector = (1 - WORDS_WEIGHT) * vector + WORDS_WEIGHT * words
    return mixed / np.linalg.norm(mixed)


def match(space: EmbeddingSpace, photo: Photo, words: Words, scope: Filters) -> Ranking:
    """The items with the nearest pictures and those with the nearest vectors, each scored by both,
    and by the words beside the photo.

    As with words, what matches depends on the query and its scope only. What is nearest is shown
    however far it is: a photo of another place, light and side has low cosines.
    """
    found = _nearest(space, photo.vector, query(space, photo, words.vector), words.lexical, scope)
    weights = BESIDE_WORDS if words else ALONE
    scored = {"dense": found.dense, "looks": found.looks, "lexical": found.lexical}
    had = {name: weights[name] * ~np.isnan(each) for name, each in scored.items() if weights[name]}
    # A product without a picture, or without words, is judged by what it has: by something it was
    # found.
    whole = np.sum(list(had.values()), axis=0)
    parts = {name: share / whole * np.nan_to_num(scored[name]) for name, share in had.items()}
    scores: NDArray[np.float64] = np.sum(list(parts.values()), axis=0)
    order = np.lexsort((found.item_ids, -scores))
    like = near_best(found.dense, CUT) | near_best(found.looks, CUT)
    ranking = Ranking(found.item_ids, found.group_ids, scores, "photo", parts)
    return ranking.take(order[like[order]])


class _Found(NamedTuple):
    """Candidates with their cosine to the query, that of the pictures, and their BM25F; all (n,),
    NaN where there is none."""

    item_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    dense: NDArray[np.float64]
    looks: NDArray[np.float64]
    lexical: NDArray[np.float64]


def _nearest(
    space: EmbeddingSpace,
    picture: Vector,
    vector: Vector,
    words: LexicalQuery | None,
    scope: Filters,
) -> _Found:
    k = dense.NEIGHBOURS
    by_looks = looks.statement(space, picture, scope, k)
    by_vector = dense.statement(space, dense.literal(vector), scope, k)
    pictures, whole = f"halfvec({len(picture):d})", f"halfvec({space.dimension:d})"
    said = score("(SELECT weights FROM said)") if words else "'NaN'::float8"
    sql = f"""
        WITH said AS (SELECT %s::sparsevec AS weights),
             alike AS MATERIALIZED ({by_looks.sql}), near AS MATERIALIZED ({by_vector.sql})
        SELECT i.id AS item_id, i.group_id,
            COALESCE(-(e.vector::{whole} <#> %s::{whole}), 'NaN') AS dense,
            COALESCE(-(m.vector::{pictures} <#> %s::{pictures}), 'NaN') AS looks,
            COALESCE({said}, 'NaN') AS lexical
        FROM (SELECT item_id FROM alike UNION SELECT item_id FROM near) AS found
        JOIN shopreco_item i ON i.id = found.item_id
        LEFT JOIN shopreco_embedding e ON e.item_id = i.id AND e.space_id = {space.pk:d}
        LEFT JOIN shopreco_lexicalentry l ON l.item_id = i.id AND l.space_id = {space.pk:d}
        LEFT JOIN shopreco_modalityvector m ON m.item_id = i.id
            AND m.modality = 'image' AND m.encoder = '{space.encoders[IMAGE]}'
    """
    literals = (dense.literal(vector), dense.literal(picture))
    asked = words.literal if words else NO_WORDS
    params = (asked, *by_looks.params, *by_vector.params, *literals)
    columns = {"item_id": "i8", "group_id": "i8", "dense": "f8", "looks": "f8", "lexical": "f8"}
    row = answered(as_arrays(Statement(sql, params), columns))
    return _Found(*read_arrays(row, columns))
