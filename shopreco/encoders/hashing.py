"""Text vectors without a model: hashed words and character trigrams.

Each feature is added to one of d components, with a pseudo-random sign. So collisions cancel on
average, and the inner product estimates that of the unhashed counts: Weinberger et al. 2009,
"Feature hashing for large scale multitask learning".
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shopreco.encoders.base import TextEncoder, Vectors, checked_integer, fingerprint_of, unit_rows

VERSION = "1"  # raise it when the vectors of a text change

_WORD = re.compile(r"\w+")
_TRIGRAM_WEIGHT = 0.5  # a word has about as many trigrams as letters: it must outweigh each


class HashingEncoder(TextEncoder):
    """Encodes texts by their spelling, not their meaning: for tests and the smallest shops.

    It needs no download and no time, and gives the same vectors everywhere. It is its own query
    encoder, so there are no artefacts.

    dimension: length of the vectors, at least 8.
    """

    def __init__(self, dimension: int = 256) -> None:
        self._dimension = checked_integer("dimension", dimension, minimum=8)

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(type(self).__name__, VERSION, str(self._dimension))

    @property
    def dimension(self) -> int:
        return self._dimension

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        sums = np.zeros((len(texts), self._dimension))
        for row, text in enumerate(texts):
            sums[row] = self._sum(text)
        return unit_rows(sums)

    def encode_query(self, text: str) -> Vectors:
        """Encode a query: (d,) float32, L2-normalised."""
        vector: Vectors = unit_rows(self._sum(text)[None])[0]
        return vector

    def export_query_encoder(self, directory: Path) -> None:
        """Write nothing: there are no artefacts."""

    def load_query_encoder(self, directory: Path) -> HashingEncoder:
        return self

    def _sum(self, text: str) -> NDArray[np.float64]:
        text = unicodedata.normalize("NFKC", text).casefold()
        # Symbols count only where there is nothing else, as in a query of one emoji.
        words = _WORD.findall(text) or text.split() or [""]
        features = [_features(word, self._dimension) for word in words]
        components = np.concatenate([indices for indices, _ in features])
        weights = np.concatenate([signed for _, signed in features])
        return np.asarray(np.bincount(components, weights, self._dimension), dtype=np.float64)


@lru_cache(maxsize=16_384)
def _features(word: str, dimension: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Hash a word and its trigrams into components and signed weights. Its ends are marked."""
    marked = f"^{word}$"
    trigrams = [marked[start : start + 3] for start in range(max(len(marked) - 2, 0))]
    names = [marked, *(f"#{trigram}" for trigram in trigrams)]
    hashes = np.array([zlib.crc32(name.encode("utf-8", "replace")) for name in names], np.uint32)
    weights = np.full(len(names), _TRIGRAM_WEIGHT)
    weights[0] = 1.0
    # The top bit gives the sign; the component comes from the bits below it.
    signs = np.where(hashes >> 31, 1.0, -1.0)
    return ((hashes & 0x7FFFFFFF) % dimension).astype(np.int64), weights * signs
