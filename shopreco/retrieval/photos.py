"""A shopper's photo as a query: its vector, encoded by a worker, and the items that are like it."""

from __future__ import annotations

import logging
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from django.core.files import File
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext
from numpy.typing import NDArray

from shopreco.conf import get_settings
from shopreco.exceptions import PhotoRejected, PhotoUnavailable
from shopreco.indexing import fusing
from shopreco.indexing.modalities import IMAGE
from shopreco.indexing.workers import NoAnswer, ask
from shopreco.models import EmbeddingSpace
from shopreco.ranking import near_best
from shopreco.retrieval import dense, looks, vectors
from shopreco.retrieval.filters import Filters
from shopreco.retrieval.matches import Statement, as_arrays, read_array
from shopreco.retrieval.rankings import Ranking

logger = logging.getLogger(__name__)

Vector = NDArray[np.float32]

CUT = 0.5
"""Share of the best cosine that an item must reach to match, by its picture or as a whole."""
LOOKS_WEIGHT = 0.75
"""Of the likeness of pictures in the score; the rest has the likeness of photo and product. Of 40
of the demo's pictures, turned, darkened and put before another ground, 80 in 100 find their product
first, and 55 in 100 of the first ten are of its category; with 0.5 it is 72 and 50, with 0 63 and
33."""
WORDS_WEIGHT, LOOKS_WEIGHT_BESIDE_WORDS = 0.6, 0.2
"""Of words beside a photo in the query vector, and of the likeness of pictures then. For 30 photos
with another colour in words the variant in that colour comes first, almost (MRR .93), and 80 in 100
of the first ten are of the category; with 0.5 and 0.6 it is .49 and 96, with 0.7 and 0 .86 and 43.
"""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that has been encoded; `vector`, (f,) float32, as the image encoder gives it."""

    key: str
    vector: Vector


def find(space: EmbeddingSpace, given: File[Any] | str) -> Photo:
    """A photo by its key, from the cache; an uploaded one, if it is not there, from a worker.

    Raises `PhotoRejected`, `PhotoUnavailable`.
    """
    if IMAGE not in space.encoders:
        raise PhotoUnavailable(gettext("This shop cannot be searched by photo yet."))
    data = b"" if isinstance(given, str) else _read(given)
    key = given if isinstance(given, str) else blake2b(data, digest_size=16).hexdigest()
    cache_key = f"shopreco:photo:{space.encoders[IMAGE][:16]}:{key}"
    # A key comes from an address, where anything may stand.
    vector = vectors.recall(cache_key) if len(key) == 32 and key.isalnum() else None
    if vector is None and not data:
        raise PhotoUnavailable(gettext("Your photo is no longer kept here. Please send it again."))
    if vector is None:
        vector = _encoded(space, data)
        vectors.remember(cache_key, vector)
    return Photo(key, vector)


def _read(upload: File[Any]) -> bytes:
    most = get_settings().PHOTO_MAX_BYTES
    if upload.size > most:
        message = gettext("Your photo has %(size)s, more than the %(most)s that are read.")
        sizes = {"size": filesizeformat(upload.size), "most": filesizeformat(most)}
        raise PhotoRejected(message % sizes)
    data = bytes(upload.read())
    if not data:
        raise PhotoRejected(gettext("The file of your photo is empty."))
    return data


def _encoded(space: EmbeddingSpace, data: bytes) -> Vector:
    text = b64encode(data).decode()
    try:
        answer = ask("encode_photo", space.pk, text, seconds=get_settings().PHOTO_DEADLINE)
    except NoAnswer as error:
        logger.warning("search by photo: %s", error)
        message = gettext("Your photo could not be read in time. Please try again in a moment.")
        raise PhotoUnavailable(message) from error
    if "rejected" in answer:
        raise PhotoRejected(answer["rejected"])
    return np.frombuffer(b64decode(answer["vector"]), dtype=np.float32)


def query(space: EmbeddingSpace, photo: Photo, words: Vector | None) -> Vector:
    """What the items' vectors are compared with, (d,): the photo in the text space, and the words
    beside it."""
    alignment = fusing.alignment_of(space, IMAGE)
    vector = photo.vector if alignment is None else alignment(photo.vector[None])[0]
    if words is None:
        return vector
    mixed: Vector = (1 - WORDS_WEIGHT) * vector + WORDS_WEIGHT * words
    return mixed / np.linalg.norm(mixed)


def match(space: EmbeddingSpace, photo: Photo, words: Vector | None, scope: Filters) -> Ranking:
    """The items with the nearest pictures and those with the nearest vectors, each scored by both.

    As with words, what matches depends on the query and its scope only. What is nearest is shown
    however far it is: a photo of another place, light and side has low cosines.
    """
    vector = query(space, photo, words)
    ids, groups, cosines, likeness = _nearest(space, photo.vector, vector, scope)
    weight = LOOKS_WEIGHT if words is None else LOOKS_WEIGHT_BESIDE_WORDS
    parts = {
        "dense": (1 - weight) * np.nan_to_num(cosines),
        "looks": weight * np.nan_to_num(likeness),
    }
    scores = parts["dense"] + parts["looks"]
    order = np.lexsort((ids, -scores))
    like = near_best(cosines, CUT) | near_best(likeness, CUT)
    return Ranking(ids, groups, scores, "photo", parts).take(order[like[order]])


def _nearest(
    space: EmbeddingSpace, picture: Vector, vector: Vector, scope: Filters
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Item ids, group ids, cosines of the vectors and of the pictures, (n,); NaN without one."""
    k = dense.NEIGHBOURS
    by_looks = looks.statement(space, picture, scope, k)
    by_vector = dense.statement(space, vector, scope, k)
    pictures, whole = f"halfvec({len(picture):d})", f"halfvec({space.dimension:d})"
    sql = f"""
        WITH alike AS MATERIALIZED ({by_looks.sql}), near AS MATERIALIZED ({by_vector.sql})
        SELECT i.id AS item_id, i.group_id,
            COALESCE(-(e.vector::{whole} <#> %s::{whole}), 'NaN') AS cosine,
            COALESCE(-(m.vector::{pictures} <#> %s::{pictures}), 'NaN') AS likeness
        FROM (SELECT item_id FROM alike UNION SELECT item_id FROM near) AS found
        JOIN shopreco_item i ON i.id = found.item_id
        LEFT JOIN shopreco_embedding e ON e.item_id = i.id AND e.space_id = {space.pk:d}
        LEFT JOIN shopreco_modalityvector m ON m.item_id = i.id
            AND m.modality = 'image' AND m.encoder = '{space.encoders[IMAGE]}'
    """
    literals = (dense.literal(vector), dense.literal(picture))
    params = (*by_looks.params, *by_vector.params, *literals)
    sql = as_arrays(sql, ["item_id", "group_id", "cosine", "likeness"])
    [row] = dense.scan(Statement(sql, params), dense.candidates(space, k))
    ids, groups, cosines, likeness = row
    return (
        read_array(ids, "i8"),
        read_array(groups, "i8"),
        read_array(cosines, "f8"),
        read_array(likeness, "f8"),
    )
