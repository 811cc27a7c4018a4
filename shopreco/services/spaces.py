"""Spaces: which one answers, how large each is, and their removal."""

from __future__ import annotations

from shopreco.catalogues import Catalogue
from shopreco.indexing.removal import begin_removal
from shopreco.indexing.status import SpaceSize, space_sizes
from shopreco.models import EmbeddingSpace
from shopreco.spaces import alignments, specification
from shopreco.spaces.serving import active_space

__all__ = [
    "SpaceSize",
    "active_space",
    "alignment_metrics",
    "current_fingerprint",
    "remove_space",
    "space_sizes",
]


def current_fingerprint(catalogue: Catalogue) -> str:
    """The fingerprint of the space that a rebuild would make now.

    Raises:
        ConfigurationError, EncoderError: nothing can be built from the settings.
    """
    return specification.current_fingerprint(catalogue)


def alignment_metrics(space: EmbeddingSpace) -> dict[str, float]:
    """How well the pictures of a space were mapped to its texts; empty where nothing was."""
    return alignments.metrics(space)


def remove_space(space: EmbeddingSpace) -> None:
    """Have workers remove a space with its vectors, words and indexes.

    Raises:
        RunError: it is the one that answers.
    """
    begin_removal(space)
