"""Encoders turn texts and images into unit vectors. Importing them loads no torch."""

from __future__ import annotations

from shopreco.encoders.base import (
    Encoder,
    ImageEncoder,
    PhotoEncoder,
    QueryEncoder,
    TextEncoder,
    create_encoder,
    create_image_encoder,
)
from shopreco.encoders.clip import ClipEncoder, ClipTextEncoder
from shopreco.encoders.efficientnet import EfficientNetEncoder
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
    "ClipEncoder",
    "ClipTextEncoder",
    "EfficientNetEncoder",
    "Encoder",
    "EncoderError",
    "ExportFailed",
    "HashingEncoder",
    "ImageEncoder",
    "ModelUnavailable",
    "OnnxQueryEncoder",
    "PhotoEncoder",
    "QueryEncoder",
    "SentenceTransformerEncoder",
    "TextEncoder",
    "create_encoder",
    "create_image_encoder",
]
