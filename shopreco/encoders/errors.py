"""Errors of encoders: a branch of the error tree.

EncoderError
├── ModelUnavailable    the libraries or the weights of a model cannot be had here
├── ExportFailed        the query copy could not be made, or does not agree with its original
├── ArtefactMissing     there is no query copy in the directory
└── ArtefactCorrupt     the query copy is not what was exported
"""

from __future__ import annotations

from shopreco.exceptions import ShopRecoError


class EncoderError(ShopRecoError):
    code = "encoder"


class ModelUnavailable(EncoderError):
    code = "model_unavailable"


class ExportFailed(EncoderError):
    code = "export_failed"


class ArtefactMissing(EncoderError):
    code = "artefact_missing"


class ArtefactCorrupt(EncoderError):
    code = "artefact_corrupt"
