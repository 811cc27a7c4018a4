from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import current_thread
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from shopreco.encoders import HashingEncoder, ImageEncoder, ModelUnavailable
from shopreco.encoders.base import Vectors, fingerprint_of, unit_rows

if TYPE_CHECKING:
    from PIL.Image import Image


class SlowEncoder(HashingEncoder):
    """Takes as long as a large model on a small machine: time enough to pull plugs."""

    SECONDS_PER_TEXT = 0.05

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        time.sleep(self.SECONDS_PER_TEXT * len(texts))
        return super().encode_documents(texts)


class InterruptedEncoder(HashingEncoder):
    """While it encodes, something else happens."""

    _meanwhile: ClassVar[list[Callable[[], object]]] = []

    @classmethod
    @contextmanager
    def interrupted_by(cls, work: Callable[[], object]) -> Iterator[None]:
        """Every time that texts are encoded, `work` is done first, until the block ends."""
        cls._meanwhile.append(work)
        try:
            yield
        finally:
            cls._meanwhile.pop()

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        for work in self._meanwhile:
            work()
        return super().encode_documents(texts)


class WatchedEncoder(HashingEncoder):
    """Takes `seconds` for a query, and notes which were encoded, and in which threads.

    name: what tells it from those that this process has loaded before.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.seconds = 0.0
        self.queries: list[str] = []
        self.threads: list[str] = []

    @property
    def fingerprint(self) -> str:
        return fingerprint_of("watched", self._name)

    def encode_query(self, text: str) -> Vectors:
        self.queries.append(text)
        self.threads.append(current_thread().name)
        time.sleep(self.seconds)
        return super().encode_query(text)


class TileEncoder(ImageEncoder):
    """A picture as 4 x 4 tiles of their mean colour: knows colours, and no more."""

    TILES = 4
    calls = 0

    @property
    def fingerprint(self) -> str:
        return fingerprint_of("tiles", "1")

    @property
    def dimension(self) -> int:
        return 3 * self.TILES**2

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        type(self).calls += len(images)
        size = (self.TILES, self.TILES)
        tiles = [np.asarray(image.resize(size), dtype=np.float32).ravel() for image in images]
        return unit_rows(np.array(tiles).reshape(-1, self.dimension) - 127.5)


class EnglishEncoder(HashingEncoder):
    """One that says what it reads."""

    languages = frozenset({"en"})


class UnloadableEncoder(HashingEncoder):
    """Its configuration can be read, its weights cannot: only a pickle, or the hub is away."""

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        raise ModelUnavailable("no weights (*.safetensors)")
