"""Encoders: one contract, one file per implementation. Importing is free."""

from __future__ import annotations

from shopreco.encoders.base import Encoder, QueryEncoder, TextEncoder, create_encoder
from shopreco.encoders.errors import (
    ArtefactCorrupt,
    ArtefactMissing,
    EncoderError,
    ExportFailed,
    ModelUnavailable,
)
from shopreco.encoders.hashing import HashingEncoder
from shopreco.encoders.onnx_query import OnnxQueryEncoder
from shopreco.encoders.sentence_transformers import SentenceTransformerEncoder

__all__ = [
    "ArtefactCorrupt",
    "ArtefactMissing",
    "Encoder",
    "EncoderError",
    "ExportFailed",
    "HashingEncoder",
    "ModelUnavailable",
    "OnnxQueryEncoder",
    "QueryEncoder",
    "SentenceTransformerEncoder",
    "TextEncoder",
    "create_encoder",
]
