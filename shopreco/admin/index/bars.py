"""Bars: figures with a length, such as what each part adds to a score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy

LABELS = {
    "dense": gettext_lazy("meaning"),
    "lexical": gettext_lazy("words"),
    "looks": gettext_lazy("looks"),
    "mentions": gettext_lazy("mentions"),
    "text": gettext_lazy("text"),
    "image": gettext_lazy("pictures"),
    "video": gettext_lazy("video"),
    "graph": gettext_lazy("graph"),
}
"""What a part of a score is called."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure with its length.

    kind: the name of its colour.
    width: share of the longest, 0 to 100.
    """

    kind: str
    label: str
    value: str
    width: int


def bars_of(parts: Mapping[str, float]) -> tuple[Bar, ...]:
    """A bar for each part of a score."""
    return tuple(
        Bar(name, str(LABELS.get(name, name)), number_format(part, 3), percent(part))
        for name, part in parts.items()
    )


def percent(share: float) -> int:
    return round(100 * min(1.0, max(0.0, share)))
