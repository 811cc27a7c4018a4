"""The contract of all encoders: something of a product in, one unit vector out.

An encoder has two sides. Workers hold the model (`TextEncoder`, `ImageEncoder`); web processes hold
a small copy of it that can only answer queries (`QueryEncoder`, `PhotoEncoder`) and that knows no
torch.
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
    """What every encoder has, of whatever modality.

    Constructing one is free: no model is read and no heavy library imported, so it may be done
    in any process, and in one that forks afterwards.
    """

    modality: ClassVar[str]

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """64 hexadecimal digits; equal if and only if weights and preprocessing are equal.

        Computed without torch. Raises `ModelUnavailable` if the model's files cannot be had.
        """

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Length d of the vectors, known without reading the weights."""


@runtime_checkable
class QueryEncoder(Protocol):
    """The web process's side: q = E_text(Q), formula (1), in milliseconds and without torch.

    Safe to share between threads.
    """

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the encoder that this is a copy of: compare it with the space's."""

    @property
    def dimension(self) -> int: ...

    def encode_query(self, text: str) -> Vectors:
        """(d,) float32, L2-normalised. Any text is answered, the empty one too."""


@runtime_checkable
class PhotoEncoder(Protocol):
    """The web process's side of an image encoder, without torch and Pillow.

    Safe to share between threads.
    """

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def encode_photo(self, pixels: Pixels) -> Vectors:
        """(d,) float32, L2-normalised, as `ImageEncoder.encode_images` gives it.

        pixels: (height, width, 3) uint8, RGB, upright, of any size.
        """


class TextEncoder(Encoder):
    """p = E_text(P), formula (2)."""

    modality = "text"

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes of what it reads; empty where that is not known, or is any language."""
        return frozenset()

    @abstractmethod
    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32, L2-normalised, in the order of `texts`; (0, d) for none.

        Long lists (a thousand and more) are faster than short ones: texts of like length share
        a batch, so that little is spent on padding.
        Raises `ModelUnavailable`.
        """

    @abstractmethod
    def export_query_encoder(self, directory: Path) -> None:
        """Write the artefacts of the query side to `directory`; all of them appear at once.

        Called in a worker. An encoder that needs no artefact writes nothing.
        Raises `ModelUnavailable`, `ExportFailed`.
        """

    @abstractmethod
    def load_query_encoder(self, directory: Path) -> QueryEncoder:
        """The query side, from the artefacts alone: the model need not be on this machine.

        Called in a web process: no torch. Raises `ArtefactMissing`, `ArtefactCorrupt`.
        """


class ImageEncoder(Encoder):
    """E_image(I): pictures as vectors, in a space of their own or in that of a text encoder."""

    modality = "image"

    @property
    def text_fingerprint(self) -> str | None:
        """Fingerprint of the text encoder whose space these vectors lie in, as those of a CLIP do;
        None for a plain image network, whose vectors `shopreco.fusion.alignment` maps."""
        return None

    @abstractmethod
    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """(n, d) float32, L2-normalised, in the order of `images`; (0, d) for none.

        images: RGB, upright, of any size, as `shopreco.media` decodes them.
        Called in a worker. Raises `ModelUnavailable`.
        """

    def export_query_encoder(self, directory: Path) -> None:
        """As `TextEncoder.export_query_encoder`; of an encoder that cannot, workers are asked.

        Raises `ModelUnavailable`, `ExportFailed`.
        """
        raise ExportFailed(self._no_copy)

    def load_query_encoder(self, directory: Path) -> PhotoEncoder:
        """As `TextEncoder.load_query_encoder`. Raises `ArtefactMissing`, `ArtefactCorrupt`."""
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
    """sha256 over `parts`, each framed by its length so that no two lists collide."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def unit_rows(vectors: NDArray[np.floating]) -> Vectors:
    """`vectors` (n, d) as float32 of length 1.

    A zero row, which no direction can describe, becomes the diagonal: cosine distance is
    undefined for zero vectors, and a database index refuses or loses them. Raises `EncoderError`
    for a row that is not finite.
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
    """`text` without lone surrogates, which JSON can carry but UTF-8 and tokenisers cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def checked_integer(name: str, value: object, minimum: int) -> int:
    """`value` of a setting, if it is an integer of at least `minimum`; else `ValueError`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise ValueError(f"{name} must be an integer of at least {minimum}, not {value!r}")
    return value
