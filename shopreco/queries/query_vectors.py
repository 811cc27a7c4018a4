"""Query vectors in the web process: from a cache, else encoded within a deadline."""

from __future__ import annotations

import logging
import os
from concurrent.futures import TimeoutError as FutureTimeout
from functools import lru_cache
from hashlib import blake2b
from math import inf
from threading import Lock
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shopreco.conf import get_settings
from shopreco.db.process_cache import BoundedCache
from shopreco.db.shared_cache import shared_cache
from shopreco.encoders import PhotoEncoder, QueryEncoder
from shopreco.fusion import IMAGE, TEXT
from shopreco.models import EmbeddingSpace
from shopreco.queries.short_queue import Promise, ShortQueue, TooBusy
from shopreco.spaces.sources import encoder_of
from shopreco.stages import StageLog, StageName

logger = logging.getLogger(__name__)

Vector: TypeAlias = NDArray[np.float32]

THREADS = 2
PLACES = 4
"""Texts, or photos, that may wait for a thread; more would be late anyway."""
MAX_ENCODERS = 4
"""Encoders in memory: those for text and images, of the active space and of its successor."""
LOADING_SECONDS = 3.0
"""Seconds that the first query of a process may wait while the encoder is loaded."""
CACHE_SECONDS = 24 * 3600

QUICK = 0.05
"""Share of the deadline; an encoder that takes less is quick."""
SHORT = 200
"""Characters of a text that a quick encoder encodes at once."""

ENCODERS: BoundedCache[str, Any] = BoundedCache(MAX_ENCODERS)
"""Encoders by fingerprint, which is the same in every shop."""
_took: dict[str, float] = {}
"""Seconds that each encoder took for its last short query, by fingerprint."""
_loading = Lock()


def query_encoder(space: EmbeddingSpace) -> QueryEncoder:
    """The query encoder of a space, loaded once per process.

    Raises:
        ArtefactMissing, ArtefactCorrupt: the exported model in ARTEFACT_DIR is missing or damaged.
    """
    encoder: QueryEncoder = _load(space, TEXT)
    return encoder


def photo_encoder(space: EmbeddingSpace) -> PhotoEncoder:
    """The photo encoder of a space. Raises `ArtefactMissing`, `ArtefactCorrupt`."""
    encoder: PhotoEncoder = _load(space, IMAGE)
    return encoder


def _load(space: EmbeddingSpace, modality: str) -> Any:
    key = space.encoders[modality]
    if (loaded := ENCODERS.get(key)) is not None:
        return loaded
    with _loading:
        loaded = ENCODERS.get(key)
        if loaded is None:
            loaded = encoder_of(space, modality).load_query_encoder(
                get_settings().artefact_dir / key
            )
            ENCODERS.put(key, loaded)
    return loaded


def begin(space: EmbeddingSpace, text: str) -> Promise[Vector]:
    """Promise q = E_text(Q), (d,): from the cache, else encoded in a thread.

    A vector that is too late for its own request is cached for the next one, if a thread has begun
    it; else it is given up.
    """
    cached = known(space, text)
    if cached is None:
        return _begun(space, text)
    ready: Promise[Vector] = Promise()
    ready.set_result(cached)
    return ready


def known(space: EmbeddingSpace, text: str) -> Vector | None:
    """The vector of a query from the cache, (d,); None if it is not there."""
    return recall(_cache_key(space, text))


def encoded(space: EmbeddingSpace, text: str, log: StageLog) -> Vector | None:
    """Encode a query that is not cached; None, and `degraded` names it, if that fails or is late.

    A quick encoder runs in this thread: for a short text, starting another thread and handing over
    takes longer than encoding. This function uses neither database nor cache: call
    `remember_query` afterwards.
    """
    quick = _took.get(space.encoder_fingerprint, inf) < QUICK * get_settings().QUERY_DEADLINE
    if not quick or len(text) > SHORT:
        return wait(space, _begun(space, text), log)
    vector: Vector | None = None
    with log.stage(StageName.ENCODE, optional=True):
        vector = _encode(space, text)
    return vector  # noqa: RET504 (the stage may have failed)


def wait(space: EmbeddingSpace, encoding: Promise[Vector], log: StageLog) -> Vector | None:
    """Wait for what `begin` promised; None, and `degraded` names it, if that fails or is late."""
    with log.stage(StageName.ENCODE, optional=True):
        try:
            return encoding.result(timeout=patience(space))
        except FutureTimeout:
            log.lacks(StageName.ENCODE, "the query vector was not ready in time")
        except TooBusy as error:
            log.lacks(StageName.ENCODE, str(error))
    return None


def patience(space: EmbeddingSpace) -> float:
    """Seconds that a search may wait for a vector."""
    deadline = get_settings().QUERY_DEADLINE
    return deadline if ENCODERS.get(space.encoder_fingerprint) else max(deadline, LOADING_SECONDS)


def remember(key: str, vector: Vector) -> None:
    """Cache a vector for the next request, if the cache works."""
    shared_cache().set(key, vector.astype(np.float32).tobytes(), CACHE_SECONDS)


def recall(key: str) -> Vector | None:
    """A cached vector; None if it, or the cache, is gone."""
    found = shared_cache().get(key)
    return np.frombuffer(found, dtype=np.float32) if isinstance(found, bytes) else None


@lru_cache(maxsize=2)
def threads(purpose: str, pid: int) -> ShortQueue:
    """Threads of this process for one purpose, so that texts never wait for photos.

    A forked child has another pid, and gets threads of its own."""
    return ShortQueue(f"shopreco-{purpose}", threads=THREADS, places=PLACES)


def _begun(space: EmbeddingSpace, text: str) -> Promise[Vector]:
    return threads("query", os.getpid()).submit(lambda: _encode_and_remember(space, text))


def remember_query(space: EmbeddingSpace, text: str, vector: Vector) -> None:
    remember(_cache_key(space, text), vector)


def _encode_and_remember(space: EmbeddingSpace, text: str) -> Vector:
    vector = _encode(space, text)
    remember_query(space, text, vector)
    return vector


def _encode(space: EmbeddingSpace, text: str) -> Vector:
    encoder = query_encoder(space)
    began = perf_counter()
    vector = encoder.encode_query(text)
    if len(text) <= SHORT:
        _took[space.encoder_fingerprint] = perf_counter() - began
    return vector


def _cache_key(space: EmbeddingSpace, text: str) -> str:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"shopreco:query:{space.encoder_fingerprint[:16]}:{digest}"
