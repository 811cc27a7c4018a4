"""The contract of all encoders: a text or an image in, one unit vector out.

An encoder has two sides. Workers hold the model: `TextEncoder`, `ImageEncoder`. Web processes hold
a small copy, which encodes only queries and needs no torch: `QueryEncoder`, `PhotoEncoder`.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from shopreco.encoders.errors import ArtefactMissing, EncoderError, ExportFailed
from shopreco.encoders.pixels import Pixels
from shopreco.factories import create

if TYPE_CHECKING:
    from PIL.Image import Image

Vectors: TypeAlias = NDArray[np.float32]

DEFAULT_CLASS = "shopreco.encoders.SentenceTransformerEncoder"
DEFAULT_IMAGE_CLASS = "shopreco.encoders.EfficientNetEncoder"
WHAT = "Encoder"  # in messages


class Encoder(ABC):
    """Base of the encoders of every modality.

    Creating one is free: it reads no model and imports no heavy library. So any process may do it,
    also one that forks afterwards.
    """

    modality: ClassVar[str]

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Identity of the vectors: equal if and only if weights and preprocessing are equal.

        64 hexadecimal digits, computed without torch.
        Raises `ModelUnavailable` if the model's files cannot be had.
        """

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Length d of the vectors. It is known without reading the weights."""


@runtime_checkable
class QueryEncoder(Protocol):
    """A text encoder's copy for web processes: q = E_text(Q).

    It answers in milliseconds, without torch. Threads may share it.
    """

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the encoder that was copied. It must equal the space's."""

    @property
    def dimension(self) -> int: ...

    def encode_query(self, text: str) -> Vectors:
        """Encode a query, which may be empty: (d,) float32, L2-normalised."""


@runtime_checkable
class PhotoEncoder(Protocol):
    """An image encoder's copy for web processes, without torch and Pillow.

    Threads may share it.
    """

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def encode_photo(self, pixels: Pixels) -> Vectors:
        """Encode a photo as `ImageEncoder.encode_images` does: (d,) float32, L2-normalised.

        pixels: (height, width, 3) uint8, RGB, upright, of any size.
        """


class TextEncoder(Encoder):
    """Encodes texts of products: p = E_text(P)."""

    modality = "text"

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes of the languages that it reads; empty for any, or if nobody knows."""
        return frozenset()

    @abstractmethod
    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode texts: (n, d) float32, L2-normalised, in their order; (0, d) for none.

        Give it a thousand texts or more at once: texts of like length then share a batch, which
        needs less padding.
        Raises `ModelUnavailable`.
        """

    @abstractmethod
    def export_query_encoder(self, directory: Path) -> None:
        """Write the query encoder's artefacts to `directory`; all of them appear at once.

        Workers call it. An encoder that needs no artefacts writes nothing.
        Raises `ModelUnavailable`, `ExportFailed`.
        """

    @abstractmethod
    def load_query_encoder(self, directory: Path) -> QueryEncoder:
        """Load the query encoder from its artefacts. The model need not be on this machine.

        Web processes call it, so it needs no torch. Raises `ArtefactMissing`, `ArtefactCorrupt`.
        """


class ImageEncoder(Encoder):
    """Encodes images: E_image(I), in a space of their own or in that of a text encoder."""

    modality = "image"

    @property
    def text_fingerprint(self) -> str | None:
        """Fingerprint of the text encoder that shares this space, as with a CLIP.

        None for a plain image network, whose vectors `shopreco.fusion.alignment` maps.
        """
        return None

    @abstractmethod
    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """Encode images: (n, d) float32, L2-normalised, in their order; (0, d) for none.

        images: RGB, upright, of any size, as `shopreco.media` decodes them.
        Workers call it. Raises `ModelUnavailable`.
        """

    def export_query_encoder(self, directory: Path) -> None:
        """Write the photo encoder's artefacts, as `TextEncoder.export_query_encoder` does.

        Where an encoder has no copy, workers encode its photos.
        Raises `ModelUnavailable`, `ExportFailed`.
        """
        raise ExportFailed(self._no_copy)

    def load_query_encoder(self, directory: Path) -> PhotoEncoder:
        """Load the photo encoder from its artefacts.

        Raises `ArtefactMissing`, `ArtefactCorrupt`.
        """
        raise ArtefactMissing(self._no_copy)

    @property
    def _no_copy(self) -> str:
        return f"{type(self).__name__} has no copy for web processes: workers encode its photos."


def create_encoder(config: Mapping[str, object]) -> TextEncoder:
    """Create the text encoder that a setting describes: `{"MODEL": "intfloat/e5-small-v2"}`.

    Without `CLASS` it is any sentence-transformers model. See `shopreco.factories.create`.
    Raises `ConfigurationError`.
    """
    return create({"CLASS": DEFAULT_CLASS, **config}, TextEncoder, WHAT)  # type: ignore[type-abstract]  # a bound, not created


def create_image_encoder(config: Mapping[str, object]) -> ImageEncoder:
    """Create the image encoder that a setting describes, as `create_encoder` does for texts."""
    return create({"CLASS": DEFAULT_IMAGE_CLASS, **config}, ImageEncoder, WHAT)  # type: ignore[type-abstract]  # a bound, not created


def fingerprint_of(*parts: str) -> str:
    """Hash `parts` with sha256. Each is preceded by its length, so that no two lists collide."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def unit_rows(vectors: NDArray[np.floating]) -> Vectors:
    """Scale the rows of `vectors`, (n, d), to length 1, as float32.

    A row of zeros becomes the diagonal: it has no direction, its cosine is undefined, and a
    database index refuses or loses it. Raises `EncoderError` for a row that is not finite.
    """
    rows: Vectors = np.asarray(vectors, dtype=np.float32)
    norms: Vectors = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(norms).all():
        raise EncoderError(
            "The encoder gave vectors that are not finite. Half precision may be too small for "
            "this model: set its DEVICE to 'cpu', or choose another model."
        )
    zero = norms[:, 0] == 0
    if zero.any():
        rows = np.where(zero[:, None], np.float32(1), rows)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Vectors = rows / norms
    return unit


def encodable(text: str) -> str:
    """Replace lone surrogates, which JSON can carry but UTF-8 and tokenisers cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def checked_integer(name: str, value: object, minimum: int) -> int:
    """Return the value of an option. Raises `ValueError` unless it is an integer ≥ `minimum`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise ValueError(f"{name} must be an integer of at least {minimum}, not {value!r}")
    return value
