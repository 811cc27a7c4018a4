"""CLIP (Radford et al. 2021) and SigLIP (Zhai et al. 2023): images and texts in one space."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shopreco.encoders.base import ImageEncoder, Vectors, checked_integer, unit_rows
from shopreco.encoders.errors import ModelUnavailable
from shopreco.encoders.model_files import model_fingerprint, read_configuration
from shopreco.encoders.sentence_transformers import SentenceTransformerEncoder, load_model

if TYPE_CHECKING:
    from PIL.Image import Image
    from sentence_transformers import SentenceTransformer

VERSION = "1"  # raise it when the vectors of the same model change

CLIP, SIGLIP = "clip", "siglip"
# What transformers takes where a configuration is silent, as those of the published models are.
_CLIP_DIMENSION, _SIGLIP_DIMENSION = 512, 768


class ClipEncoder(ImageEncoder):
    """Encodes images with the image tower of a CLIP or SigLIP, in the form of transformers.

    model: "owner/name" on the hub, or a folder.
    revision: branch, tag or commit on the hub; pin it, or new weights go unnoticed.
    device: "cuda", "mps", "cpu", …; None takes the first of these that is here.
    batch_size: images in one forward pass.
    """

    def __init__(
        self,
        model: str | Path,
        revision: str | None = None,
        device: str | None = None,
        batch_size: int = 16,
    ) -> None:
        if not os.fspath(model):
            raise ValueError("model must be a name or a folder, not empty")
        self._name = model
        self._revision = revision
        self._device = device
        self._batch_size = checked_integer("batch_size", batch_size, minimum=1)
        self._loading = threading.Lock()
        self._loaded: SentenceTransformer | None = None

    @property
    def fingerprint(self) -> str:
        return model_fingerprint(self._name, self._revision, type(self).__name__, VERSION)

    @property
    def dimension(self) -> int:
        return _dimension(self._name, self._revision)

    @property
    def text_fingerprint(self) -> str | None:
        """Fingerprint of `ClipTextEncoder` with the same model and no prompts.

        None for a SigLIP: its texts must be padded to full length, which the query encoder does not
        do. So its images are aligned to another text encoder.
        """
        if _kind(self._name, self._revision) == SIGLIP:
            return None
        return ClipTextEncoder(self._name, self._revision).fingerprint

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        if not images:
            return np.empty((0, self.dimension), dtype=np.float32)
        vectors = self._model().encode(
            list(images), batch_size=self._batch_size, show_progress_bar=False
        )
        return unit_rows(np.asarray(vectors))

    def _model(self) -> SentenceTransformer:
        with self._loading:
            if self._loaded is None:
                _kind(self._name, self._revision)
                self._loaded = load_model(self._name, self._revision, self._device)
            return self._loaded


class ClipTextEncoder(SentenceTransformerEncoder):
    """Encodes texts with the text tower of a CLIP. Its query encoder is an int8 ONNX copy.

    Raises `ModelUnavailable` for a SigLIP: see `ClipEncoder.text_fingerprint`.
    """

    @property
    def dimension(self) -> int:
        return _dimension(self._name, self._revision)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self._refuse_siglip()
        return super().encode_documents(texts)

    def export_query_encoder(self, directory: Path) -> None:
        self._refuse_siglip()
        super().export_query_encoder(directory)

    def _refuse_siglip(self) -> None:
        if _kind(self._name, self._revision) == SIGLIP:
            raise ModelUnavailable(
                f"Model {str(self._name)!r} is a SigLIP: use it for images alone, and a "
                "sentence-transformers model for texts. Images are aligned to it."
            )


def _kind(name: str | Path, revision: str | None) -> str:
    config = read_configuration(name, revision)
    kind = config.get("model_type")
    if kind not in (CLIP, SIGLIP):
        raise ModelUnavailable(
            f"Model {str(name)!r} is neither a CLIP nor a SigLIP of transformers: its config.json "
            f"says model_type {kind!r}."
        )
    return str(kind)


def _dimension(name: str | Path, revision: str | None) -> int:
    """Dimension of the space. A CLIP projects into it; a SigLIP's towers end in it."""
    config = read_configuration(name, revision)
    if _kind(name, revision) == CLIP:
        return int(config.get("projection_dim", _CLIP_DIMENSION))
    return int(config.get("vision_config", {}).get("hidden_size", _SIGLIP_DIMENSION))
