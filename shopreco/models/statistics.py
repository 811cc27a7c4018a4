"""The statistics of a space: what is measured while it is built and kept for its life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from shopreco.models.versioned import Versioned, VersionedField, checked_keys


@dataclass(frozen=True, slots=True)
class Cosines:
    """Mean and standard deviation of the cosine of unrelated items."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why pictures are left out: how many products had a picture and a text, and how many must."""

    pairs: int
    needed: int


@dataclass(frozen=True, slots=True)
class SpaceStatistics(Versioned):
    """What was measured of a space. None: it has not been measured, or did not happen.

    average_lengths: mean number of terms by field. language: of texts that do not say theirs.
    languages: documents by language. unrelated: cosines of embeddings; unrelated_pictures: of
    visual vectors. is_fused: no embedding waits for an alignment that was just fitted.
    """

    VERSION: ClassVar[int] = 1

    average_lengths: Mapping[str, float] = field(default_factory=dict)
    language: str | None = None
    languages: Mapping[str, int] = field(default_factory=dict)
    unrelated: Cosines | None = None
    unrelated_pictures: Cosines | None = None
    left_out: LeftOut | None = None
    is_fused: bool = True

    @classmethod
    def from_keys(cls, stored: dict[str, Any]) -> Self:
        keys = dict(checked_keys(cls, stored))
        keys |= {name: _cosines(keys[name]) for name in ("unrelated", "unrelated_pictures")}
        if keys["left_out"] is not None:
            keys["left_out"] = LeftOut(**checked_keys(LeftOut, keys["left_out"]))
        return cls(**keys)


def _cosines(stored: Any) -> Cosines | None:
    return None if stored is None else Cosines(**checked_keys(Cosines, stored))


class StatisticsField(VersionedField):
    kind = SpaceStatistics
