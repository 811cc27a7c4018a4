"""The specification of a space: what it was made by, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from shopreco.exceptions import StoredValueError
from shopreco.models.versioned import Versioned, VersionedField, checked_keys


class VectorIndex(models.TextChoices):
    HNSW = "hnsw", _("HNSW over half precision")
    BINARY = "binary", _("HNSW over hash codes, re-ranked")


class AlignmentState(StrEnum):
    """Whether the vectors of a modality have to be mapped to the text space."""

    NOT_NEEDED = "not needed"
    """They lie in it already."""
    AWAITED = "awaited"
    """The alignment is fitted when there are enough pairs; until then nothing is fused."""
    FITTED = "fitted"


@dataclass(frozen=True, slots=True)
class ModalityAlignment:
    """The alignment of one modality. fingerprint: of a fitted one, and of no other."""

    state: AlignmentState = AlignmentState.NOT_NEEDED
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        if (self.fingerprint is not None) != (self.state is AlignmentState.FITTED):
            raise StoredValueError(
                f"An alignment that is {self.state} cannot have fingerprint {self.fingerprint!r}."
            )

    @classmethod
    def fitted(cls, fingerprint: str) -> Self:
        return cls(AlignmentState.FITTED, fingerprint)


NOT_NEEDED = ModalityAlignment()
AWAITED = ModalityAlignment(AlignmentState.AWAITED)


@dataclass(frozen=True, slots=True)
class EncoderSpecification:
    """An encoder: the setting that creates it, and what its vectors are known by."""

    config: Mapping[str, Any]
    fingerprint: str
    dimension: int


@dataclass(frozen=True, slots=True)
class ModalitySpecification:
    """One modality of a space. weight: in p_final."""

    modality: str
    encoder: EncoderSpecification
    weight: float
    alignment: ModalityAlignment = NOT_NEEDED

    @property
    def awaits_alignment(self) -> bool:
        return self.alignment.state is AlignmentState.AWAITED

    @classmethod
    def from_keys(cls, stored: Any) -> Self:
        keys = checked_keys(cls, stored)
        alignment = checked_keys(ModalityAlignment, keys["alignment"])
        return cls(
            keys["modality"],
            EncoderSpecification(**checked_keys(EncoderSpecification, keys["encoder"])),
            keys["weight"],
            ModalityAlignment(AlignmentState(alignment["state"]), alignment["fingerprint"]),
        )


@dataclass(frozen=True, slots=True)
class SpaceSpecification(Versioned):
    """What a space was made by.

    modalities: the text first, the others by name. graph_steps: steps of propagation of
    E(K) along the links between products; 0 for none.
    """

    VERSION: ClassVar[int] = 1

    modalities: tuple[ModalitySpecification, ...]
    vector_index: VectorIndex = VectorIndex.HNSW
    graph_steps: int = 0

    @property
    def text(self) -> ModalitySpecification:
        """The modality whose space all others are mapped to."""
        return self.modalities[0]

    @property
    def awaiting(self) -> tuple[ModalitySpecification, ...]:
        """Modalities whose alignment is not fitted yet. They share one encoder."""
        return tuple(each for each in self.modalities if each.awaits_alignment)

    def __contains__(self, modality: str) -> bool:
        return any(each.modality == modality for each in self.modalities)

    def __getitem__(self, modality: str) -> ModalitySpecification:
        for each in self.modalities:
            if each.modality == modality:
                return each
        raise KeyError(modality)

    def aligned(self, fingerprint: str) -> Self:
        """With a fitted alignment in place of the awaited one."""
        fitted = ModalityAlignment.fitted(fingerprint)
        modalities = (
            replace(each, alignment=fitted) if each.awaits_alignment else each
            for each in self.modalities
        )
        return replace(self, modalities=tuple(modalities))

    def without_awaiting(self) -> Self:
        """Without the modalities that cannot be aligned."""
        return replace(
            self, modalities=tuple(each for each in self.modalities if not each.awaits_alignment)
        )

    @classmethod
    def from_keys(cls, stored: dict[str, Any]) -> Self:
        keys = checked_keys(cls, stored)
        return cls(
            tuple(map(ModalitySpecification.from_keys, keys["modalities"])),
            VectorIndex(keys["vector_index"]),
            keys["graph_steps"],
        )


class SpecificationField(VersionedField):
    kind = SpaceSpecification
