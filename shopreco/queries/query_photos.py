"""Query photos: the vector of a shopper's photo, encoded by a worker or in this process."""

from __future__ import annotations

import logging
import os
import re
from base64 import b64decode, b64encode
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from hashlib import blake2b
from time import monotonic
from typing import Any

import numpy as np
from django.core.files import File
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext
from numpy.typing import NDArray

from shopreco.broker import NoAnswer, ask
from shopreco.conf import get_settings
from shopreco.exceptions import PhotoRejected, PhotoUnavailable
from shopreco.fusion import IMAGE
from shopreco.media import MediaRejected
from shopreco.media.photos import photo_decoder
from shopreco.models import EmbeddingSpace
from shopreco.queries import query_vectors

logger = logging.getLogger(__name__)

Vector = NDArray[np.float32]
HERE = 0.5
"""Share of the deadline for encoding in this process; the rest is left to a worker."""
KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Photo:
    """An encoded photo. vector: (f,) float32, from the image encoder, before alignment."""

    key: str
    vector: Vector


@dataclass(frozen=True, slots=True)
class GivenPhoto:
    """A photo as the caller gives it: an upload, or the key from an earlier answer."""

    upload: File[Any] | None = None
    key: str = ""

    @classmethod
    def of(cls, photo: File[Any] | str | None) -> GivenPhoto | None:
        """The photo, if there is one. An upload without a name is falsy, and is one."""
        if isinstance(photo, str):
            return cls(key=photo) if photo else None
        return None if photo is None else cls(upload=photo)


def find(space: EmbeddingSpace, given: GivenPhoto) -> Photo:
    """Find the vector of a photo in the cache by its key; else encode the upload.

    Raises:
        PhotoRejected: the photo is too large or cannot be read.
        PhotoUnavailable: it is no longer cached, no encoder answers in time, or the space has none.
    """
    if IMAGE not in space.encoders:
        raise PhotoUnavailable(gettext("This shop cannot be searched by photo yet."))
    data = b"" if given.upload is None else _read(given.upload)
    key = blake2b(data, digest_size=16).hexdigest() if data else given.key
    cache_key = f"shopreco:photo:{space.encoders[IMAGE][:16]}:{key}"
    # A key comes from an address, which may contain anything.
    vector = query_vectors.recall(cache_key) if KEY.fullmatch(key) else None
    if vector is None and not data:
        raise PhotoUnavailable(gettext("Your photo is no longer kept here. Please send it again."))
    if vector is None:
        vector = _encoded(space, data)
        query_vectors.remember(cache_key, vector)
    return Photo(key, vector)


def too_large(size: int) -> PhotoRejected:
    """The error for a photo of too many bytes. size: in bytes."""
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
    """Encode in this process; None if its copy of the encoder is missing, fails or is late."""
    encoding = query_vectors.threads("photo", os.getpid()).submit(lambda: _encode(space, data))
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
    encoder = query_vectors.photo_encoder(space)
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
