"""Arithmetic on hex colours."""

from __future__ import annotations


def channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(colour: str, other: str, share: float) -> str:
    """`colour` with `share` (0 to 1) of `other` stirred in."""
    pairs = zip(channels(colour), channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def lighter(colour: str, share: float = 0.25) -> str:
    return mix(colour, "#ffffff", share)


def darker(colour: str, share: float = 0.25) -> str:
    # Shadows lean to a warm dark blue rather than to black: it keeps colours alive.
    return mix(colour, "#1d1a26", share)


def luminance(colour: str) -> float:
    """Perceived lightness, 0 (black) to 1 (white)."""
    red, green, blue = channels(colour)
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255
