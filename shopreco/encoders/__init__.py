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

__all__ = [
    "ArtefactCorrupt",
    "ArtefactMissing",
    "Encoder",
    "EncoderError",
    "ExportFailed",
    "HashingEncoder",
    "ModelUnavailable",
    "QueryEncoder",
    "TextEncoder",
    "create_encoder",
]
