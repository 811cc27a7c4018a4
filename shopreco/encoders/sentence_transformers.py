"""Any sentence-transformers model (Reimers and Gurevych 2019) as a text encoder."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopreco.encoders.base import TextEncoder, Vectors, checked_integer, encodable, unit_rows
from shopreco.encoders.devices import choose_device
from shopreco.encoders.errors import ModelUnavailable
from shopreco.encoders.model_files import (
    DEFAULT_MODEL,
    INSTALL_WORKER,
    fetch_model,
    model_dimension,
    model_fingerprint,
    model_languages,
    model_prompts,
    prefers_bfloat16,
    resolve_model,
)

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

    from shopreco.encoders.onnx_query import OnnxQueryEncoder

VERSION = "1"  # raise it when the vectors of the same model change
DOCUMENT_PROMPTS = ("document", "passage", "corpus")


class SentenceTransformerEncoder(TextEncoder):
    """Encodes texts with a sentence-transformers model, by hub name or folder.

    model: "owner/name" on the hub, or a folder. The default is found in an installed package.
    revision: branch, tag or commit on the hub; pin it, or new weights go unnoticed.
    device: "cuda", "mps", "cpu", …; None takes the first of these that is here.
    batch_size: texts in one forward pass; None takes 256 on a GPU and 32 on a CPU, where more only
        adds padding.
    query_prompt, document_prompt: text that is put before each; None takes the model's own:
        `query`, and the first of `document`, `passage` and `corpus` that is not empty.

    The first `encode_documents` reads the model. So a parent process may create the encoder and
    then fork: CUDA does not survive a fork.
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_MODEL,
        revision: str | None = None,
        device: str | None = None,
        batch_size: int | None = None,
        query_prompt: str | None = None,
        document_prompt: str | None = None,
    ) -> None:
        if not os.fspath(model):
            raise ValueError("model must be a name or a folder, not empty")
        self._name = model
        self._revision = revision
        self._device = device
        if batch_size is not None:
            checked_integer("batch_size", batch_size, minimum=1)
        self._batch_size = batch_size
        self._query_prompt = query_prompt
        self._document_prompt = document_prompt
        self._loading = threading.Lock()
        self._loaded: SentenceTransformer | None = None

    @property
    def fingerprint(self) -> str:
        prompts = (repr(self._query_prompt), repr(self._document_prompt))
        kind, version = type(self).__name__, self._version
        return model_fingerprint(
            self._name, self._revision, kind, version, "l2-normalised", *prompts
        )

    @property
    def _version(self) -> str:
        """2 if the model may have a `passage` or `corpus` prompt, which version 1 left out."""
        folder = resolve_model(self._name)
        known = (
            isinstance(folder, Path) and not {"passage", "corpus"} & model_prompts(folder).keys()
        )
        return VERSION if known else "2"

    @property
    def languages(self) -> frozenset[str]:
        return model_languages(self._name)

    @property
    def dimension(self) -> int:
        dimension = model_dimension(self._name, self._revision)
        if dimension is None:  # a kind of module whose configuration does not say
            dimension = self._model().get_embedding_dimension()
        if dimension is None:
            raise ModelUnavailable(f"Model {str(self._name)!r} does not say its dimension.")
        return dimension

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        model = self._model()
        # sentence-transformers sorts by length before it cuts batches, and restores the order.
        vectors = model.encode_document(
            [encodable(text) for text in texts],
            prompt=self._document_prompt_of(model),
            batch_size=self._batch_size or (32 if model.device.type == "cpu" else 256),
            show_progress_bar=False,
        )
        return unit_rows(vectors.reshape(len(texts), -1 if len(texts) else self.dimension))

    def export_query_encoder(self, directory: Path) -> None:
        from shopreco.encoders.onnx_export import export

        # Another copy, in full precision: the loaded one may be halved and on a GPU.
        model = load_model(self._name, self._revision, "cpu")
        export(model, self._query_prompt_of(model), self.fingerprint, directory)

    def load_query_encoder(self, directory: Path) -> OnnxQueryEncoder:
        from shopreco.encoders.onnx_query import OnnxQueryEncoder

        return OnnxQueryEncoder(directory)

    def _query_prompt_of(self, model: SentenceTransformer) -> str:
        if self._query_prompt is not None:
            return self._query_prompt
        prompts = model.prompts
        return prompts.get("query", prompts.get(model.default_prompt_name or "")) or ""

    def _document_prompt_of(self, model: SentenceTransformer) -> str | None:
        """Choose the first prompt that is not empty.

        sentence-transformers itself never takes `passage`: every model has a `document`, if only an
        empty one.
        """
        if self._document_prompt is not None:
            return self._document_prompt
        return next((p for name in DOCUMENT_PROMPTS if (p := model.prompts.get(name))), None)

    def _model(self) -> SentenceTransformer:
        with self._loading:
            if self._loaded is None:
                self._loaded = load_model(self._name, self._revision, self._device)
            return self._loaded


def load_model(name: str | Path, revision: str | None, device: str | None) -> SentenceTransformer:
    """Load a model: in half precision on a GPU, in full precision on a CPU.

    Raises `ModelUnavailable`.
    """
    try:
        import torch
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ModelUnavailable(
            f"Model {str(name)!r} needs sentence-transformers and torch. {INSTALL_WORKER}"
        ) from error
    folder = fetch_model(name, revision)
    place = torch.device(choose_device(device))
    try:
        with _no_progress_bar():
            model = SentenceTransformer(
                str(folder),
                device=str(place),
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
        if place.type == "cpu":
            return model.float().eval()
        return halved(model, torch.bfloat16 if prefers_bfloat16(folder) else torch.float16).eval()
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise ModelUnavailable(f"Model {str(name)!r} cannot be loaded: {error}") from error


def halved(model: SentenceTransformer, precision: torch.dtype) -> SentenceTransformer:
    """Convert `model` to half precision, without a last `Normalize`.

    `Normalize` divides a vector of zeros by an epsilon, which is zero in float16. `unit_rows` does
    the same in full precision.
    """
    from sentence_transformers.sentence_transformer.modules import Normalize

    if isinstance(model[-1], Normalize):
        del model[-1]
    return model.to(dtype=precision)


@contextmanager
def _no_progress_bar() -> Iterator[None]:
    """Hide the progress bar that transformers writes to a worker's log at every load."""
    from transformers.utils import logging as untyped

    logging: Any = untyped
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
