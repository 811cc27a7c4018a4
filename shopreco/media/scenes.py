"""Which frames of a video to keep: those that differ most, spread over its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

SKETCH = (16, 16)
SAME = 0.01  # mean difference of two sketches below which they show the same, of 1
BLANK = 4.0  # standard deviation of a channel, of 255, below which a frame is one plain colour
TIME_WEIGHT = 0.1  # of the whole length, against a difference of 1 from black to white


@dataclass(frozen=True)
class Shot:
    """One frame at `time` seconds, with a sketch of it to compare."""

    image: Image
    sketch: Image
    time: float

    @classmethod
    def of(cls, image: Image, time: float | None) -> Shot:
        return cls(image, image.resize(SKETCH, reducing_gap=2.0), time or 0.0)

    def is_blank(self) -> bool:
        from PIL import ImageStat

        return max(ImageStat.Stat(self.sketch).stddev) < BLANK

    def difference(self, other: Shot) -> float:
        """Mean absolute difference of the sketches, 0 to 1."""
        from PIL import ImageChops, ImageStat

        means = ImageStat.Stat(ImageChops.difference(self.sketch, other.sketch)).mean
        return sum(means) / len(means) / 255


def choose_shots(shots: Sequence[Shot], wanted: int) -> list[Shot]:
    """At most `wanted` of `shots` in order of time, no two of which show the same.

    Farthest-point sampling (Gonzalez 1985): the middle one first, then always the one farthest,
    in picture and in time, from all chosen so far. That takes one of every scene before it takes
    a second of any. Plain frames, as in a fade, are left out unless there is nothing else.
    """
    eligible = [shot for shot in shots if not shot.is_blank()] or list(shots)
    eligible.sort(key=lambda shot: shot.time)
    length = eligible[-1].time - eligible[0].time or 1.0
    newest = eligible[len(eligible) // 2]
    chosen = [newest]
    distances = [float("inf")] * len(eligible)
    while len(chosen) < wanted:
        distances = [
            min(distance, _distance(newest, shot, length))
            for distance, shot in zip(distances, eligible, strict=True)
        ]
        farthest = max(distances)
        if farthest == 0:
            break
        newest = eligible[distances.index(farthest)]
        chosen.append(newest)
    return sorted(chosen, key=lambda shot: shot.time)


def _distance(one: Shot, other: Shot, length: float) -> float:
    difference = one.difference(other)
    if difference < SAME:
        return 0.0
    return difference + TIME_WEIGHT * abs(one.time - other.time) / length
