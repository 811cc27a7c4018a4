"""The copy of a text encoder for web processes: ONNX, int8, no torch.

Measured for MiniLM-L6 on one core: about 2 ms for a short query, and 100 MB resident for a process
that has encoded a text of full length, half of which it shares with others. One thread is fastest:
with two, the hand-over costs more than it saves on a dozen tokens. And it leaves no pool that a
fork would break.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from shopreco.encoders.artefacts import WEIGHTS_SUFFIX, open_session, read_manifest
from shopreco.encoders.base import Vectors, encodable, unit_rows
from shopreco.encoders.errors import EncoderError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

MODEL = "model.int8.onnx"
TOKENIZER = "tokenizer.json"
FILES = (MODEL, MODEL + WEIGHTS_SUFFIX, TOKENIZER)

# What the model may ask for, and the attribute of a tokenised text that answers it.
INPUTS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}


class OnnxQueryEncoder:
    """Encodes queries with the files that `export_query_encoder` wrote. Threads may share it.

    Creating one checks the files; the first query opens them.
    Raises `ArtefactMissing`, `ArtefactCorrupt`.
    """

    def __init__(self, directory: Path) -> None:
        manifest = Manifest.read(directory)
        self._directory = directory
        self._fingerprint = manifest.fingerprint
        self._dimension = manifest.dimension
        self._prompt = manifest.prompt
        self._inputs = manifest.inputs
        self._opening = threading.Lock()
        self._opened: _Opened | None = None

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def dimension(self) -> int:
        return self._dimension

    def encode_query(self, text: str) -> Vectors:
        """Encode a query: (d,) float32, L2-normalised."""
        opened = self._open()
        tokens = opened.tokenizer.encode(self._prompt + encodable(text))
        feed = {
            name: np.array([getattr(tokens, INPUTS[name])], dtype=np.int64) for name in self._inputs
        }
        (vectors,) = opened.session.run(None, feed)
        vector: Vectors = unit_rows(np.asarray(vectors))[0]
        return vector

    def _open(self) -> _Opened:
        with self._opening:
            if self._opened is None:
                self._opened = _Opened(
                    session=open_session(self._directory / MODEL),
                    tokenizer=_open_tokenizer(self._directory / TOKENIZER),
                )
            return self._opened


@dataclass(frozen=True)
class Manifest:
    """What the query encoder needs of `query_encoder.json`. The file says more, for people."""

    fingerprint: str
    dimension: int
    prompt: str
    inputs: tuple[str, ...]

    @classmethod
    def read(cls, directory: Path) -> Self:
        return read_manifest(directory, FILES, cls._of)

    @classmethod
    def _of(cls, content: Mapping[str, Any]) -> Self:
        return cls(
            fingerprint=content["fingerprint"],
            dimension=int(content["dimension"]),
            prompt=content["prompt"],
            inputs=tuple(content["inputs"]),
        )


@dataclass(frozen=True)
class _Opened:
    session: InferenceSession
    tokenizer: Tokenizer


def _open_tokenizer(path: Path) -> Tokenizer:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise EncoderError("Encoding queries needs tokenizers: pip install tokenizers.") from error
    return Tokenizer.from_file(str(path))
