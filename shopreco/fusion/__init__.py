"""The vectors of an item's modalities: brought into one space, made one, and taken apart again."""

from shopreco.fusion.alignment import MIN_PAIRS, Alignment, fit
from shopreco.fusion.weights import (
    GRAPH,
    IMAGE,
    TEXT,
    VIDEO,
    contributions,
    fuse,
    modality_weights,
)

__all__ = [
    "GRAPH",
    "IMAGE",
    "MIN_PAIRS",
    "TEXT",
    "VIDEO",
    "Alignment",
    "contributions",
    "fit",
    "fuse",
    "modality_weights",
]
